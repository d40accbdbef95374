// Haversack as an application uses it: a replica that syncs with a real endpoint. Its rows come by the
// first sync; the addresses and the schema that it works with are in /setup.js.

import { at, between, count, gte, max, open, search, sum } from 'haversack'

const WHOLE_WORDS = { with: ['description'], config: 'simple', syntax: 'plain' }

let db

export const peer = {
  name: 'Haversack',
  /** Keys come from a sequence of Postgres. */
  ownKeys: true,

  async open() {
    const { schema, url, token } = (await import('/setup.js')).default
    db = await open({ schema, url, token: async () => token })
  },

  /** The first sync, until the row stores hold all rows too. */
  async bulkInsert(rows) {
    const last = rows.at(-1).event_id
    await new Promise((resolve) => {
      const stop = db.events.live(() => {
        if (db.events.count() < rows.length || !db.events.get(last)) return
        resolve()
        queueMicrotask(() => stop())
      })
    })
    await db.flush()
  },

  async insert({ event_id, user_id, created_at, updated_at, ...values }) {
    const write = db.events.insert(values)
    await write.durable
    return write.key
  },

  async update(key, set) {
    await db.events.update(key, set).durable
  },

  get: (key) => db.events.get(key),

  compound: ({ user, low, high, from }) =>
    db.events
      .where({ user_id: user, priority: between(low, high), due_date: gte(from) })
      .orderBy('due_date')
      .limit(50)
      .rows(),

  range: ({ from, to }) =>
    db.events
      .where({ due_date: between(from, to) })
      .orderBy('due_date')
      .rows(),

  json: ({ country, from }) =>
    db.events
      .where({ custom_fields: at('country', country), due_date: gte(from) })
      .orderBy('due_date')
      .rows(),

  /** By whole words, as the peers search: stems would find more. */
  text: ({ words, from }) =>
    db.events
      .where({ title: search(words.join(' '), WHOLE_WORDS), due_date: gte(from) })
      .orderBy('due_date')
      .rows(),

  page: ({ from, offset, limit }) =>
    db.events
      .where({ due_date: gte(from) })
      .orderBy('due_date')
      .offset(offset)
      .limit(limit)
      .rows(),

  group: ({ from }) =>
    db.events
      .where({ due_date: gte(from) })
      .groupBy('status')
      .aggregate({ n: count(), priorities: sum('priority'), last: max('due_date') })
      .orderBy('status')
      .rows(),

  readAll: () => db.events.rows(),

  async live({ user, low, high, from }, told) {
    return db.events
      .where({ user_id: user, priority: between(low, high), due_date: gte(from) })
      .orderBy('due_date')
      .limit(50)
      .live(({ rows }) => told(rows))
  },

  /** All that was written is in the row stores. */
  rest: () => db.flush(),

  /** All that was written is in Postgres too. */
  async settled() {
    while (db.sync.status.pending > 0) await new Promise((resolve) => setTimeout(resolve, 50))
    await db.flush()
  },

  close: () => db.close(),
}
