// Kinds of queries, each beside `idb` with the index that serves it best, or none where none does. The
// answers are compared before anything is timed; every timed call has a parameter that was not used
// before, or follows a write.

import { at, count, gte, max, sum } from 'haversack'
import { median, microseconds } from './measure.js'
import { asyncMicroseconds } from './raw.js'

const [PAGE, LIMIT] = [37, 50]

/** A moment that no other call has, early enough that nearly all rows are later. */
const from = (n) => new Date(Date.parse('2026-01-01') + n).toISOString().replace('Z', '000Z')

/** Compares the answers of a few calls, then times both sides. */
async function beside({ ours, theirs, calls, options }) {
  for (let n = 0; n < 5; n++) {
    const [a, b] = [JSON.stringify(ours(n)), JSON.stringify(await theirs(n))]
    if (a !== b)
      throw new Error(`the answers to call ${n} differ: ${a.slice(0, 300)} and ${b.slice(0, 300)}`)
  }
  const slow = await asyncMicroseconds((n) => theirs(10 + n), calls)
  return { ours: microseconds(ours, (n) => 1_000 + n, options), theirs: slow }
}

const FEW = { warm: 3, batches: 15, calls: 40 }

/** Rows whose JSON has a value at a path: a scan for `idb`, which has no index into JSON. */
export function json(db, peer, [path, values]) {
  const value = (n) => values[n % values.length]
  return beside({
    ours: (n) =>
      db.events
        .where({ custom_fields: at(path, value(n)), due_date: gte(from(n)) })
        .rows()
        .map(({ event_id }) => event_id),
    theirs: async (n) =>
      (await peer.getAll('events'))
        .filter((row) => row.custom_fields[path] === value(n) && row.due_date >= from(n))
        .map(({ event_id }) => event_id),
    calls: 15,
    options: FEW,
  })
}

/** The 37th page of 50 by date. */
export function page(db, peer) {
  const skipped = (PAGE - 1) * LIMIT
  return beside({
    ours: (n) =>
      db.events
        .where({ due_date: gte(from(n)) })
        .orderBy('due_date')
        .offset(skipped)
        .limit(LIMIT)
        .rows()
        .map(({ event_id }) => event_id),
    theirs: async (n) => {
      const range = IDBKeyRange.lowerBound([from(n)])
      const index = peer.transaction('events').store.index('by_due')
      const rows = await index.getAll(range, skipped + LIMIT)
      return rows.slice(skipped).map(({ event_id }) => event_id)
    },
    calls: 15,
    options: { warm: 5, batches: 21, calls: 300 },
  })
}

/** Number, sum and latest date by status. */
export function group(db, peer) {
  return beside({
    ours: (n) =>
      db.events
        .where({ due_date: gte(from(n)) })
        .groupBy('status')
        .aggregate({ n: count(), priorities: sum('priority'), last: max('due_date') })
        .rows(),
    theirs: async (n) => {
      const groups = new Map()
      for (const row of await peer.getAll('events')) {
        if (!(row.due_date >= from(n))) continue
        const group = groups.get(row.status) ?? {
          status: row.status,
          n: 0,
          priorities: 0,
          last: '',
        }
        groups.set(row.status, group)
        group.n++
        group.priorities += row.priority ?? 0
        if (row.due_date > group.last) group.last = row.due_date
      }
      const order = db.events.groupBy('status').aggregate({ n: count() }).rows()
      return order.flatMap(({ status }) => groups.get(status) ?? [])
    },
    calls: 15,
    options: FEW,
  })
}

/** All rows, after a write. */
export async function readAll(db, peer, touch) {
  const theirs = await asyncMicroseconds(() => peer.getAll('events'), 15)
  const times = []
  for (let n = 0; n < 60; n++) {
    touch(n)
    const start = performance.now()
    for (let i = 0; i < 20; i++) db.events.rows()
    times.push(((performance.now() - start) / 20) * 1000)
  }
  return { ours: median(times), theirs }
}

/** From a write to the last callback of 100 mounted queries, of which it concerns a few. */
export async function live(db, touch) {
  const alone = await timeWrites(touch)
  let told = 0
  const stops = Array.from({ length: 100 }, (_, n) =>
    db.events
      .where({ priority: 1 + (n % 5), due_date: gte(from(n * 86_400_000)) })
      .orderBy('due_date')
      .limit(50)
      .live(() => told++),
  )
  await new Promise((resolve) => setTimeout(resolve, 50))
  told = 0
  const among = await timeWrites(touch)
  stops.forEach((stop) => stop())
  return { alone, among, told: told / WRITES }
}

const WRITES = 300

/** From a write to when its results have come, in microseconds. */
async function timeWrites(touch) {
  const times = []
  for (let n = 0; n < WRITES; n++) {
    const start = performance.now()
    touch(n)
    // The results come in a microtask that was queued before this one.
    await Promise.resolve()
    times.push((performance.now() - start) * 1000)
    if (n % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return median(times)
}
