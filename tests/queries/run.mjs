// The core and Postgres under the same random questions, on rows that random writes have changed;
// every tenth is put to an endpoint too. Ends with `differences: 0`, or with a question that one can read.
//
//   node tests/queries/run.mjs --schema NAME [--schema NAME …] --pairs N --seed K [--keep NAME]
//
// `--keep` writes the shrunk question, with the rows of its table, to tests/queries/cases/NAME.json,
// which every later run replays first. HAVERSACK_BIN is the endpoint, HAVERSACK_TEST_DATABASE_URL a
// superuser's URL of the Postgres: `cargo xtask fuzz query` sets both.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { Database, folderOf } from '../parity/backend.mjs'
import { Core } from '../parity/core.mjs'
import { Generator } from '../parity/generate.mjs'
import { Random } from '../parity/random.mjs'
import { Difference, Round } from '../parity/round.mjs'
import { Rules } from '../parity/rules.mjs'
import { same, shown } from '../parity/text.mjs'
import { askCore, askEndpoint, askPostgres, toKeys, toSql, wholeOrder } from './ask.mjs'
import { Drawer, OPERATORS } from './draw.mjs'
import { askCoreGroups, askEndpointGroups, askPostgresGroups, toGroupSql } from './groups.mjs'
import { follow } from './live.mjs'
import { shrink } from './shrink.mjs'

const HERE = dirname(fileURLToPath(import.meta.url))
const CASES = join(HERE, 'cases')
/** Writes before the questions of a round, questions, and those that stay asked. */
const [ROUND_WRITES, ROUND_QUERIES, ROUND_LIVE] = [40, 200, 40]
/** One question in so many is put to the endpoint. */
const ENDPOINT_EVERY = 10

/** From so many questions to so many schemas on, an operator that was never asked for is a failure. */
const [COMPLETE_PAIRS, COMPLETE_SCHEMAS] = [20_000, 5]

const { values: options } = parseArgs({
  options: {
    schema: { type: 'string', multiple: true },
    pairs: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    keep: { type: 'string' },
  },
})
const wanted = Number(options.pairs)
const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31))
if (!Number.isSafeInteger(wanted) || !Number.isSafeInteger(seed)) {
  throw new Error('--pairs and --seed are whole numbers')
}
const folders = (options.schema ?? [undefined]).map(folderOf)

/** How often each operator was asked for. */
const covered = new Map(OPERATORS.map((op) => [op, 0]))
/** How many later results live questions had. */
let followed = 0
let folder, database
let differences = 0
for (folder of folders) {
  database = await Database.start(folder, { serve: true })
  try {
    console.log(`${basename(folder)} on Postgres ${database.schema.server}, seed ${seed}`)
    differences += await replayCases()
    differences += await fuzz(Math.ceil(wanted / folders.length))
  } finally {
    await database.stop()
  }
}
console.log([...covered].map(([op, count]) => `${op} ${count}`).join(', '))
const missed = [...covered].filter(([, count]) => count === 0).map(([op]) => op)
// A few questions can't have everything, and a schema without arrays has none to ask for.
const complete = wanted >= COMPLETE_PAIRS && folders.length >= COMPLETE_SCHEMAS
if (missed.length > 0) console.log(`never asked: ${missed.join(', ')}`)
console.log(`${followed} changes of live results`)
console.log(`differences: ${differences}`)
process.exitCode = differences === 0 && !(complete && missed.length > 0) ? 0 : 1

async function fuzz(wanted) {
  const rules = new Rules(database.schema, database.catalog, database)
  const random = new Random(seed)
  const generator = new Generator(random, database)
  const start = Date.now()
  let [done, answered, served] = [0, 0, 0]
  while (done < wanted) {
    const round = await Round.begin(database, rules, new Map())
    let core
    try {
      await write(round, generator)
      await database.publish()
      // As Postgres has them: what triggers have made besides is for nobody to foresee.
      const rows = await database.rows()
      core = await openCore(rows)
      const drawer = new Drawer(random, database.schema, rows)
      // Where the seed data has no rows, the writes of a round may all have been refused.
      if (drawer.tables.length === 0) continue
      for (let i = 0; i < ROUND_QUERIES && done < wanted; i++) {
        const query = drawer.query()
        const ranked = query.order.some(({ rank }) => rank !== undefined)
        if (query.by === undefined && !ranked && random.chance(0.2))
          query.after = await placeOf(random, rows, query)
        // Rows are put beside others here alone.
        const everywhere = done % ENDPOINT_EVERY === 0 && query.with === undefined
        const found = await differ(core, query, everywhere)
        done++
        served += everywhere
        answered += found.expected.length > 0
        count(query)
        if (!found.equal) return await told(core, rows, query, everywhere, found)
      }
      if (!(await staysLive(core, drawer, generator))) return 1
    } finally {
      await core?.close()
      await round.end()
    }
  }
  const ms = Date.now() - start
  const seconds = (ms / 1000).toFixed(1)
  const share = Math.round((answered / done) * 100)
  console.log(
    `${done} pairs in ${seconds} s, ${Math.round((done * 1000) / ms)} a second, ${served} at the endpoint too, ${share} % with an answer`,
  )
  return 0
}

/** Are results that are kept through writes what is found anew? */
async function staysLive(core, drawer, generator) {
  const queries = Array.from({ length: ROUND_LIVE }, () => drawer.query())
  const write = () => core.write(generator.write(core))
  const { different, changes } = await follow(core, tableOf, queries, write)
  followed += changes
  if (different === undefined) return true
  console.log(`\na live result differs: ${JSON.stringify(different.query)}`)
  console.log(`  live: ${shown(different.live)}\n  anew: ${shown(different.anew)}`)
  return false
}

/** What one of the rows that a query finds has in the columns of its order. */
async function placeOf(random, rows, query) {
  const table = tableOf(query.table)
  const all = { ...query, limit: undefined, offset: undefined }
  const keys = await database.ask(toSql(database, table, { ...all, with: undefined }))
  if (keys.length === 0) return undefined
  // Behind most of them there are some.
  const key = keys[random.int(0, Math.floor((keys.length - 1) * (random.chance(0.8) ? 0.6 : 1)))]
  const found = rows
    .get(table.name)
    .find((row) => table.primary_key.every((name, i) => row[name] === key[i]))
  const columns = wholeOrder(table, query).map(([name]) => [name, found[name]])
  return Object.fromEntries(columns)
}

/** Some writes on both sides; how they come out is for `cargo xtask parity` to judge. */
async function write(round, generator) {
  for (let i = 0; i < ROUND_WRITES; i++) {
    try {
      await round.write(generator.write(round.core))
    } catch (difference) {
      if (!(difference instanceof Difference)) throw difference
      await round.recover()
    }
  }
}

/** A core with these rows, given as texts of Postgres by table. */
function openCore(rows) {
  const { schema, identity } = database
  return Core.open({ schema, identity, now: () => 0, rows, hooks: {} })
}

function tableOf(name) {
  return database.schema.tables.find((table) => table.name === name)
}

/** What the core finds, and where it is `everywhere` asked the endpoint, beside what Postgres finds. */
async function differ(core, query, everywhere) {
  const table = tableOf(query.table)
  const grouped = query.by !== undefined
  const expected = await (grouped ? askPostgresGroups : askPostgres)(database, table, query)
  let [found, served] = [expected, expected]
  try {
    found = (grouped ? askCoreGroups : askCore)(core, table, query)
    const ask = grouped ? askEndpointGroups : askEndpoint
    if (everywhere) served = await ask(core, database, table, query)
  } catch (error) {
    if (error.name !== 'HaversackError') throw error
    const trapped = error.code === 'internal'
    return { equal: false, expected, found: error.message, served, trapped }
  }
  return { equal: same(found, expected) && same(served, expected), expected, found, served }
}

function count(query) {
  const each = (filter) => {
    const op = filter.other === undefined ? filter.op : 'column'
    covered.set(op, (covered.get(op) ?? 0) + 1)
    if (filter.path !== undefined) covered.set('path', covered.get('path') + 1)
    filter.members?.forEach(each)
  }
  query.where.forEach(each)
  if (query.order.length > 0) covered.set('order', covered.get('order') + 1)
  if (query.order.some(({ direction }) => direction?.includes('nulls'))) {
    covered.set('nulls', covered.get('nulls') + 1)
  }
  if (query.order.some(({ rank }) => rank !== undefined))
    covered.set('rank', covered.get('rank') + 1)
  for (const { op } of query.values ?? []) covered.set(op, covered.get(op) + 1)
  if (query.by?.length > 0) covered.set('group', covered.get('group') + 1)
  if (query.having?.length > 0) covered.set('having', covered.get('having') + 1)
  if (query.with !== undefined) covered.set('with', covered.get('with') + 1)
  query.with?.forEach(({ query }) => query.where.forEach(each))
  if (query.after !== undefined) covered.set('after', covered.get('after') + 1)
}

async function told(core, rows, query, everywhere, first) {
  // A module that has trapped answers nothing any more.
  const differs = async (candidate) => !(await differ(core, candidate, everywhere)).equal
  const short = first.trapped ? query : await shrink(query, differs)
  const table = tableOf(short.table)
  const { expected, found, served } = first.trapped ? first : await differ(core, short, everywhere)
  console.log(`\ndifference: ${JSON.stringify(short)}`)
  const sql = short.by === undefined ? toSql : toGroupSql
  console.log(`  ${sql(database, table, short)}`)
  console.log(`  Postgres: ${shown(expected)}\n  the core: ${shown(found)}`)
  if (everywhere) console.log(`  the endpoint: ${shown(served)}`)
  if (options.keep !== undefined) {
    const kept = { schema: basename(folder), query: short, rows: rows.get(short.table), expected }
    const text = JSON.stringify(kept, (_, v) => (typeof v === 'bigint' ? String(v) : v), 2)
    mkdirSync(CASES, { recursive: true })
    writeFileSync(join(CASES, `${options.keep}.json`), `${text}\n`)
  }
  const { server } = database.schema
  console.log(
    `again: cargo xtask fuzz query --schema ${basename(folder)} --pairs ${Math.ceil(wanted / folders.length)} --seed ${seed} --postgres ${server}`,
  )
  return 1
}

/** The kept questions of this schema: rows as texts, and the keys that Postgres found. */
async function replayCases() {
  const files = existsSync(CASES) ? readdirSync(CASES).sort() : []
  let failed = 0
  for (const file of files.filter((file) => file.endsWith('.json'))) {
    const kept = JSON.parse(readFileSync(join(CASES, file), 'utf8'))
    if (kept.schema !== basename(folder)) continue
    const table = tableOf(kept.query.table)
    const core = await openCore(new Map([[table.name, kept.rows]]))
    const grouped = kept.query.by !== undefined
    const expected = grouped
      ? kept.expected
      : toKeys(
          table,
          kept.expected.map((key) => key.map(String)),
        )
    const found = (grouped ? askCoreGroups : askCore)(core, table, kept.query)
    await core.close()
    if (same(found, expected)) continue
    failed++
    console.log(`case ${file}: ${shown(found)} where Postgres finds ${shown(expected)}`)
  }
  return failed
}
