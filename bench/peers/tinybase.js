// TinyBase at its best: all rows in its store, indexes whose slices are in the order of the answer, and
// its IndexedDB persister. A question is a binary search in a slice. The persister writes whole tables,
// so that a durable write of one row costs as much as all of them; it offers no strict durability.

import { createIndexes, createStore } from 'tinybase'
import { createIndexedDbPersister } from 'tinybase/persisters/persister-indexed-db'
import { byDue, LIMIT, words } from './workload.js'

const TABLE = 'events'

let store
let indexes
let persister
let indexText

export const peer = {
  name: 'TinyBase',

  async open({ text = false } = {}) {
    store = createStore()
    persister = createIndexedDbPersister(store, 'bench')
    await persister.load()
    indexText = text
    // Indexes are cheaper made once than kept while rows come in.
    if (store.hasTable(TABLE)) index()
  },

  async bulkInsert(rows) {
    store.transaction(() => {
      for (const row of rows) store.setRow(TABLE, String(row.event_id), row)
    })
    index()
    await persister.save()
  },

  async insert(row) {
    store.setRow(TABLE, String(row.event_id), row)
    await persister.save()
  },

  async update(key, set) {
    store.setPartialRow(TABLE, String(key), set)
    await persister.save()
  },

  get: (key) => store.getRow(TABLE, String(key)),

  compound({ user, low, high, from }) {
    const found = []
    for (let priority = low; priority <= high; priority++) {
      const ids = indexes.getSliceRowIds('priority', `${user}:${priority}`)
      const start = firstFrom(ids, from)
      for (const id of ids.slice(start, start + LIMIT)) found.push(store.getRow(TABLE, id))
    }
    return low === high ? found : found.sort(byDue).slice(0, LIMIT)
  },

  range({ from, to }) {
    const ids = indexes.getSliceRowIds('due', '')
    const rows = []
    for (let i = firstFrom(ids, from); i < ids.length; i++) {
      const row = store.getRow(TABLE, ids[i])
      if (row.due_date > to) break
      rows.push(row)
    }
    return rows
  },

  json({ country, from }) {
    const ids = indexes.getSliceRowIds('country', country)
    return ids.slice(firstFrom(ids, from)).map((id) => store.getRow(TABLE, id))
  },

  /** Its indexes can put a row into several slices: one for each word. */
  text({ words: [one, other], from }) {
    const ones = indexes.getSliceRowIds('word', one)
    const others = indexes.getSliceRowIds('word', other)
    const [rare, common] = ones.length < others.length ? [ones, others] : [others, ones]
    const both = new Set(common)
    const ids = rare.filter((id) => both.has(id))
    return ids.slice(firstFrom(ids, from)).map((id) => store.getRow(TABLE, id))
  },

  page({ from, offset, limit }) {
    const ids = indexes.getSliceRowIds('due', '')
    const start = firstFrom(ids, from) + offset
    return ids.slice(start, start + limit).map((id) => store.getRow(TABLE, id))
  },

  group({ from }) {
    return indexes
      .getSliceIds('status')
      .sort()
      .flatMap((status) => {
        const ids = indexes.getSliceRowIds('status', status)
        const start = firstFrom(ids, from)
        if (start === ids.length) return []
        let priorities = 0
        for (let i = start; i < ids.length; i++) {
          priorities += store.getCell(TABLE, ids[i], 'priority') ?? 0
        }
        const last = store.getCell(TABLE, ids.at(-1), 'due_date')
        return [{ status, n: ids.length - start, priorities, last }]
      })
  },

  readAll: () => {
    const table = store.getTable(TABLE)
    return Object.values(table)
  },

  async live(asked, told) {
    const listener = store.addTableListener(TABLE, () => told(peer.compound(asked)))
    told(peer.compound(asked))
    return () => store.delListener(listener)
  },

  close: () => persister.destroy(),
}

function index() {
  const due = (getCell, id) => `${getCell('due_date')} ${id.padStart(10, '0')}`
  indexes = createIndexes(store)
  const by = (name, slice) => indexes.setIndexDefinition(name, TABLE, slice, due)
  by('priority', (getCell) => `${getCell('user_id')}:${getCell('priority')}`)
  by('due', () => '')
  by('country', (getCell) => getCell('custom_fields')?.country ?? '')
  by('status', (getCell) => getCell('status'))
  if (!indexText) return
  by('word', (getCell) => [
    ...new Set(words({ title: getCell('title'), description: getCell('description') })),
  ])
}

/** Where the rows of a slice begin that are not before a date. */
function firstFrom(ids, from) {
  let [low, high] = [0, ids.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (store.getCell(TABLE, ids[middle], 'due_date') < from) low = middle + 1
    else high = middle
  }
  return low
}
