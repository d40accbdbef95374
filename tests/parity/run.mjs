// The core and Postgres under the same random writes; ends with `differences: 0`, or with a case.
//
//   node tests/parity/run.mjs --schema NAME --ops N --seed K [--all] [--keep NAME]
//
// `--all` goes on after a difference and lists them by cause. `--keep` writes the shrunk case to
// tests/parity/cases/NAME.json, which every later run replays first. HAVERSACK_BIN is the endpoint,
// HAVERSACK_TEST_DATABASE_URL a superuser's URL of the Postgres: `cargo xtask parity` sets both.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { Database, folderOf } from './backend.mjs'
import { Generator } from './generate.mjs'
import { Random } from './random.mjs'
import { Difference, Round } from './round.mjs'
import { Rules } from './rules.mjs'
import { replay, shrink } from './shrink.mjs'

const HERE = dirname(fileURLToPath(import.meta.url))
const CASES = join(HERE, 'cases')
/** A round's writes; then the state is as at the beginning. */
const ROUND_WRITES = 400

const { values: options } = parseArgs({
  options: {
    schema: { type: 'string' },
    ops: { type: 'string', default: '5000' },
    seed: { type: 'string' },
    all: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
})

const folder = folderOf(options.schema)
const name = basename(folder)
const wanted = Number(options.ops)
const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31))
if (!Number.isSafeInteger(wanted) || !Number.isSafeInteger(seed)) {
  throw new Error('--ops and --seed are whole numbers')
}

const database = await Database.start(folder)
let differences = 0
try {
  const rules = new Rules(database.schema, database.catalog, database)
  console.log(`${name} on Postgres ${database.schema.server}, seed ${seed}`)
  differences += await replayCases(database, rules)
  differences += await fuzz(database, rules)
} finally {
  await database.stop()
}
console.log(`differences: ${differences}`)
process.exitCode = differences === 0 ? 0 : 1

/** The kept cases of this schema, all of them. */
async function replayCases(database, rules) {
  const files = (existsSync(CASES) ? readdirSync(CASES) : []).filter((file) =>
    file.endsWith('.json'),
  )
  let failed = 0
  for (const file of files.sort()) {
    const kept = JSON.parse(readFileSync(join(CASES, file), 'utf8'))
    if (kept.schema !== name) continue
    const message = await replay(database, rules, kept.writes)
    if (message === undefined) continue
    failed++
    print(`case ${file}: ${message}`, kept.writes)
  }
  return failed
}

async function fuzz(database, rules) {
  const counts = new Map()
  const causes = new Map()
  const random = new Random(seed)
  const generator = new Generator(random, database)
  const start = Date.now()
  let done = 0
  while (done < wanted && (options.all || causes.size === 0)) {
    const round = await Round.begin(database, rules, counts)
    const [writes, made] = [[], []]
    const attempt = async (step) => {
      try {
        await step()
      } catch (difference) {
        if (!(difference instanceof Difference)) {
          print('this write went wrong:', writes.slice(-1))
          throw difference
        }
        const known = causes.get(difference.cause) ?? {
          count: 0,
          writes: [...writes],
          made,
          difference,
        }
        causes.set(difference.cause, { ...known, count: known.count + 1 })
        await round.recover()
      }
    }
    for (let i = 0; i < ROUND_WRITES && done < wanted; i++) {
      const ops = generator.write(round.core)
      done += ops.length
      writes.push(ops)
      await attempt(async () => {
        try {
          await round.write(ops)
        } finally {
          made.push(round.made)
        }
      })
      if (!options.all && causes.size > 0) break
    }
    if (options.all || causes.size === 0) await attempt(() => round.look())
    await round.end()
  }
  report(counts, rules, done, Date.now() - start)
  return told(database, rules, causes)
}

function report(counts, rules, done, ms) {
  const list = (title, entries) => {
    if (entries.length > 0) console.log(`${title}\n${entries.map((e) => `  ${e}`).join('\n')}`)
  }
  const seconds = (ms / 1000).toFixed(1)
  console.log(`${done} operations in ${seconds} s, ${Math.round((done * 1000) / ms)} a second`)
  const sorted = [...counts].sort(([, a], [, b]) => b - a)
  list(
    'verdicts',
    sorted.map(([kind, count]) => `${String(count).padStart(7)}  ${kind}`),
  )
  const reasons = (map) => [...map].map(([name, reason]) => `${name}: ${reason}`)
  list('rules that only the server judges', reasons(rules.serverOnly))
  list('columns left out', reasons(rules.unseen))
  list('columns that triggers set and hooks foresee, compared', rules.foreseen)
  list('tables that triggers alone write, left out', [...rules.written])
  list('tables written by triggers', rules.triggered)
}

/** Says what differed, most frequent first; the first of each cause as a case where there is one only. */
async function told(database, rules, causes) {
  const sorted = [...causes].sort(([, a], [, b]) => b.count - a.count)
  let sum = 0
  for (const [cause, { count, writes, made, difference }] of sorted) {
    sum += count
    if (options.all) {
      print(`${count} × ${cause}\n  for example: ${difference.message}`, writes.slice(-1))
      continue
    }
    print(`difference: ${difference.message}`, writes.slice(-1))
    const short = await shrink(database, rules, writes, made, cause)
    print(`shrunk: ${short.message ?? 'it does not come again by itself'}`, short.writes)
    if (options.keep !== undefined) {
      const kept = {
        schema: name,
        about: short.message ?? difference.message,
        writes: short.writes,
      }
      writeFileSync(join(CASES, `${options.keep}.json`), `${JSON.stringify(kept, null, 2)}\n`)
    }
    const { server } = database.schema
    console.log(
      `again: cargo xtask parity --schema ${name} --ops ${wanted} --seed ${seed} --postgres ${server}`,
    )
  }
  return sum
}

function print(title, writes) {
  console.log(`\n${title}`)
  for (const ops of writes) console.log(`  ${JSON.stringify(ops.length === 1 ? ops[0] : ops)}`)
}
