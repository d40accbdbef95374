// Makes a short case of a long one that ends in a difference: writes that don't matter go, then
// values that don't.

import { Difference, Round } from './round.mjs'

const TRIES_MAX = 300
const MS_MAX = 60_000

/**
 * The shortest writes found that still end in a difference of the same cause, with what it says.
 * `writes` are those of a round, `made` what the core made for each.
 */
export async function shrink(database, rules, writes, made, cause) {
  const ends = Date.now() + MS_MAX
  let tries = 0
  const fails = async (candidate) => {
    if (tries++ >= TRIES_MAX || Date.now() > ends) return undefined
    return replay(database, rules, candidate, cause)
  }
  // With their keys spelt out, writes can go without others getting other keys.
  const explicit = writes.map((ops, i) =>
    ops.map((op, j) =>
      op.op === 'insert'
        ? { ...op, values: { ...keysOf(database, op, made[i]?.[j]), ...op.values } }
        : op,
    ),
  )
  let shortest = (await fails(explicit)) === undefined ? writes : explicit
  for (let size = Math.ceil(shortest.length / 2); size >= 1;) {
    let shorter
    for (let at = 0; at < shortest.length - 1; at += size) {
      const end = Math.min(at + size, shortest.length - 1)
      const candidate = [...shortest.slice(0, at), ...shortest.slice(end)]
      if ((await fails(candidate)) !== undefined) {
        shorter = candidate
        break
      }
    }
    if (shorter !== undefined) shortest = shorter
    else if (size === 1) break
    else size = Math.ceil(size / 2)
    if (tries >= TRIES_MAX || Date.now() > ends) break
  }
  shortest = await withoutValues(shortest, fails)
  return { writes: shortest, message: await replay(database, rules, shortest, cause) }
}

async function withoutValues(writes, fails) {
  let shortest = writes
  for (let i = shortest.length - 1; i >= 0; i--) {
    for (let j = shortest[i].length - 1; j >= 0; j--) {
      const without = (op) =>
        shortest.with(i, op === undefined ? shortest[i].toSpliced(j, 1) : shortest[i].with(j, op))
      const op = shortest[i][j]
      if (shortest[i].length > 1 && (await fails(without(undefined))) !== undefined) {
        shortest = without(undefined)
        continue
      }
      const member = op.op === 'insert' ? 'values' : op.op === 'update' ? 'set' : undefined
      for (const name of member === undefined ? [] : Object.keys(op[member])) {
        const { [name]: _, ...rest } = shortest[i][j][member]
        const candidate = without({ ...shortest[i][j], [member]: rest })
        if ((await fails(candidate)) !== undefined) shortest = candidate
      }
    }
  }
  return shortest
}

function keysOf(database, op, made = {}) {
  const table = database.schema.tables.find(({ name }) => name === op.table)
  const names = Object.keys(made).filter((name) => table.primary_key.includes(name))
  return Object.fromEntries(names.map((name) => [name, made[name]]))
}

/** Runs writes in a round of their own; what the difference says, if there is one of this cause. */
export async function replay(database, rules, writes, cause) {
  const round = await Round.begin(database, rules, new Map())
  try {
    for (const ops of writes) await round.write(ops)
    await round.look()
    return undefined
  } catch (error) {
    if (!(error instanceof Difference)) throw error
    return cause === undefined || error.cause === cause ? error.message : undefined
  } finally {
    await round.end()
  }
}
