// TanStack DB at its best: a collection that it keeps in IndexedDB, ordered indexes on what is asked for,
// and `queryOnce`. It has no index of several columns. Rows come with properties of its own (`$synced`…),
// and IndexedDB's transactions are those of the browser's default, relaxed.

import {
  BTreeIndex,
  and,
  count,
  createCollection,
  createIndexedDB,
  createLiveQueryCollection,
  eq,
  gte,
  indexedDBCollectionOptions,
  lte,
  max,
  queryOnce,
  sum,
} from '@tanstack/db'
import { byDue, LIMIT, words } from './workload.js'

let db
let events

export const peer = {
  name: 'TanStack DB',

  async open() {
    db = await createIndexedDB({ name: 'bench', version: 1, stores: ['events'] })
    events = createCollection(
      indexedDBCollectionOptions({ db, name: 'events', getKey: (row) => row.event_id }),
    )
    await events.preload()
    const ordered = { indexType: BTreeIndex }
    events.createIndex((row) => row.due_date, ordered)
    events.createIndex((row) => row.priority, ordered)
    events.createIndex((row) => row.custom_fields.country, ordered)
  },

  bulkInsert: (rows) => events.insert(rows).isPersisted.promise,

  insert: (row) => events.insert(row).isPersisted.promise,

  update: (key, set) =>
    events.update(key, (draft) => void Object.assign(draft, set)).isPersisted.promise,

  get: (key) => events.get(key),

  compound: (asked) => queryOnce((q) => compound(q, asked)),

  range: ({ from, to }) =>
    queryOnce((q) =>
      q
        .from({ e: events })
        .where(({ e }) => and(gte(e.due_date, from), lte(e.due_date, to)))
        .orderBy(({ e }) => e.due_date)
        .orderBy(({ e }) => e.event_id),
    ),

  json: ({ country, from }) =>
    queryOnce((q) =>
      q
        .from({ e: events })
        .where(({ e }) => and(eq(e.custom_fields.country, country), gte(e.due_date, from)))
        .orderBy(({ e }) => e.due_date)
        .orderBy(({ e }) => e.event_id),
    ),

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

  page: ({ from, offset, limit }) =>
    queryOnce((q) =>
      q
        .from({ e: events })
        .where(({ e }) => gte(e.due_date, from))
        .orderBy(({ e }) => e.due_date)
        .orderBy(({ e }) => e.event_id)
        .offset(offset)
        .limit(limit),
    ),

  group: async ({ from }) => {
    const groups = await queryOnce((q) =>
      q
        .from({ e: events })
        .where(({ e }) => gte(e.due_date, from))
        .groupBy(({ e }) => e.status)
        .select(({ e }) => ({
          status: e.status,
          n: count(e.event_id),
          priorities: sum(e.priority),
          last: max(e.due_date),
        })),
    )
    return groups.sort((a, b) => (a.status < b.status ? -1 : 1))
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

const compound = (q, { user, low, high, from }) =>
  q
    .from({ e: events })
    .where(({ e }) =>
      and(eq(e.user_id, user), gte(e.priority, low), lte(e.priority, high), gte(e.due_date, from)),
    )
    .orderBy(({ e }) => e.due_date)
    .orderBy(({ e }) => e.event_id)
    .limit(LIMIT)
