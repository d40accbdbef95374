/** Prints a figure beside its goal; gives whether it is met. */
export function row(name, measured, goal, met) {
  console.log(`${met ? 'ok  ' : 'MISS'} ${name.padEnd(34)} ${measured.padEnd(52)} ${goal}`)
  return met
}
