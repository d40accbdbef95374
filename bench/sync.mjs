// Measures what a sync costs, with a real endpoint and Postgres, beside what Postgres does alone, and
// prints ratios of one run:
//
//   cargo xtask bench --sync

import { USERS, seed, withSchema } from './sync/database.mjs'
import { measureLatency } from './sync/latency.mjs'
import { measureEmptyPull, measurePull } from './sync/pull.mjs'
import { measurePush } from './sync/push.mjs'
import { measureSockets } from './sync/sockets.mjs'
import { row } from './row.mjs'
import { Backend } from '../tests/support/backend.mjs'

const quick = process.argv.includes('--quick')
/** Those that are named on the command line, all where none is. */
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const wanted = (name) => named.length === 0 || named.includes(name)

const OTHERS = quick ? 100_000 : 1_000_000
const SOCKETS = 10_000

const count = (n) => Math.round(n).toLocaleString('en')

async function push(backend, schema) {
  const { ours, theirs, ratio, ratios, cpu } = await measurePush(backend, schema, {
    rounds: 5,
    seconds: quick ? 3 : 8,
  })
  return row(
    `push, batches of 100, ${USERS} at once`,
    `${count(ours)}/s, pgbench ${count(theirs)}/s: ${ratio.toFixed(2)}× (${ratios.join(', ')}), ${cpu.toFixed(0)} µs CPU of Postgres each`,
    '≥ 0.5×',
    ratio >= 0.5,
  )
}

async function pull(backend, schema) {
  const { ours, theirs, ratio, ratios } = await measurePull(backend, schema, {
    others: OTHERS,
    rounds: quick ? 30 : 100,
    times: 50,
  })
  return row(
    `pull, 10 rows among ${count(OTHERS)} changes`,
    `${count(ours)} µs CPU of Postgres, the user's select by key ${count(theirs)} µs: ${ratio.toFixed(2)}× (${ratios.join(' to ')})`,
    '≤ 2.5×',
    ratio <= 2.5,
  )
}

async function empty(backend, schema) {
  const { pulls, made, idle, latency } = await measureEmptyPull(backend, schema, {
    replicas: 20,
    seconds: 4,
  })
  const each = Math.max(0, made - idle) / pulls
  return row(
    'pull of nothing',
    `${each.toFixed(2)} transactions each (${count(pulls)} pulls, ${latency.toFixed(1)} ms)`,
    '0',
    each < 0.01,
  )
}

async function sockets(backend) {
  const { bytes } = await measureSockets(backend, { sockets: SOCKETS })
  return row(
    `${count(SOCKETS)} idle sockets`,
    `${(bytes / 1024).toFixed(1)} KB of the endpoint each`,
    '≤ 12 KB',
    bytes <= 12 * 1024,
  )
}

async function latency(folder) {
  const { commit, call, writes } = await measureLatency(folder, { writes: quick ? 100 : 300 })
  return row(
    'commit to live result elsewhere',
    `p95 ${commit.p95.toFixed(0)} ms, median ${commit.median.toFixed(0)} ms of ${writes}; since the call p95 ${call.p95.toFixed(0)} ms, median ${call.median.toFixed(0)} ms`,
    'p95 ≤ 60 ms',
    commit.p95 <= 60,
  )
}

await withSchema(async (folder) => {
  console.log('\nA sync, medians of one run\n')
  const met = []
  const backend = await Backend.start({ schema: folder })
  try {
    for (const sql of seed.flatMap((text) => text.split(';'))) await backend.sql(sql)
    const schema = await (await fetch(`${backend.url}/v1/schema`)).json()
    if (wanted('push')) met.push(await push(backend, schema))
    if (wanted('pull')) met.push(await pull(backend, schema))
    if (wanted('empty')) met.push(await empty(backend, schema))
    if (wanted('sockets')) met.push(await sockets(backend))
  } finally {
    await backend.stop()
  }
  if (wanted('latency')) met.push(await latency(folder))
  console.log(`\n${met.filter(Boolean).length} of ${met.length} figures met`)
})
