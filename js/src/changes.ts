// How a result of a live query differs from the one before.

/** How a result differs from the one before. */
export interface Changes<Row> {
  /** Rows that were not in the result. */
  readonly added: readonly Row[]
  /** Rows that were in the result with another content, as they are now. */
  readonly updated: readonly Row[]
  /** Rows that are no longer in the result, as they last were. */
  readonly removed: readonly Row[]
  /**
   * Rows that stand elsewhere among those that stayed, as few as explain the new order; a row whose content
   * changed as well is in `updated` too.
   */
  readonly moved: readonly Row[]
}

/** What leads from one result to another; `identity` tells what is the same row. */
export function compare<Row extends object>(
  identity: (row: Row) => unknown,
  before: readonly Row[],
  after: readonly Row[],
): Changes<Row> {
  // Most changes touch a few rows: only what lies between the equal ends is compared by key.
  let start = 0
  let beforeEnd = before.length
  let afterEnd = after.length
  while (start < beforeEnd && start < afterEnd && before[start] === after[start]) start++
  while (beforeEnd > start && afterEnd > start && before[beforeEnd - 1] === after[afterEnd - 1]) {
    beforeEnd--
    afterEnd--
  }
  const places = new Map<unknown, number>()
  for (let i = start; i < beforeEnd; i++) places.set(identity(before[i]!), i)
  const added: Row[] = []
  const updated: Row[] = []
  const stayed: Row[] = []
  const from: number[] = []
  for (let i = start; i < afterEnd; i++) {
    const row = after[i]!
    const key = identity(row)
    const place = places.get(key)
    if (place === undefined) {
      added.push(row)
      continue
    }
    if (before[place] !== row) updated.push(row)
    stayed.push(row)
    from.push(place)
    places.delete(key)
  }
  const inOrder = longestRise(from)
  return Object.freeze({
    added: Object.freeze(added),
    updated: Object.freeze(updated),
    removed: Object.freeze([...places.values()].map((place) => before[place]!)),
    moved: Object.freeze(stayed.filter((_, i) => !inOrder.has(i))),
  })
}

/** The positions of the most numbers that rise from one to the next; the numbers are all different. */
function longestRise(numbers: readonly number[]): ReadonlySet<number> {
  // By length, where the rise of that length ends that has the lowest last number; and what each continues.
  const ends: number[] = []
  const previous: number[] = []
  for (let i = 0; i < numbers.length; i++) {
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (numbers[ends[middle]!]! < numbers[i]!) low = middle + 1
      else high = middle
    }
    previous.push(low === 0 ? -1 : ends[low - 1]!)
    ends[low] = i
  }
  const rise = new Set<number>()
  for (let i = ends.at(-1) ?? -1; i >= 0; i = previous[i]!) rise.add(i)
  return rise
}
