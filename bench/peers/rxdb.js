// RxDB at its best with the storage that is free of charge, Dexie's: indexes for each question, one
// instance, and its cache of results, which new parameters never hit. Its premium storages are sold.
//
// A primary key is a text here, so that rows carry their key a second time, in the order of numbers.

import { addRxPlugin, createRxDatabase } from 'rxdb/plugins/core'
import { RxDBQueryBuilderPlugin } from 'rxdb/plugins/query-builder'
import { getRxStorageDexie } from 'rxdb/plugins/storage-dexie'
import { byDue, LIMIT, words } from './workload.js'

addRxPlugin(RxDBQueryBuilderPlugin)

const text = (maxLength) => ({ type: 'string', maxLength })
const number = (maximum) => ({ type: 'integer', minimum: 0, maximum, multipleOf: 1 })
const BY_PRIORITY = ['user_id', 'priority', 'due_date', 'id']
const BY_DUE = ['due_date', 'id']
const BY_COUNTRY = ['custom_fields.country', 'due_date', 'id']

const schema = {
  version: 0,
  primaryKey: 'id',
  type: 'object',
  properties: {
    id: text(10),
    event_id: number(9_999_999),
    user_id: number(9_999_999),
    event_type_id: { type: ['integer', 'null'] },
    title: { type: 'string' },
    description: { type: ['string', 'null'] },
    completed_date: { type: ['string', 'null'] },
    status: text(20),
    is_favorite: { type: 'boolean' },
    custom_fields: { type: 'object', properties: { country: text(4) } },
    created_at: { type: 'string' },
    updated_at: { type: 'string' },
    deleted_at: { type: ['string', 'null'] },
    priority: number(5),
    budget: { type: ['number', 'null'] },
    location: { type: ['string', 'null'] },
    due_date: text(30),
  },
  required: ['id', 'user_id', 'priority', 'due_date'],
  indexes: [BY_PRIORITY, BY_DUE, BY_COUNTRY],
}

let db
let events

export const peer = {
  name: 'RxDB',

  async open({ strict = false } = {}) {
    db = await createRxDatabase({
      name: 'bench',
      storage: getRxStorageDexie({ chromeTransactionDurability: strict ? 'strict' : 'relaxed' }),
      multiInstance: false,
      eventReduce: true,
    })
    await db.addCollections({ events: { schema } })
    events = db.events
  },

  async bulkInsert(rows) {
    const { error } = await events.bulkInsert(rows.map(stored))
    if (error.length) throw new Error(`RxDB refused ${error.length} rows`)
  },

  insert: (row) => events.insert(stored(row)),

  async update(key, set) {
    const doc = await events.findOne(idOf(key)).exec()
    await doc.incrementalPatch(set)
  },

  get: (key) => events.findOne(idOf(key)).exec(),

  /** One range of the index per priority, merged: it reads by cursors, so that skipping rows is dear. */
  async compound({ user, low, high, from }) {
    const ranges = []
    for (let priority = low; priority <= high; priority++) {
      const query = events.find({
        selector: { user_id: user, priority, due_date: { $gte: from } },
        sort: [{ due_date: 'asc' }, { id: 'asc' }],
        limit: LIMIT,
        index: BY_PRIORITY,
      })
      ranges.push(query.exec())
    }
    const found = await Promise.all(ranges)
    return found.length === 1 ? found[0] : found.flat().sort(byDueOfDocs).slice(0, LIMIT)
  },

  range: ({ from, to }) =>
    events
      .find({
        selector: { due_date: { $gte: from, $lte: to } },
        sort: [{ due_date: 'asc' }, { id: 'asc' }],
        index: BY_DUE,
      })
      .exec(),

  json: ({ country, from }) =>
    events
      .find({
        selector: { 'custom_fields.country': country, due_date: { $gte: from } },
        sort: [{ due_date: 'asc' }, { id: 'asc' }],
        index: BY_COUNTRY,
      })
      .exec(),

  /** A scan: full text is a premium plugin. */
  async text({ words: wanted, from }) {
    const docs = await later(from).exec()
    return docs.filter((doc) => {
      const has = words(doc._data)
      return wanted.every((word) => has.includes(word))
    })
  },

  page: ({ from, offset, limit }) => later(from).skip(offset).limit(limit).exec(),

  async group({ from }) {
    const groups = new Map()
    for (const { _data: row } of await later(from).exec()) {
      let group = groups.get(row.status)
      if (!group) {
        group = { status: row.status, n: 0, priorities: 0, last: '' }
        groups.set(row.status, group)
      }
      group.n++
      group.priorities += row.priority
      if (row.due_date > group.last) group.last = row.due_date
    }
    return [...groups.values()].sort((a, b) => (a.status < b.status ? -1 : 1))
  },

  readAll: () => events.find({ sort: [{ id: 'asc' }] }).exec(),

  live(asked, told) {
    return new Promise((resolve) => {
      const subscription = compound(asked).$.subscribe((docs) => {
        told(docs)
        resolve(() => subscription.unsubscribe())
      })
    })
  },

  /** A document's row. */
  plain: (doc) => doc._data ?? doc,

  close: () => db.close(),
}

const compound = ({ user, low, high, from }) =>
  events.find({
    selector: {
      user_id: user,
      priority: { $gte: low, $lte: high },
      due_date: { $gte: from },
    },
    sort: [{ due_date: 'asc' }, { id: 'asc' }],
    limit: LIMIT,
    // In the order of the answer, so that reading ends with the limit.
    index: BY_DUE,
  })

const later = (from) =>
  events.find({
    selector: { due_date: { $gte: from } },
    sort: [{ due_date: 'asc' }, { id: 'asc' }],
    index: BY_DUE,
  })

const byDueOfDocs = (a, b) => byDue(a._data, b._data)

const idOf = (key) => String(key).padStart(10, '0')

const stored = (row) => ({ ...row, id: idOf(row.event_id) })
