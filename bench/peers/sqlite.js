// SQLite's official WebAssembly build at its best: a worker, the OPFS pool of access handles, prepared
// statements. The page holds no rows; what a question finds comes as one message.

import { COLUMNS } from './sqlite-columns.js'

let worker
let calls
let listeners

export const peer = {
  name: 'SQLite',

  async open({ strict = false, text = false } = {}) {
    listeners = new Set()
    calls = new Map()
    worker = new Worker('/sqlite-worker.js', { type: 'module' })
    worker.onmessage = ({ data: { n, result, error } }) => {
      const { resolve, reject } = calls.get(n)
      calls.delete(n)
      if (error === undefined) resolve(result)
      else reject(new Error(`SQLite: ${error}`))
    }
    worker.onerror = (event) => {
      for (const { reject } of calls.values()) reject(new Error(`SQLite: ${event.message}`))
    }
    await call('open', { strict, text })
  },

  bulkInsert: (rows) => call('insert', rows.map(values)),

  insert: (row) => call('insert', [values(row)]),

  async update(key, set) {
    await call('update', { key, set })
    for (const listener of listeners) listener()
  },

  get: async (key) => rowOf((await call('get', [key]))[0]),

  compound: ({ user, low, high, from }) => select('compound', [user, low, high, from]),

  range: ({ from, to }) => select('range', [from, to]),

  json: ({ country, from }) => select('json', [country, from]),

  text: ({ words, from }) => select('text', [words.map((word) => `"${word}"`).join(' '), from]),

  page: ({ from, offset, limit }) => select('page', [from, limit, offset]),

  group: async ({ from }) =>
    (await call('group', [from])).map(([status, n, priorities, last]) => ({
      status,
      n,
      priorities,
      last,
    })),

  readAll: () => select('readAll', []),

  async live(asked, told) {
    const listener = async () => told(await peer.compound(asked))
    await listener()
    listeners.add(listener)
    return () => listeners.delete(listener)
  },

  async close() {
    await call('close')
    worker.terminate()
  },
}

function call(name, given) {
  return new Promise((resolve, reject) => {
    const n = (call.last = (call.last ?? 0) + 1)
    calls.set(n, { resolve, reject })
    worker.postMessage({ n, name, given })
  })
}

const select = async (name, given) => (await call(name, given)).map(rowOf)

const values = (row) =>
  COLUMNS.map((column) => {
    if (column === 'custom_fields') return JSON.stringify(row[column])
    return typeof row[column] === 'boolean' ? Number(row[column]) : row[column]
  })

function rowOf(values) {
  const row = {}
  for (let i = 0; i < COLUMNS.length; i++) row[COLUMNS[i]] = values[i]
  row.custom_fields = JSON.parse(row.custom_fields)
  row.is_favorite = row.is_favorite === 1
  return row
}
