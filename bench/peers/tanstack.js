// TanStack DB at its best: a collection that it keeps in IndexedDB, and ordered indexes, which are asked
// themselves: `queryOnce` answers the same by making a live query, many times as slowly. There are no
// indexes of several columns. Rows come with properties of its own (`$synced`…), and IndexedDB's
// transactions are those of the browser's default, relaxed.

import {
  BTreeIndex,
  and,
  createCollection,
  createIndexedDB,
  createLiveQueryCollection,
  eq,
  gte,
  indexedDBCollectionOptions,
  lte,
} from '@tanstack/db'
import { byDue, LIMIT, words } from './workload.js'

let db
let events
let due
let country

export const peer = {
  name: 'TanStack DB',

  async open() {
    db = await createIndexedDB({ name: 'bench', version: 1, stores: ['events'] })
    events = createCollection(
      indexedDBCollectionOptions({ db, name: 'events', getKey: (row) => row.event_id }),
    )
    await events.preload()
    // Not by the order of a locale: dates are plain text.
    const ordered = {
      indexType: BTreeIndex,
      options: { compareOptions: { direction: 'asc', nulls: 'last', stringSort: 'lexical' } },
    }
    due = events.createIndex((row) => row.due_date, ordered)
    country = events.createIndex((row) => row.custom_fields.country, ordered)
  },

  bulkInsert: (rows) => events.insert(rows).isPersisted.promise,

  insert: (row) => events.insert(row).isPersisted.promise,

  update: (key, set) =>
    events.update(key, (draft) => void Object.assign(draft, set)).isPersisted.promise,

  get: (key) => events.get(key),

  compound({ user, low, high, from }) {
    const fits = (key) => {
      const row = events.get(key)
      return row.user_id === user && row.priority >= low && row.priority <= high
    }
    return rowsOf(due.take(LIMIT, before(from), fits))
  },

  range: ({ from, to }) => rowsOf(due.rangeQuery({ from, to })),

  json: ({ country: wanted, from }) =>
    rowsOf(country.equalityLookup(wanted))
      .filter((row) => row.due_date >= from)
      .sort(byDue),

  /** A scan: it has no index of words. */
  text({ words: wanted, from }) {
    const found = []
    for (const row of events.values()) {
      if (!(row.due_date >= from)) continue
      const has = words(row)
      if (wanted.every((word) => has.includes(word))) found.push(row)
    }
    return found.sort(byDue)
  },

  page: ({ from, offset, limit }) => rowsOf(due.take(offset + limit, before(from)).slice(offset)),

  group({ from }) {
    const groups = new Map()
    for (const key of due.rangeQuery({ from })) {
      const { status, priority, due_date } = events.get(key)
      let group = groups.get(status)
      if (!group) {
        group = { status, n: 0, priorities: 0, last: '' }
        groups.set(status, group)
      }
      group.n++
      group.priorities += priority
      if (due_date > group.last) group.last = due_date
    }
    return [...groups.values()].sort((a, b) => (a.status < b.status ? -1 : 1))
  },

  readAll: () => events.toArray,

  async live(asked, told) {
    const query = createLiveQueryCollection((q) => compound(q, asked))
    await query.preload()
    told(query.toArray)
    const subscription = query.subscribeChanges(() => told(query.toArray))
    return () => {
      subscription.unsubscribe()
      return query.cleanup()
    }
  },

  async close() {
    await events.cleanup()
    db.close()
  },
}

const rowsOf = (keys) => Array.from(keys, (key) => events.get(key))

/** A text between a date and all before it: `take` begins behind what it is given. */
const before = (date) => date.slice(0, -1)

const compound = (q, { user, low, high, from }) =>
  q
    .from({ e: events })
    .where(({ e }) =>
      and(eq(e.user_id, user), gte(e.priority, low), lte(e.priority, high), gte(e.due_date, from)),
    )
    .orderBy(({ e }) => e.due_date)
    .orderBy(({ e }) => e.event_id)
    .limit(LIMIT)
