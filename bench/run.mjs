// Measures Haversack beside its peers in headless Chromium, with a real endpoint and Postgres, and
// prints ratios of one run:
//
//   cargo xtask bench --quick

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync } from 'node:zlib'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'

import { Backend } from '../tests/support/backend.mjs'
import { launchOptions } from '../tests/support/chromium.mjs'
import { serveFolder } from '../tests/support/static-server.mjs'
import { row } from './row.mjs'
import { largestSchema, startOverManyTables } from './schemas.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const schema = fileURLToPath(new URL('../schemas/organizational', import.meta.url))
const pkg = process.env.HAVERSACK_PKG ?? fileURLToPath(new URL('../pkg', import.meta.url))

/** What the package may weigh, in bytes after brotli. */
const PACKAGE_BYTES_MAX = 90 * 1024
const FIRST_SYNCS = 5

/** Bundles the page as an application would. */
async function bundle(folder) {
  await build({
    entryPoints: [join(here, 'src/page.js')],
    outfile: join(folder, 'page.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    // What `haversack/testing` asks for in Node alone.
    external: ['node:fs/promises'],
    logLevel: 'error',
  })
  for (const name of ['haversack_bg.wasm']) {
    await writeFile(join(folder, name), await readFile(join(pkg, 'dist/wasm', name)))
  }
}

async function packageBytes() {
  const files = await readdir(join(pkg, 'dist'), { recursive: true })
  let bytes = 0
  for (const file of files.filter((file) => /\.(js|wasm)$/.test(file))) {
    bytes += brotliCompressSync(await readFile(join(pkg, 'dist', file))).length
  }
  return bytes
}

/** A page in a browser with an empty profile on disk. */
async function inFreshProfile(url, work) {
  const profile = await mkdtemp(join(tmpdir(), 'haversack-bench-'))
  const context = await chromium.launchPersistentContext(profile, launchOptions())
  try {
    const page = context.pages()[0] ?? (await context.newPage())
    const errors = []
    page.on('pageerror', (error) => errors.push(error.message))
    await page.goto(url)
    await page.waitForFunction(() => globalThis.bench)
    const result = await work(page)
    if (errors.length) throw new Error(`the page reported: ${errors.join('; ')}`)
    return result
  } finally {
    await context.close()
    await rm(profile, { recursive: true, force: true })
  }
}

const call = (page, name, options) =>
  page.evaluate(([name, options]) => globalThis.bench[name](options), [name, options])

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}

/** First syncs, each from an empty profile and beside raw puts of the same rows in the same run. */
async function measureFirstSync(url, options) {
  const runs = []
  for (let i = 0; i < FIRST_SYNCS; i++) {
    runs.push(
      await inFreshProfile(url, async (page) => {
        const sync = await call(page, 'firstSync', options)
        const raw = await call(page, 'rawPuts')
        return { ...sync, raw: raw.milliseconds }
      }),
    )
  }
  return {
    rows: runs[0].rows,
    raw: median(runs.map((run) => run.raw)),
    visible: median(runs.map((run) => run.visible)),
    drained: median(runs.map((run) => run.drained)),
    visibleRatio: median(runs.map((run) => run.visible / run.raw)),
    drainedRatio: median(runs.map((run) => run.drained / run.raw)),
    longestTask: median(runs.map((run) => run.longestTask)),
    longestTasks: runs.map((run) => Math.round(run.longestTask)),
  }
}

/** Queries and writes on one synced page. */
function measureQueries(url, options, schema) {
  return inFreshProfile(url, async (page) => {
    await call(page, 'firstSync', options)
    await call(page, 'rawPuts')
    const compound = await call(page, 'compound')
    const get = await call(page, 'get')
    const kinds = await call(page, 'kinds')
    const insert = await call(page, 'durableInsert', { pairs: 200, warm: 400 })
    const reading = await call(page, 'readSchema', { schema })
    return { compound, get, kinds, insert, reading }
  })
}

function print({ first, compound, get, kinds, insert, reading, starting, bytes }) {
  const ms = (n) => `${n.toFixed(n < 10 ? 2 : 0)} ms`
  const us = (n) => `${n.toFixed(2)} µs`
  const compoundTimes = compound.theirs / compound.ours
  const getTimes = get.theirs / get.ours
  const kind = (name, { ours, theirs }, goal) =>
    row(
      name,
      `${us(ours)}, idb ${us(theirs)}: ${(theirs / ours).toFixed(0)}× faster`,
      `≥ ${goal.toLocaleString('en')}×`,
      theirs / ours >= goal,
    )
  const insertRatio = insert.ours / insert.theirs
  console.log(`\nHaversack, ${first.rows} events, medians of one run\n`)
  return [
    row(
      'first sync, rows on screen',
      `${ms(first.visible)}, raw puts ${ms(first.raw)}: ${first.visibleRatio.toFixed(2)}×`,
      '≤ 1.5×',
      first.visibleRatio <= 1.5,
    ),
    row(
      'first sync, row stores drained',
      `${ms(first.drained)}, raw puts ${ms(first.raw)}: ${first.drainedRatio.toFixed(2)}×`,
      '≤ 2.5×',
      first.drainedRatio <= 2.5,
    ),
    row(
      'longest task on the main thread',
      `${first.longestTask ? ms(first.longestTask) : 'none above 50 ms'} (runs: ${first.longestTasks.join(', ')})`,
      '≤ 50 ms',
      first.longestTask <= 50,
    ),
    row(
      'compound query, limit 50',
      `${us(compound.ours)}, idb ${us(compound.theirs)}: ${compoundTimes.toFixed(0)}× faster`,
      '≥ 500×',
      compoundTimes >= 500,
    ),
    row(
      'get by key',
      `${us(get.ours)}, idb ${us(get.theirs)}: ${getTimes.toFixed(0)}× faster`,
      '≥ 100×',
      getTimes >= 100,
    ),
    kind('a value within JSON', kinds.json, 120),
    kind('page 37 of 50', kinds.page, 10_000),
    kind('count, sum and max by group', kinds.group, 3_000),
    kind('read all, after a write', kinds.readAll, 3_000),
    row(
      'a write under 100 live queries',
      `${us(kinds.live.among)} to the last of ${kinds.live.told.toFixed(1)} callbacks, alone ${us(kinds.live.alone)}`,
      '≤ 300 µs',
      kinds.live.among <= 300,
    ),
    row(
      'one durable insert',
      `${ms(insert.ours)}, raw strict put ${ms(insert.theirs)}: ${insertRatio.toFixed(2)}×`,
      '≤ 1.1×',
      insertRatio <= 1.1,
    ),
    row(
      `the largest schema, ${reading.tables} tables, read`,
      `${ms(reading.first)} at first, then ${ms(reading.median)}`,
      '≤ 10 ms',
      reading.first <= 10,
    ),
    row(
      `endpoint started on ${starting.tables} tables`,
      ms(starting.milliseconds),
      '≤ 1000 ms',
      starting.milliseconds <= 1000,
    ),
    row(
      'package: wasm, glue, TypeScript',
      `${(bytes / 1024).toFixed(1)} KB brotli`,
      '≤ 90 KB',
      bytes <= PACKAGE_BYTES_MAX,
    ),
  ]
}

const folder = await mkdtemp(join(tmpdir(), 'haversack-bench-page-'))
await bundle(folder)
const page =
  '<!doctype html><meta charset="utf-8"><title>bench</title><script type="module" src="/page.js"></script>'
const connect = []
const server = await serveFolder(folder, { '/': page }, { connect, isolated: true })
const backend = await Backend.start({ schema, seed: true, origins: [new URL(server.url).origin] })
connect.push(backend.url, backend.url.replace('http', 'ws'))
try {
  const [{ count }] = await backend.sql(
    'select count(*)::int as count from events where user_id = 1',
  )
  const options = { endpoint: backend.url, token: backend.token('1'), expected: count }
  const first = await measureFirstSync(server.url, options)
  const queries = await measureQueries(server.url, options, await largestSchema())
  const starting = await startOverManyTables()
  const met = print({ first, ...queries, starting, bytes: await packageBytes() })
  console.log(`\n${met.filter(Boolean).length} of ${met.length} figures met`)
} finally {
  await backend.stop()
  await server.close()
  await rm(folder, { recursive: true, force: true })
}
