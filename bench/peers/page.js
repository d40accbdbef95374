// The page of one peer: `bench/peers.mjs` calls these functions one after the other. Each answer is
// compared with the right one, row by row, before anything of its kind is timed.

import { median } from '../src/measure.js'
import { KEY, Workload, compoundQuestion, verify } from './workload.js'

/** How many questions of a kind are verified. */
const VERIFIED = 12
/** The first question that is timed: those before it are for verifying. */
const FIRST_TIMED = 100
/** The question whose answer a freshly opened page shows. */
const COLD = 3
const LIVE = 7
/** How long one kind of call is timed, in milliseconds; slow ones are made `CALLS_MIN` times. */
const BUDGET_MS = 800
const CALLS_MIN = 12
const CALLS_MAX = 400
/** A batch of quick calls lasts this long, far above what the clock resolves. */
const BATCH_MS = 2
const BATCHES = 31
const WARM_MS = 150

let peer
let workload
/** What was written, so that a page that is opened later knows. */
let changes = []
let inserted = 0
let changed = 0

const plain = (rows) => (peer.plain ? rows.map(peer.plain) : rows)
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function answer(kind, asked) {
  const found = await peer[kind](asked)
  if (kind === 'get') return plain(found ? [found] : [])
  return kind === 'group' ? found : plain(found)
}

async function loadWorkload() {
  workload = new Workload(await (await fetch('/rows.json')).json())
}

/** From an empty profile until all rows are on disk, in milliseconds. */
export async function bulkInsert({ strict, text }) {
  await loadWorkload()
  const rows = workload.answer('readAll')
  const start = performance.now()
  await peer.open({ strict, text })
  await peer.bulkInsert(rows)
  return performance.now() - start
}

/** Compares answers of these kinds with the right ones. */
export async function verifyAll({ kinds }) {
  for (const kind of kinds) {
    for (let n = 0; n < (kind === 'readAll' ? 1 : VERIFIED); n++) {
      const asked = workload.question(kind, n)
      const right = workload.answer(kind, asked)
      const where = `${peer.name}, ${kind} ${JSON.stringify(asked)}`
      verify(where, await answer(kind, asked), right)
    }
  }
}

/** How long each kind of question takes, in milliseconds. */
export async function timeQueries({ kinds }) {
  const times = {}
  for (const kind of kinds) {
    times[kind] = await (kind === 'readAll' ? timeReadAll() : timeQuery(kind))
  }
  return times
}

async function timeQuery(kind) {
  const first = peer[kind](workload.question(kind, FIRST_TIMED - 1))
  if (typeof first?.then === 'function') {
    await first
    return timeAsync(
      (n) => peer[kind](n),
      (n) => workload.question(kind, FIRST_TIMED + n),
    )
  }
  return timeSync(peer[kind], (n) => workload.question(kind, FIRST_TIMED + n), kind)
}

/** The median of single calls. */
async function timeAsync(work, inputs) {
  for (let n = 0; n < CALLS_MIN / 2; n++) await work(inputs(n))
  const times = []
  const until = performance.now() + BUDGET_MS
  for (let n = CALLS_MIN; times.length < CALLS_MIN || performance.now() < until; n++) {
    if (times.length === CALLS_MAX) break
    const asked = inputs(n)
    const start = performance.now()
    await work(asked)
    times.push(performance.now() - start)
  }
  return median(times)
}

/** The median of batches: calls are quicker than the clock. Inputs are made before a batch is timed. */
function timeSync(work, inputs, kind) {
  // There are only so many keys: those that are timed are kept from the calls that warm up.
  const keys = kind === 'get' ? workload.keys.length - FIRST_TIMED : Infinity
  const warmKeys = Math.floor(keys / 4)
  let n = 0
  const warmed = performance.now() + WARM_MS
  while (performance.now() < warmed) for (let i = 0; i < 50; i++) work(inputs(n++ % warmKeys))
  const started = performance.now()
  const probe = Array.from({ length: 50 }, () => inputs(n++ % warmKeys))
  const before = performance.now()
  for (const asked of probe) work(asked)
  const each = Math.max((performance.now() - before) / 50, 1e-5)
  let calls = Math.max(1, Math.ceil(BATCH_MS / each))
  if (kind === 'get') {
    n = warmKeys
    calls = Math.max(1, Math.min(calls, Math.floor((keys - n) / BATCHES)))
  }
  const times = []
  for (let b = 0; b < BATCHES; b++) {
    const given = Array.from({ length: calls }, () => inputs(n++))
    const start = performance.now()
    for (let i = 0; i < calls; i++) work(given[i])
    times.push((performance.now() - start) / calls)
    if (performance.now() - started > 4 * BUDGET_MS && b >= CALLS_MIN) break
  }
  return median(times)
}

async function write(n) {
  const change = workload.change(n)
  await peer.update(change.key, change.set)
  workload.changed(change)
  changes.push(change)
}

/**
 * All rows, each time after a write. The clock is coarser than the quickest of these calls, so that
 * the median is of sums of several.
 */
async function timeReadAll() {
  const sums = []
  const until = performance.now() + 4 * BUDGET_MS
  while (sums.length < 4 || (sums.length < 25 && performance.now() < until)) {
    let sum = 0
    for (let i = 0; i < 8; i++) {
      await write(changed++)
      const start = performance.now()
      const all = peer.readAll()
      if (typeof all.then === 'function') await all
      sum += performance.now() - start
    }
    sums.push(sum / 8)
  }
  verify(`${peer.name}, readAll after writes`, await answer('readAll'), workload.answer('readAll'))
  return median(sums)
}

/** From a write to the call that tells of it, in milliseconds. */
export async function timeLive() {
  const asked = workload.question('compound', LIVE)
  let waiting = null
  const stop = await peer.live(asked, (rows) => waiting?.(rows))
  const times = []
  const until = performance.now() + 4 * BUDGET_MS
  for (let n = 0; times.length < 8 || (times.length < 60 && performance.now() < until); n++) {
    await rest()
    const [{ [KEY]: key }] = workload.answer('compound', asked)
    const change = { key, set: { location: `Hall ${n}` } }
    workload.changed(change)
    changes.push(change)
    const right = workload.answer('compound', asked)
    const start = performance.now()
    let time
    let told
    const heard = new Promise((resolve) => {
      waiting = (rows) => {
        time ??= performance.now() - start
        told = rows
        // A peer may tell more than once; the last has to be right.
        resolve()
      }
    })
    const written = peer.update(key, change.set)
    await heard
    await written
    await pause(0)
    verify(`${peer.name}, live`, plain([...told]), right)
    waiting = null
    times.push(time)
  }
  await stop()
  return median(times)
}

/** One insert and one update, each durable and begun at rest, in milliseconds. */
export async function timeWrites() {
  const inserts = []
  const updates = []
  const until = performance.now() + 8 * BUDGET_MS
  for (let i = 0; i < CALLS_MIN || (i < 100 && performance.now() < until); i++) {
    const row = workload.newRow(inserted++)
    await rest()
    let start = performance.now()
    const key = await peer.insert(row)
    inserts.push(performance.now() - start)
    await rest()
    const change = workload.change(changed++)
    start = performance.now()
    await peer.update(change.key, change.set)
    updates.push(performance.now() - start)
    workload.changed(change)
    changes.push(change)
    await verifyWrite(row, key, change)
  }
  return { insert: median(inserts), update: median(updates) }
}

async function verifyWrite(row, key, change) {
  const { created_at, ...right } = row
  // A key that a sequence gives is another one than in the workload.
  const own = peer.ownKeys ? key : row[KEY]
  verify(`${peer.name}, insert`, await answer('get', own), [{ ...right, [KEY]: own }])
  const now = workload.answer('get', change.key)
  verify(`${peer.name}, update`, await answer('get', change.key), now)
}

async function rest() {
  await peer.rest?.()
  await pause(20)
}

/** Everything is on disk, and the page may go; gives what a later page has to know. */
export async function leave() {
  await peer.settled?.()
  await pause(300)
  await peer.close()
  const asked = workload.question('compound', COLD)
  return { changes, inserted, changed, right: workload.answer('compound', asked) }
}

let opened

/** Opens what is on disk, from the navigation to the first answer; in milliseconds. */
async function openCold() {
  const strict = location.search.includes('strict')
  // The question alone, without the rows that the right answers are worked out of.
  const asked = compoundQuestion(COLD)
  await peer.open({ strict })
  const rows = plain(await peer.compound(asked))
  return { milliseconds: performance.now(), rows }
}

/** What opening took; its answer is compared with the right one. */
export async function cold({ right }) {
  const { milliseconds, rows } = await opened
  verify(`${peer.name}, first answer of a page opened anew`, rows, right)
  return milliseconds
}

/** Takes over what an earlier page wrote. */
export async function resume(left) {
  await loadWorkload()
  for (const change of left.changes) workload.changed(change)
  ;({ changes, inserted, changed } = left)
}

/** What the page holds once all kinds of questions were answered, in bytes. */
export async function memory({ kinds }) {
  for (const kind of kinds) await answer(kind, workload.question(kind, FIRST_TIMED / 2))
  workload = null
  changes = []
  const { bytes } = await performance.measureUserAgentSpecificMemory()
  return bytes
}

export function start(given) {
  peer = given
  if (location.search.includes('cold')) opened = openCold()
  globalThis.bench = {
    bulkInsert,
    verifyAll,
    timeQueries,
    timeLive,
    timeWrites,
    leave,
    cold,
    resume,
    memory,
  }
}
