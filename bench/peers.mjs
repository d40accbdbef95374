// Measures Haversack and its peers on one workload in headless Chromium, each in a browser and profile
// of its own, and writes results.json, docs/bench.svg and the figures of docs/bench.md:
//
//   cargo xtask bench
//   node bench/peers.mjs --verify --rows 300      only whether every answer is right
//   node bench/peers.mjs --rounds 1 idb dexie     some peers, nothing is written

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { Backend } from '../tests/support/backend.mjs'
import { serveFolder } from '../tests/support/static-server.mjs'
import { PEERS, Profile, bundlePeer, versionOf } from './peers/browser.mjs'
import { insertRows, readSeed } from './peers/rows.mjs'
import { median } from './src/measure.js'
import { goals, table, words, writeResults } from './peers/report.mjs'

const schema = fileURLToPath(new URL('../schemas/organizational', import.meta.url))

const { values: options, positionals } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    verify: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const names = positionals.length ? positionals : Object.keys(PEERS)
for (const name of names) {
  if (!PEERS[name]) throw new Error(`no peer is named ${name}; there are ${Object.keys(PEERS)}`)
}

const QUERIES = ['get', 'compound', 'range', 'json', 'page', 'group', 'readAll']

/** Full text, of a peer that has an index for it alone: the other figures are without what that costs. */
async function measureText(name, url) {
  if (PEERS[name].text !== 'index') return {}
  const profile = await Profile.create(name)
  try {
    const strict = PEERS[name].durability[0] === 'strict'
    const kinds = ['text']
    const call = await profile.page(`${url}${name}.html`)
    const bulkInsertText = await call('bulkInsert', { strict, text: true })
    await call('verifyAll', { kinds })
    if (options.verify) return {}
    return { bulkInsertText, ...(await call('timeQueries', { kinds })) }
  } finally {
    await profile.remove()
  }
}

/** One peer, once, from an empty profile to the restart of its browser. */
async function measure(name, url) {
  const profile = await Profile.create(name)
  const figures = {}
  try {
    const [first, second] = PEERS[name].durability
    const mode = (durability) => (durability === 'strict' ? 'strict' : '')
    let call = await profile.page(`${url}${name}.html`)
    figures.chromium = profile.chromium
    figures.bulkInsert = await call('bulkInsert', { strict: first === 'strict' })
    const kinds = PEERS[name].text === 'query' ? [...QUERIES, 'text'] : QUERIES
    await call('verifyAll', { kinds })
    if (options.verify) return figures
    Object.assign(figures, await call('timeQueries', { kinds }))
    figures.live = await call('timeLive')
    figures[first] = await call('timeWrites')
    const left = await call('leave')
    const colds = []
    for (let i = 0; i < 3; i++) {
      call = await profile.page(`${url}${name}.html?cold&${mode(second ?? first)}`)
      colds.push(await call('cold', left))
    }
    figures.reload = colds.sort((a, b) => a - b)[1]
    await call('resume', left)
    if (second) figures[second] = await call('timeWrites')
    const last = await call('leave')
    await profile.end()
    call = await profile.page(`${url}${name}.html?cold&${mode(second ?? first)}`)
    figures.restart = await call('cold', last)
    await call('resume', last)
    figures.memory = await call('memory', { kinds })
    return figures
  } finally {
    await profile.remove()
  }
}

const html = (name) =>
  `<!doctype html><meta charset="utf-8"><title>${name}</title><script type="module" src="/${name}.js"></script>`

function medianOf(numbers) {
  const there = numbers.filter((n) => n !== null && n !== undefined)
  return there.length ? median(there) : null
}

/** The medians of a peer's rounds. */
function overRounds(rounds) {
  const figure = (read) => medianOf(rounds.map(read))
  const queries = 'get compound range json text page group readAll live'.split(' ')
  const rest = 'bulkInsert bulkInsertText reload restart memory'.split(' ')
  const result = {}
  for (const name of [...queries, ...rest]) result[name] = figure((round) => round[name])
  for (const durability of ['strict', 'relaxed']) {
    for (const kind of ['insert', 'update']) {
      result[`${kind}_${durability}`] = figure((round) => round[durability]?.[kind])
    }
  }
  return result
}

const folder = await mkdtemp(join(tmpdir(), 'haversack-bench-peers-'))
const connect = []
const pages = Object.fromEntries(names.map((name) => [`/${name}.html`, html(name)]))
const server = await serveFolder(folder, pages, { connect, isolated: true })
let backend
try {
  const seed = await readSeed(schema, Number(options.rows))
  await writeFile(join(folder, 'rows.json'), JSON.stringify(seed.events))
  const size = {}
  for (const name of names) size[name] = await bundlePeer(name, folder)

  const rounds = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < (options.verify ? 1 : Number(options.rounds)); round++) {
    for (const name of names) {
      if (name === 'haversack') {
        // Each round begins with the same rows in Postgres.
        const origins = [new URL(server.url).origin]
        backend = await Backend.start({ schema, origins })
        await insertRows(backend, seed)
        connect.splice(0, connect.length, backend.url, backend.url.replace('http', 'ws'))
        const served = await (await fetch(`${backend.url}/v1/schema`)).json()
        const setup = { schema: served, url: backend.url, token: backend.token('1') }
        await writeFile(join(folder, 'setup.js'), `export default ${JSON.stringify(setup)}`)
      }
      const start = performance.now()
      rounds[name].push({
        ...(await measure(name, server.url)),
        ...(await measureText(name, server.url)),
      })
      const seconds = ((performance.now() - start) / 1000).toFixed(0)
      console.log(`${name}: every answer right${options.verify ? '' : `, measured`} (${seconds} s)`)
      if (name === 'haversack') {
        await backend.stop()
        backend = undefined
      }
    }
  }
  if (!options.verify) {
    const peers = {}
    for (const name of names) {
      const version = await versionOf(PEERS[name].package)
      peers[name] = { version, ...overRounds(rounds[name]), size: size[name] }
    }
    const results = {
      date: new Date().toISOString().slice(0, 10),
      rows: seed.events.length,
      rounds: Number(options.rounds),
      machine: {
        cores: cpus().length,
        model: cpus()[0].model,
        chromium: rounds[names[0]][0].chromium,
      },
      peers,
    }
    console.log(`\n${table(results)}\n\n${words(results)}\n\n${goals(results)}`)
    if (!positionals.length) await writeResults(results)
  }
} finally {
  await backend?.stop()
  await server.close()
  await rm(folder, { recursive: true, force: true })
}
