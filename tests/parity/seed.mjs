// The state in which every round begins: a few rows of the schema's own seed data, and good values
// for every column, taken from the same data.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { literal, quoted, relation } from './text.mjs'

const run = promisify(execFile)

/** Rows kept of each table; more make a round slower and find nothing more. */
const ROWS_MAX = 10
/** Rows tried of each table; many refer to rows that were not kept. */
const TRIED_MAX = 150
/** Good values kept for each column. */
const VALUES_MAX = 40

/** Loads the rows, for good, and gives `{ identity, pools }`. */
export async function seedRows(client, folder, schema) {
  const generator = join(folder, 'seed/generate.mjs')
  if (!existsSync(generator)) return { identity: '1', pools: new Map() }
  const out = await mkdtemp(join(tmpdir(), 'haversack-parity-'))
  try {
    await run(process.execPath, [generator, out], { maxBuffer: 1 << 26 })
    const identity = await firstIdentity(folder)
    const pools = new Map()
    for (const file of (await readdir(out)).filter((name) => name.endsWith('.ndjson')).sort()) {
      const name = file.replace(/^\d+_/, '').replace(/\.ndjson$/, '')
      const rows = (await readFile(join(out, file), 'utf8')).trim().split('\n').filter(Boolean)
      await load(
        client,
        schema,
        name,
        rows.map((row) => JSON.parse(row)),
        identity,
        pools,
      )
    }
    await advanceSequences(client, schema)
    return { identity, pools }
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

async function firstIdentity(folder) {
  const path = join(folder, 'seed/identities.json')
  if (!existsSync(path)) return '1'
  const { identities, overseers } = JSON.parse(await readFile(path, 'utf8'))
  // Whoever may do most: policies refuse the others nearly everything.
  return String(overseers?.[0] ?? identities[0])
}

async function load(client, schema, name, rows, identity, pools) {
  const table = schema.tables.find((table) => table.name === name)
  const owners = table?.columns.filter((column) => column.identity).map(({ name }) => name) ?? []
  const own = rows.filter((row) => owners.every((owner) => String(row[owner]) === identity))
  for (const row of own.slice(0, 400)) learn(pools, name, row)
  const kept = table === undefined ? 50 : ROWS_MAX
  let loaded = 0
  for (const row of own.slice(0, TRIED_MAX)) {
    if (loaded >= kept) break
    const columns = Object.keys(row).map(quoted).join(', ')
    const into = relation(name)
    const json = literal(JSON.stringify([row]))
    try {
      await client.query(
        `INSERT INTO ${into} (${columns}) OVERRIDING SYSTEM VALUE
         SELECT ${columns} FROM json_populate_recordset(NULL::${into}, ${json})`,
      )
      loaded++
    } catch {
      // It refers to a row that was not kept, or a trigger made it already.
    }
  }
}

/** The rows brought their keys, of which the sequences know nothing. */
async function advanceSequences(client, schema) {
  for (const { name, columns } of schema.tables) {
    for (const column of columns.filter(({ default: made }) => made?.kind === 'sequence')) {
      const sequence = `pg_get_serial_sequence(${literal(relation(name))}, ${literal(column.name)})`
      await client.query(
        `SELECT setval(${sequence}, greatest(max(${quoted(column.name)}), 1) + 100000)
         FROM ${relation(name)} WHERE ${sequence} IS NOT NULL`,
      )
    }
  }
}

/** Notes a row's values as good ones. */
export function learn(pools, table, row) {
  for (const [column, value] of Object.entries(row)) {
    const name = `${table}.${column}`
    if (!pools.has(name)) pools.set(name, [])
    const pool = pools.get(name)
    if (value !== null && pool.length < VALUES_MAX && !pool.includes(value)) pool.push(value)
  }
}
