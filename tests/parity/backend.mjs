// A database of Postgres with a schema, attached as for an endpoint, and rounds of operations in
// it. A round is one transaction, as a push is, and each write in it a savepoint under the user's
// role with row security, its constraints made immediate before its end. The end of a round undoes
// all of it, so every round begins in the same state.

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import pg from 'pg'

import { Backend } from '../support/backend.mjs'
import { Catalog } from './catalog.mjs'
import { isReference } from './core.mjs'
import { seedRows } from './seed.mjs'
import { literal, quoted, relation, sqlText } from './text.mjs'

const SETTINGS = `SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC';
SET bytea_output = 'hex'; SET extra_float_digits = 1; SET synchronous_commit = off`

export class Database {
  #backend
  #client
  #begin

  /**
   * Migrates and attaches a folder of `schemas/`, and gives it some rows of its seed data. `serve`: does an
   * endpoint go on beside it, for `serverAnswer`?
   */
  static async start(folder, { serve = false } = {}) {
    const database = new Database()
    // What questions ask that is an extension's.
    const sql = serve ? 'CREATE EXTENSION IF NOT EXISTS pg_trgm' : ''
    database.#backend = await Backend.start({ schema: folder, sql })
    const { url, databaseUrl, loginUrl } = database.#backend
    const answer = await fetch(`${url}/v1/schema`)
    if (!answer.ok) throw new Error(`/v1/schema: ${answer.status} ${await answer.text()}`)
    /** The schema as it is served. */
    database.schema = await answer.json()
    if (!serve) await database.#backend.end()
    const client = (database.#client = new pg.Client({ connectionString: databaseUrl }))
    client.on('error', () => {})
    await client.connect()
    await client.query(SETTINGS)
    const login = decodeURIComponent(new URL(loginUrl).username)
    /** What the schema does not say. */
    database.catalog = await Catalog.read(client, login)
    /** What the schema's hooks are, and the columns of triggers that they foresee. */
    Object.assign(database, await hooksOf(folder, database.schema))
    /** Who the user is, good values by table and column, and rows as seen by the owner. */
    Object.assign(database, await seedRows(client, folder, database.schema))
    database.#begin = [
      `SELECT set_config(${literal(database.schema.identity.setting)}, ${literal(database.identity)}, true)`,
      'DELETE FROM haversack.changes',
    ].join('; ')
    return database
  }

  async stop() {
    await this.#client.end()
    await this.#backend.stop()
  }

  /**
   * Begins a round and gives its time in milliseconds. The transaction begins in a whole one, so
   * that `now()` is the same to the microsecond for a client, which knows milliseconds.
   */
  async begin() {
    for (;;) {
      const [, { rows }] = await this.#client.query(
        'BEGIN; SELECT extract(epoch FROM now()) * 1000 AS now',
      )
      if (/^\d+(\.0+)?$/.test(rows[0].now)) {
        await this.#client.query(this.#begin)
        return Number(rows[0].now)
      }
      await this.#client.query('ROLLBACK')
    }
  }

  /** Keeps for good what the round has written, so that others see it; the round goes on. */
  async publish() {
    await this.#client.query('COMMIT')
    await this.begin()
  }

  /** What the endpoint answers to a query: rows as arrays of texts, or the problem. */
  async serverAnswer(asked, params) {
    const token = this.#backend.token(this.identity)
    const answer = await fetch(`${this.#backend.url}/v1/query`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ protocol: 1, fingerprint: this.schema.fingerprint, ...asked, params }),
    })
    const text = await answer.text()
    if (!answer.ok) return { problem: JSON.parse(text) }
    const lines = text.trim().split('\n')
    return { rows: lines.flatMap((line) => JSON.parse(line).rows ?? []) }
  }

  /** Ends a round: everything is as before. */
  async end() {
    await this.#client.query('ROLLBACK')
  }

  /**
   * Runs a write: of each statement `sql`, made of the keys that the earlier ones gave, and `finds`:
   * must it find its row? Gives the keys of the rows that changed, or `{ error }`. It is to be
   * followed by `keep` or `undo`.
   */
  async run(statements) {
    const { role, deferred } = this.catalog
    const defer = deferred.length > 0 ? `; SET CONSTRAINTS ${deferred.join(', ')} DEFERRED` : ''
    const head = `SAVEPOINT write; SET LOCAL ROLE ${quoted(role)}${defer}`
    const tail =
      'SET CONSTRAINTS ALL IMMEDIATE; RESET ROLE; DELETE FROM haversack.changes RETURNING tbl, key'
    try {
      // Alone, a statement shares a round trip with what is around it.
      if (statements.length === 1) {
        const [{ sql, finds }] = statements
        const results = await this.#client.query(`${head}; ${sql([])}; ${tail}`)
        const own = results.at(-4)
        return own.rowCount === 0 && finds ? NOT_FOUND : this.#touched(results.at(-1))
      }
      await this.#client.query(head)
      const keys = []
      for (const { sql, finds } of statements) {
        const { rowCount, rows } = await this.#client.query(sql(keys))
        if (rowCount === 0 && finds) return NOT_FOUND
        keys.push(Object.values(rows[0] ?? {})[0])
      }
      return this.#touched((await this.#client.query(tail)).at(-1))
    } catch (error) {
      if (error.code === undefined || error.severity === 'FATAL') throw error
      return { error }
    }
  }

  #touched({ rows }) {
    const keys = new Map()
    for (const { tbl, key } of rows) {
      const name = this.catalog.numbers.get(tbl)
      // An empty key is no row: it says that others may be seen now.
      if (key !== null && key.length > 0) keys.set(JSON.stringify([name, key]), [name, key])
    }
    return { touched: [...keys.values()] }
  }

  /** Keeps what the last write did, and gives its rows by table and key. */
  async keep(touched) {
    const byTable = new Map(touched.map(([name]) => [name, []]))
    for (const [name, key] of touched) byTable.get(name).push(key)
    const reads = [...byTable].map(([name, keys]) => this.#select(name, keys))
    const results = [
      await this.#client.query([...reads, 'RELEASE SAVEPOINT write'].join('; ')),
    ].flat()
    return new Map([...byTable.keys()].map((name, i) => [name, results[i].rows]))
  }

  /** Undoes what the last write did. */
  async undo() {
    await this.#client.query('ROLLBACK TO SAVEPOINT write; RELEASE SAVEPOINT write')
  }

  /** What a statement gives the user, its columns in their order. */
  async ask(sql) {
    const role = quoted(this.catalog.role)
    const text = `SET LOCAL ROLE ${role}; ${sql}; RESET ROLE`
    const [, { rows }] = await this.#client.query({ text, rowMode: 'array' })
    return rows
  }

  /** All rows of the user's, as arrays of texts by table. */
  async rows() {
    const names = this.schema.tables.map(({ name }) => name)
    const read = names.map((name) => this.#select(name)).join('; ')
    const role = quoted(this.catalog.role)
    const all = await this.#client.query(`SET LOCAL ROLE ${role}; ${read}; RESET ROLE`)
    return new Map(names.map((name, i) => [name, all[i + 1].rows]))
  }

  #select(name, keys) {
    const table = this.schema.tables.find((table) => table.name === name)
    const columns = table.columns.map(
      ({ name, type }) => `${printed(quoted(name), type)} AS ${quoted(name)}`,
    )
    const from = `SELECT ${columns.join(', ')} FROM ${relation(name)} t`
    if (keys === undefined) return from
    const key = table.primary_key.map((column) => `t.${quoted(column)}::text`)
    const wanted = keys.map((parts) => `(${parts.map(literal).join(', ')})`)
    return `${from} WHERE (${key.join(', ')}) IN (${wanted.join(', ')})`
  }
}

const NOT_FOUND = { error: { code: 'row_not_found' } }

function printed(column, { name }) {
  return name === 'char' ? `rtrim(t.${column}::text)` : `t.${column}::text`
}

/**
 * An operation as a statement: its values with those that the core made beside them, cast from text
 * by `casts` as the endpoint does.
 */
export function statement(table, casts, op, made = {}) {
  const texts = (values, keys) =>
    Object.entries(values).map(([name, value]) => {
      const { type } = table.columns.find((column) => column.name === name)
      const text = isReference(value) ? keys[value.$new] : sqlText(type, value)
      const cast = casts.get(`${table.name}.${name}`)
      return [name, text === null ? 'NULL' : `${literal(String(text))}::text::${cast}`]
    })
  const at = () => {
    const parts = table.primary_key.map((name, i) => [name, op.key[i]])
    return texts(Object.fromEntries(parts), [])
      .map(([name, text]) => `${quoted(name)} = ${text}`)
      .join(' AND ')
  }
  const into = relation(table.name)
  if (op.op === 'delete') return { sql: () => `DELETE FROM ${into} WHERE ${at()}`, finds: true }
  if (op.op === 'update') {
    const sql = (keys) => {
      // The core looks at them in the order of their names.
      const set = texts(op.set, keys).sort(([a], [b]) => (a < b ? -1 : 1))
      const list = set.map(([name, text]) => `${quoted(name)} = ${text}`).join(', ')
      return `UPDATE ${into} SET ${list} WHERE ${at()}`
    }
    return { sql, finds: true }
  }
  const order = new Map(table.columns.map(({ name }, i) => [name, i]))
  const given = { ...made, ...op.values }
  const always = Object.keys(given).some(
    (name) => table.columns[order.get(name)].default?.always === true,
  )
  const overriding = always ? 'OVERRIDING SYSTEM VALUE ' : ''
  const returning = `RETURNING ${quoted(table.primary_key[0])}::text`
  const sql = (keys) => {
    const values = texts(given, keys).sort(([a], [b]) => order.get(a) - order.get(b))
    if (values.length === 0) return `INSERT INTO ${into} DEFAULT VALUES ${returning}`
    const names = values.map(([name]) => quoted(name)).join(', ')
    const list = values.map(([, text]) => text).join(', ')
    return `INSERT INTO ${into} (${names}) ${overriding}VALUES (${list}) ${returning}`
  }
  return { sql, finds: false }
}

/** A folder of `schemas/` by its name, or any other schema folder. */
export function folderOf(given) {
  if (given === undefined) throw new Error('--schema names a folder of schemas/')
  const inside = fileURLToPath(new URL(`../../schemas/${given}`, import.meta.url))
  return existsSync(join(inside, 'haversack.toml')) ? inside : resolve(given)
}

/** The hooks of a folder of `schemas/`, of tables that sync. */
async function hooksOf(folder, schema) {
  const file = join(folder, 'hooks.ts')
  if (!existsSync(file)) return { hooks: {}, covers: [], foresees: [] }
  const { hooks, covers, foresees = [] } = await import(pathToFileURL(file))
  const synced = new Set(schema.tables.map(({ name }) => name))
  return {
    hooks: Object.fromEntries(Object.entries(hooks).filter(([table]) => synced.has(table))),
    covers,
    foresees,
  }
}
