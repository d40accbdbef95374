// The rows of the workload: real holidays, as the schema's seed data has them, with every column of the
// table. They stand in Postgres too, where Haversack's replica has them from.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { iso } from './workload.js'

const run = promisify(execFile)
const USER = 1
const CREATED = '2026-01-01T00:00:00.000000Z'

/** Reads the seed's tables; of Ada's events the first `count`, spread over all of them. */
export async function readSeed(schema, count) {
  const folder = await mkdtemp(join(tmpdir(), 'haversack-bench-rows-'))
  try {
    await run(process.execPath, [join(schema, 'seed/generate.mjs'), folder])
    const tables = {}
    for (const file of await readdir(folder)) {
      const lines = (await readFile(join(folder, file), 'utf8')).trim().split('\n')
      tables[file.replace(/^\d+_|\.ndjson$/g, '')] = lines.map((line) => JSON.parse(line))
    }
    const own = tables.events.filter((row) => row.user_id === USER)
    const step = Math.max(1, own.length / count)
    const rows = Array.from({ length: Math.min(count, own.length) }, (_, i) =>
      eventRow(own[Math.floor(i * step)], i + 1),
    )
    return { users: tables.users, event_types: tables.event_types, events: rows }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A row with all columns, in the forms that JavaScript reads them in. */
function eventRow(row, event_id) {
  const time = (value) => (value ? iso(Date.parse(value)) : null)
  return {
    event_id,
    user_id: row.user_id,
    event_type_id: row.event_type_id,
    title: row.title,
    description: row.description ?? null,
    completed_date: time(row.completed_date),
    status: row.status,
    is_favorite: false,
    custom_fields: row.custom_fields,
    created_at: CREATED,
    updated_at: CREATED,
    deleted_at: null,
    priority: row.priority,
    budget: null,
    location: row.location,
    due_date: time(row.due_date),
  }
}

/** Puts the rows into Postgres. */
export async function insertRows(backend, tables) {
  for (const [table, rows] of Object.entries(tables)) {
    const columns = Object.keys(rows[0]).join(', ')
    await backend.sql(
      `insert into ${table} (${columns}) select ${columns}
       from json_populate_recordset(null::${table}, $1)`,
      [JSON.stringify(rows)],
    )
  }
  await backend.sql(`select setval(pg_get_serial_sequence('events', 'event_id'), max(event_id))
    from events`)
}
