// The page of the quick benchmark. `run.mjs` calls these functions one after the other.
//
// Every result is compared with the peer's before it is timed, and every timed query has
// parameters that were not used before.

import { between, gte, open } from 'haversack'
import { openMemory } from 'haversack/testing'
import { median, microseconds, painted, timed, watchTasks } from './measure.js'
import * as queries from './queries.js'
import { asyncMicroseconds, bulkPuts, idbCompound, openIdb, openRaw, strictPut } from './raw.js'

const DAY_MS = 86_400_000
const FIRST_DAY = Date.parse('2026-01-01')
const DAYS = 900
const KEY = 'event_id'

const state = {}

const iso = (ms) => new Date(ms).toISOString().replace('Z', '000Z')

function query(n) {
  // 15 ranges of priorities, and a time of day that makes each call's date its own.
  const low = 1 + (n % 5)
  const high = Math.min(5, low + (n % 2))
  return { user: 1, low, high, from: iso(FIRST_DAY + ((n * 37) % DAYS) * DAY_MS + n) }
}

function show(rows) {
  const list = document.createElement('ul')
  for (const row of rows.slice(0, 50)) {
    const item = document.createElement('li')
    item.textContent = `${row.title} · ${row.due_date} · ${row.status}`
    list.append(item)
  }
  document.body.replaceChildren(list)
}

/** From an empty browser: until rows are on screen, and until the row stores are drained. */
export async function firstSync({ endpoint, token, expected }) {
  const schema = await (await fetch(`${endpoint}/v1/schema`)).json()
  const tasks = watchTasks()
  const start = performance.now()
  const db = await open({ schema, url: endpoint, token: async () => token })
  const visible = await new Promise((resolve) => {
    const stop = db.events
      .orderBy('due_date')
      .limit(50)
      .live(({ rows }) => {
        if (rows.length === 0 || db.events.count() < expected) return
        show(rows)
        void painted().then(() => resolve(performance.now() - start))
        stop()
      })
  })
  await db.flush()
  const drained = performance.now() - start
  const longestTask = await tasks.stop()
  state.db = db
  return { visible, drained, longestTask, rows: db.events.count() }
}

/** The same rows by raw puts; the median of three. */
export async function rawPuts() {
  const rows = state.db.events.rows().map((row) => ({ ...row }))
  state.rows = rows
  const times = []
  for (let i = 0; i < 3; i++) times.push(await bulkPuts(rows, KEY))
  return { milliseconds: median(times), rows: rows.length }
}

/** The compound query, beside `idb`. */
export async function compound() {
  const peer = (state.idb ??= await openIdb(state.rows))
  const ask = ({ user, low, high, from }) =>
    state.db.events
      .where({ user_id: user, priority: between(low, high), due_date: gte(from) })
      .orderBy('due_date')
      .limit(50)
      .rows()
  let found = 0
  for (let n = 0; n < 60; n++) {
    const ours = ask(query(n)).map((row) => row[KEY])
    const theirs = (await idbCompound(peer, query(n))).map((row) => row[KEY])
    if (ours.join() !== theirs.join()) throw new Error(`the answers to query ${n} differ`)
    found += ours.length
  }
  const theirs = await asyncMicroseconds((n) => idbCompound(peer, query(100 + n)), 300)
  const ours = microseconds(ask, (n) => query(1_000 + n))
  return { ours, theirs, rowsPerAnswer: found / 60 }
}

/** A row by its key, beside `idb`. */
export async function get() {
  const peer = (state.idb ??= await openIdb(state.rows))
  const keys = state.rows.map((row) => row[KEY])
  const key = (n) => keys[(n * 7919) % keys.length]
  for (let n = 0; n < 20; n++) {
    const row = await peer.get('events', key(n))
    if (JSON.stringify(row) !== JSON.stringify(state.db.events.get(key(n)))) {
      throw new Error(`the rows under ${key(n)} differ`)
    }
  }
  const theirs = await asyncMicroseconds((n) => peer.get('events', key(n)), 500)
  const ours = microseconds((id) => state.db.events.get(id), key)
  return { ours, theirs }
}

/**
 * One durable insert beside a raw strict put of the same row, interleaved. Both were done often
 * before, and each begins when all is at rest: one insert is measured, not a rate.
 */
export async function durableInsert({ pairs, warm }) {
  const raw = await openRaw('bench raw strict')
  const values = (i) => ({
    title: `Bench ${i}`,
    priority: 1 + (i % 5),
    due_date: iso(FIRST_DAY + i),
  })
  for (let i = 0; i < warm; i++) {
    const write = state.db.events.insert(values(i))
    await write.durable
    await strictPut(raw, { ...state.db.events.get(write.key) }, KEY)
  }
  const rest = async () => {
    await state.db.flush()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const ours = []
  const theirs = []
  for (let i = 0; i < pairs; i++) {
    await rest()
    const start = performance.now()
    const write = state.db.events.insert(values(warm + i))
    await write.durable
    ours.push(performance.now() - start)
    await write.synced
    await rest()
    theirs.push(await strictPut(raw, { ...state.db.events.get(write.key) }, KEY))
  }
  raw.close()
  return { ours: median(ours), theirs: median(theirs) }
}

/**
 * A served schema, until the client has its tables: parsing the text, binding every rule, and
 * making the objects of TypeScript. The module is there already.
 */
export async function readSchema({ schema }) {
  const times = []
  for (let i = 0; i < 11; i++) {
    times.push(await timed(() => openMemory({ schema, wasm: '/haversack_bg.wasm' })))
  }
  return { first: times[0], median: median(times), tables: schema.tables.length }
}

/** Ends the sync, so that it does not disturb what is measured next. */
export async function close() {
  await state.db.close()
  return true
}

/** Other kinds of queries, beside `idb`. */
export async function kinds() {
  const peer = (state.idb ??= await openIdb(state.rows))
  const [path, values] = mostTelling(state.rows)
  const json = await queries.json(state.db, peer, [path, values])
  const page = await queries.page(state.db, peer)
  const group = await queries.group(state.db, peer)
  const key = state.rows[0][KEY]
  const touch = (n) => state.db.events.update(key, { priority: 1 + (n % 5) })
  const readAll = await queries.readAll(state.db, peer, touch)
  const live = await queries.live(state.db, touch)
  return { json, page, group, readAll, live }
}

/** The member of the rows' JSON that has the most different values, and these. */
function mostTelling(rows) {
  const members = new Map()
  for (const { custom_fields: fields } of rows) {
    for (const [name, value] of Object.entries(fields ?? {})) {
      if (typeof value !== 'string') continue
      if (!members.has(name)) members.set(name, new Set())
      members.get(name).add(value)
    }
  }
  const [name, values] = [...members].sort(([, a], [, b]) => b.size - a.size)[0]
  return [name, [...values]]
}

globalThis.bench = {
  firstSync,
  rawPuts,
  compound,
  get,
  kinds,
  durableInsert,
  readSchema,
  close,
  timed,
}
