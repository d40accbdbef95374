// idb at its best: native compound indexes whose order is that of the answer, `getAll` instead of
// cursors, all puts of a transaction in one turn. It has no live queries: who writes asks again.

import { openDB } from 'idb'
import { byDue, LIMIT, words } from './workload.js'

const STORE = 'events'
/** After every key that begins with what stands before it. */
const END = []

let db
let durability
let indexed

export const peer = {
  name: 'idb',

  async open({ strict = false, text = false } = {}) {
    indexed = text
    durability = strict ? 'strict' : 'relaxed'
    db = await openDB('bench', 1, {
      upgrade(db) {
        const store = db.createObjectStore(STORE, { keyPath: 'event_id' })
        store.createIndex('by_priority', ['user_id', 'priority', 'due_date', 'event_id'])
        store.createIndex('by_due', ['due_date', 'event_id'])
        store.createIndex('by_country', ['custom_fields.country', 'due_date', 'event_id'])
        if (text) store.createIndex('by_word', 'words', { multiEntry: true })
      },
    })
  },

  async bulkInsert(rows) {
    const transaction = db.transaction(STORE, 'readwrite', { durability })
    for (const row of rows) transaction.store.put(stored(row))
    await transaction.done
  },

  async insert(row) {
    const transaction = db.transaction(STORE, 'readwrite', { durability })
    transaction.store.put(stored(row))
    await transaction.done
  },

  async update(key, set) {
    const transaction = db.transaction(STORE, 'readwrite', { durability })
    const row = await transaction.store.get(key)
    transaction.store.put({ ...row, ...set })
    await transaction.done
    for (const listener of listeners) listener()
  },

  get: (key) => db.get(STORE, key),

  /** One range of the index per priority, read together and merged. */
  async compound({ user, low, high, from }) {
    const index = db.transaction(STORE).store.index('by_priority')
    const ranges = []
    for (let priority = low; priority <= high; priority++) {
      const range = IDBKeyRange.bound([user, priority, from], [user, priority, END])
      ranges.push(index.getAll(range, LIMIT))
    }
    const found = await Promise.all(ranges)
    return found.length === 1 ? found[0] : found.flat().sort(byDue).slice(0, LIMIT)
  },

  range: ({ from, to }) =>
    db.getAllFromIndex(STORE, 'by_due', IDBKeyRange.bound([from], [to, END])),

  json: ({ country, from }) =>
    db.getAllFromIndex(STORE, 'by_country', IDBKeyRange.bound([country, from], [country, END])),

  /** Keys alone are found for each word, and rows read for those that have both. */
  async text({ words: [one, other], from }) {
    const index = db.transaction(STORE).store.index('by_word')
    const [ones, others] = await Promise.all([index.getAllKeys(one), index.getAllKeys(other)])
    const both = new Set(ones)
    const keys = others.filter((key) => both.has(key))
    const rows = await Promise.all(keys.map((key) => index.objectStore.get(key)))
    return rows.filter((row) => row.due_date >= from).sort(byDue)
  },

  async page({ from, offset, limit }) {
    const range = IDBKeyRange.lowerBound([from])
    const index = db.transaction(STORE).store.index('by_due')
    // Keys alone are quicker to skip than rows.
    const keys = await index.getAllKeys(range, offset + limit)
    const store = index.objectStore
    return Promise.all(keys.slice(offset).map((key) => store.get(key)))
  },

  async group({ from }) {
    const groups = new Map()
    for (const row of await db.getAll(STORE)) {
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

  readAll: () => db.getAll(STORE),

  async live(asked, told) {
    const listener = async () => told(await peer.compound(asked))
    await listener()
    listeners.add(listener)
    return () => listeners.delete(listener)
  },

  close: () => db.close(),
}

const listeners = new Set()

const stored = (row) => (indexed ? { ...row, words: [...new Set(words(row))] } : row)
