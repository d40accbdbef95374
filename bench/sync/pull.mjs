// What a pull costs Postgres: of a few rows among very many changes of others, and of nothing.

import pg from 'pg'

import { ROWS, USERS } from './database.mjs'
import { cpuMicroseconds, endpointBackends, median, percentile } from './processes.mjs'
import { Replica } from './replica.mjs'

const CHANGED = 10

/**
 * What selects rows by their keys as often as it is told, and gives the CPU of its backend for each, in
 * microseconds: as the endpoint's login that takes the user's role, under row security, since that is what
 * rows cost that are for a user's eyes; in a transaction, as the role and the identity hold for one only. All
 * statements are prepared.
 */
async function selector(backend, keys) {
  const client = new pg.Client({ connectionString: backend.loginUrl })
  await client.connect()
  const { pid } = (await client.query('select pg_backend_pid() as pid')).rows[0]
  const [{ role }] = await backend.sql(
    `select rolname as role from pg_roles where rolname = current_database() || '_haversack_user'`,
  )
  const columns = ['id', 'user_id', 'title', 'body', 'rank', 'done', 'changed_at']
  const text = `select ${columns.map((c) => `${c}::text`).join(', ')} from notes where id = any ($1)`
  const become = `select set_config('role', $1, true), set_config('app.current_user_id', $2, true)`
  const ask = async () => {
    await client.query({ name: 'begin', text: 'begin isolation level repeatable read read only' })
    await client.query({ name: 'become', text: become, values: [role, '1'] })
    const { rows } = await client.query({ name: 'by key', text, values: [keys] })
    await client.query({ name: 'commit', text: 'commit' })
    if (rows.length !== CHANGED) throw new Error(`${rows.length} rows came, not ${CHANGED}`)
  }
  const select = async (times) => {
    const before = await cpuMicroseconds([pid])
    for (let i = 0; i < times; i++) await ask()
    return ((await cpuMicroseconds([pid])) - before) / times
  }
  return { select, end: () => client.end() }
}

/** The CPU of Postgres per pull of the changed rows, in microseconds. */
async function pullChanged(backends, replica, times) {
  const before = await cpuMicroseconds(backends)
  for (let i = 0; i < times; i++) {
    const { rows } = await replica.sync([], { stay: true })
    if (rows !== CHANGED) throw new Error(`${rows} rows came, not ${CHANGED}`)
  }
  return ((await cpuMicroseconds(backends)) - before) / times
}

/**
 * The Postgres processes that some pulls use: those that work as much as the one that works most, or at least a
 * fifth as much. Others look at the changelog a few times meanwhile, whether anybody pulls or not.
 */
async function pullBackends(backend, replica) {
  const before = new Map()
  for (const pid of await endpointBackends(backend)) before.set(pid, await cpuMicroseconds([pid]))
  await pullChanged([], replica, 200)
  const used = new Map()
  for (const [pid, was] of before) used.set(pid, (await cpuMicroseconds([pid])) - was)
  const most = Math.max(...used.values())
  return [...used].filter(([, own]) => own >= most / 5).map(([pid]) => pid)
}

/**
 * Pulls of a replica that lacks a few rows, among changes of others, beside selections of those rows: in turn, a
 * few at a time, so that both meet the same state of the database and of the machine.
 */
export async function measurePull(backend, schema, { others, rounds, times }) {
  const replica = new Replica(backend, schema, 1)
  await replica.sync()
  await backend.sql(
    `insert into notes (user_id, title) select ${USERS} + 1 + n % 1000, 'other ' || n
     from generate_series(1, ${others}) n`,
  )
  const keys = Array.from({ length: CHANGED }, (_, n) => 1 + n * (ROWS / CHANGED))
  await backend.sql(`update notes set done = not done where id = any (array[${keys}])`)
  // All of it, and to disk, also what was pushed before: else Postgres does so while it is measured.
  await backend.sql('vacuum analyze')
  await backend.sql('checkpoint')
  const selection = await selector(backend, keys)
  for (let i = 0; i < 50; i++) await replica.sync([], { stay: true })
  await selection.select(50)
  const backends = await pullBackends(backend, replica)
  const all = []
  for (let i = 0; i < rounds; i++) {
    const theirs = await selection.select(times)
    const ours = await pullChanged(backends, replica, times)
    all.push({ theirs, ours, ratio: ours / theirs })
  }
  await selection.end()
  replica.close()
  const ratios = all.map((one) => one.ratio)
  return {
    theirs: median(all.map((one) => one.theirs)),
    ours: median(all.map((one) => one.ours)),
    ratio: median(ratios),
    ratios: [0.1, 0.9].map((share) => percentile(ratios, share).toFixed(2)),
  }
}

/** Transactions that the database has ended so far. */
async function transactions(backend) {
  // What a connection did is counted once it has been idle for a while.
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const [row] = await backend.sql(
    `select xact_commit + xact_rollback as n from pg_stat_database where datname = current_database()`,
  )
  return Number(row.n)
}

/** Pulls of replicas that lack nothing: the transactions that each makes, beside what happens anyway. */
export async function measureEmptyPull(backend, schema, { replicas, seconds }) {
  const all = Array.from({ length: replicas }, () => new Replica(backend, schema, 2))
  for (const replica of all) {
    await replica.sync()
    await replica.sync()
  }
  const during = async (work) => {
    const before = await transactions(backend)
    const start = performance.now()
    const pulls = await work(start + seconds * 1000)
    const took = performance.now() - start
    return { made: (await transactions(backend)) - before, took, pulls }
  }
  const idle = await during(() => new Promise((resolve) => setTimeout(resolve, seconds * 1000, 0)))
  // A token that nobody has used for a while is looked up again.
  for (const replica of all) await replica.sync()
  const latencies = []
  const busy = await during(async (until) => {
    await Promise.all(
      all.map(async (replica) => {
        while (performance.now() < until) {
          const start = performance.now()
          const { rows } = await replica.sync()
          latencies.push(performance.now() - start)
          if (rows !== 0) throw new Error(`${rows} rows came where nothing had changed`)
        }
      }),
    )
    return latencies.length
  })
  for (const replica of all) replica.close()
  return { pulls: busy.pulls, made: busy.made, idle: idle.made, latency: median(latencies) }
}
