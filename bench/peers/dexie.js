// Dexie at its best: compound indexes whose order is that of the answer, `bulkPut`, and `liveQuery`.

import Dexie, { liveQuery } from 'dexie'
import { byDue, LIMIT, words } from './workload.js'

/** After every key that begins with what stands before it. */
const END = Dexie.maxKey

let db
let events
let indexed

export const peer = {
  name: 'Dexie',

  async open({ strict = false, text = false } = {}) {
    indexed = text
    db = new Dexie('bench', { chromeTransactionDurability: strict ? 'strict' : 'relaxed' })
    db.version(1).stores({
      events: [
        'event_id',
        '[user_id+priority+due_date+event_id]',
        '[due_date+event_id]',
        '[custom_fields.country+due_date+event_id]',
        ...(text ? ['*words'] : []),
      ].join(', '),
    })
    await db.open()
    events = db.events
  },

  bulkInsert: (rows) => events.bulkPut(rows.map(stored)),

  insert: (row) => events.put(stored(row)),

  update: (key, set) => events.update(key, set),

  get: (key) => events.get(key),

  /** One range of the index per priority, read together and merged. */
  async compound({ user, low, high, from }) {
    const ranges = []
    for (let priority = low; priority <= high; priority++) {
      ranges.push(
        events
          .where('[user_id+priority+due_date+event_id]')
          .between([user, priority, from, Dexie.minKey], [user, priority, END, END])
          .limit(LIMIT)
          .toArray(),
      )
    }
    const found = await Promise.all(ranges)
    return found.length === 1 ? found[0] : found.flat().sort(byDue).slice(0, LIMIT)
  },

  range: ({ from, to }) =>
    events.where('[due_date+event_id]').between([from, Dexie.minKey], [to, END]).toArray(),

  json: ({ country, from }) =>
    events
      .where('[custom_fields.country+due_date+event_id]')
      .between([country, from, Dexie.minKey], [country, END, END])
      .toArray(),

  /** Keys alone are found for each word, and rows read for those that have both. */
  async text({ words: [one, other], from }) {
    const by = (word) => events.where('words').equals(word).primaryKeys()
    const [ones, others] = await Promise.all([by(one), by(other)])
    const both = new Set(ones)
    const rows = await events.bulkGet(others.filter((key) => both.has(key)))
    return rows.filter((row) => row.due_date >= from).sort(byDue)
  },

  async page({ from, offset, limit }) {
    // Keys alone are quicker to skip than rows; `offset` would skip by a cursor.
    const keys = await events
      .where('[due_date+event_id]')
      .aboveOrEqual([from, Dexie.minKey])
      .limit(offset + limit)
      .primaryKeys()
    return events.bulkGet(keys.slice(offset))
  },

  async group({ from }) {
    const groups = new Map()
    for (const row of await events.toArray()) {
      if (!(row.due_date >= from)) continue
      let group = groups.get(row.status)
      if (!group) {
        group = { status: row.status, n: 0, priorities: 0, last: '' }
        groups.set(row.status, group)
      }
      group.n++
      group.priorities += row.priority ?? 0
      if (row.due_date > group.last) group.last = row.due_date
    }
    return [...groups.values()].sort((a, b) => (a.status < b.status ? -1 : 1))
  },

  readAll: () => events.toArray(),

  live(asked, told) {
    return new Promise((resolve) => {
      const query = liveQuery(() => peer.compound(asked))
      const subscription = query.subscribe((rows) => {
        told(rows)
        resolve(() => subscription.unsubscribe())
      })
    })
  },

  close: () => db.close(),
}

const stored = (row) => (indexed ? { ...row, words: [...new Set(words(row))] } : row)
