// Measures questions put to Postgres through the endpoint, over a million events of which the asking user
// has a tenth, beside the same SQL asked of Postgres directly under the same role and row security:
//
//   cargo xtask bench --server
//   node bench/server.mjs --rows 20000      fewer rows: whether the answers are the same

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import pg from 'pg'

import { Backend } from '../tests/support/backend.mjs'
import { row } from './row.mjs'
import { median } from './sync/processes.mjs'

const schema = fileURLToPath(new URL('../schemas/organizational', import.meta.url))
const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '60' },
  },
})
const ROWS = Number(options.rows)
const ROUNDS = Number(options.rounds)
const USERS = 10
const BATCH = 100_000
const DAY_MS = 86_400_000
const FIRST_DAY = Date.parse('2026-01-01')
const LIMIT = 50
/** How much longer than Postgres alone an answer may take. */
const OVERHEAD_MAX = 1.3

/** Events of all users in turn: dates of three years, one in nineteen urgent. */
const events = (from, to) => `
insert into events (user_id, title, description, priority, location, due_date, status, custom_fields)
select 1 + n % ${USERS}, 'Event ' || n, 'What event ' || n || ' is about', 1 + (n / ${USERS}) % 5,
  'Room ' || (n / 7) % 300,
  timestamptz '2026-01-01 00:00Z' + ((n::bigint * 7919) % 1096) * interval '1 day' + n * interval '1 ms',
  (array['active', 'active', 'active', 'completed', 'deferred'])[1 + (n / 31) % 5],
  jsonb_build_object('project', 'Project ' || (n / ${USERS}) % 400, 'department',
    (array['Engineering', 'Sales', 'Support', 'Design'])[1 + (n / 13) % 4],
    'tags', case when (n / ${USERS}) % 19 = 0 then '["urgent", "review"]'::jsonb else '["review"]' end)
from generate_series(${from}, ${to - 1}) n`

const day = (n) => new Date(FIRST_DAY + (n % 1000) * DAY_MS + n).toISOString()

/** The document's questions, with what each may take, in milliseconds. */
const QUESTIONS = [
  {
    name: 'real columns',
    range: [10, 30],
    shape: {
      table: 'events',
      where: [
        { column: 'user_id', op: 'eq' },
        { column: 'priority', op: 'gte' },
        { column: 'due_date', op: 'between' },
        { column: 'status', op: 'eq' },
      ],
      order: [{ column: 'due_date', descending: false }],
      limit: true,
      offset: false,
    },
    params: (n) => [1, 4, day(n * 37), day(n * 37 + 30), 'active'],
    sql: `select * from events where user_id = $1 and priority >= $2 and due_date between $3 and $4
      and status = $5 order by due_date, event_id limit $6`,
  },
  {
    name: 'JSONB containment',
    range: [20, 80],
    shape: {
      table: 'events',
      where: [
        { column: 'user_id', op: 'eq' },
        { column: 'custom_fields', op: 'contains' },
      ],
      order: [{ column: 'due_date', descending: false }],
      limit: true,
      offset: false,
    },
    params: (n) => [
      1,
      JSON.stringify({ project: `Project ${n % 400}`, department: 'Engineering' }),
    ],
    sql: `select * from events where user_id = $1 and custom_fields @> $2
      order by due_date, event_id limit $3`,
  },
  {
    name: 'real columns and JSONB',
    range: [25, 100],
    shape: {
      table: 'events',
      where: [
        { column: 'user_id', op: 'eq' },
        { column: 'priority', op: 'gte' },
        { column: 'custom_fields', op: 'contains' },
        { column: 'due_date', op: 'gt' },
      ],
      order: [
        { column: 'priority', descending: true },
        { column: 'due_date', descending: false },
      ],
      limit: true,
      offset: false,
    },
    params: (n) => [1, 4, JSON.stringify({ tags: ['urgent'] }), day(n * 37)],
    sql: `select * from events where user_id = $1 and priority >= $2 and custom_fields @> $3
      and due_date > $4 order by priority desc, due_date, event_id limit $5`,
  },
]

/** All users and events, as one text: they are there before the database is attached, as in real life. */
function seed() {
  const users = `insert into users (user_id, username, email, password_hash)
    select n, 'user' || n, 'user' || n || '@example.org', '!' from generate_series(1, ${USERS}) n`
  const batches = []
  for (let n = 0; n < ROWS; n += BATCH) batches.push(events(n, Math.min(n + BATCH, ROWS)))
  return [users, ...batches].join(';')
}

/** Asks through the endpoint; gives its answer as text. */
function endpointAsks(backend, fingerprint) {
  const headers = {
    authorization: `Bearer ${backend.token('1')}`,
    'content-type': 'application/json',
  }
  return async ({ shape, params }, n) => {
    const body = { protocol: 1, fingerprint, query: shape, params: [...params(n), LIMIT] }
    const answer = await fetch(`${backend.url}/v1/query`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`the endpoint refused: ${text}`)
    return text
  }
}

/** Asks Postgres as the endpoint's role for that user, under row security. */
async function postgresAsks(backend) {
  const client = new pg.Client({ connectionString: backend.loginUrl })
  await client.connect()
  const [{ role }] = (
    await client.query(`select rolname as role from pg_roles
      where rolname = current_database() || '_haversack_user'`)
  ).rows
  const begin = `begin read only; set local role "${role}"; set local app.current_user_id = '1'`
  const columns = `(select string_agg(quote_ident(attname), ', ') from pg_attribute
    where attrelid = 'events'::regclass and attnum > 0 and not attisdropped
    and attname <> 'search_vector') as columns`
  const [row] = (await client.query(`select ${columns}`)).rows
  return {
    async ask({ sql, params }, n, explain = '') {
      await client.query(begin)
      try {
        const text = explain + sql.replace('*', row.columns)
        return (await client.query({ text, values: [...params(n), LIMIT], rowMode: 'array' })).rows
      } finally {
        await client.query('commit')
      }
    },
    end: () => client.end(),
  }
}

/** The indexes that a plan uses. */
function indexesOf(plan) {
  const own = plan['Index Name'] ? [plan['Index Name']] : []
  return [...own, ...(plan.Plans ?? []).flatMap(indexesOf)]
}

async function timed(times, work) {
  const start = performance.now()
  const result = await work()
  times.push(performance.now() - start)
  return result
}

/** The keys of an answer's rows: its lines but the first and the last. */
function keysOf(answer, at) {
  return answer
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .flatMap((line) => line.rows ?? [])
    .map((values) => Number(values[at]))
}

async function measure(question, ours, postgres, at) {
  const [mine, theirs] = [[], []]
  for (let n = 0; n < ROUNDS + 5; n++) {
    const answer = await timed(mine, () => ours(question, n))
    const rows = await timed(theirs, () => postgres.ask(question, n))
    const [a, b] = [keysOf(answer, at), rows.map((values) => Number(values[0]))]
    if (a.join() !== b.join())
      throw new Error(`${question.name}, ${n}: ${a} came and right is ${b}`)
    if (n === 0 && a.length === 0) throw new Error(`${question.name} finds nothing`)
  }
  const [[{ Plan }]] = (await postgres.ask(question, ROUNDS + 9, 'explain (format json) '))[0]
  return {
    // The first ones fill caches.
    ours: median(mine.slice(5)),
    theirs: median(theirs.slice(5)),
    indexes: indexesOf(Plan),
  }
}

const backend = await Backend.start({ schema, sql: seed() })
let postgres
try {
  await backend.sql('vacuum analyze events')
  const served = await (await fetch(`${backend.url}/v1/schema`)).json()
  const table = served.tables.find(({ name }) => name === 'events')
  const at = table.columns.findIndex(({ name }) => name === 'event_id')
  postgres = await postgresAsks(backend)
  console.log(`\nThe server, ${ROWS.toLocaleString('en')} events, medians of one run\n`)
  const met = []
  const ask = endpointAsks(backend, served.fingerprint)
  for (const question of QUESTIONS) {
    const { ours, theirs, indexes } = await measure(question, ask, postgres, at)
    const most = question.range[1]
    met.push(
      row(
        question.name,
        `${ours.toFixed(1)} ms, by ${indexes.join(', ') || 'no index'}`,
        `≤ ${most} ms, by an index`,
        ours <= most && indexes.length > 0,
      ),
      row(
        '  beside Postgres alone',
        `${theirs.toFixed(1)} ms: ${(ours / theirs).toFixed(2)}×`,
        `≤ ${OVERHEAD_MAX}×`,
        ours / theirs <= OVERHEAD_MAX,
      ),
    )
  }
  console.log('     full text with rank: /v1/query has no conditions on texts yet')
  console.log(`\n${met.filter(Boolean).length} of ${met.length} figures met`)
} finally {
  await postgres?.end()
  await backend.stop()
}
