// The rows that a database in memory begins with: inserted into one of their own, under the schema
// as the owner of the tables meets it, so that they are checked like any other and fill columns
// that no user may.

import type { MemoryClient, MutationOp, WireValue } from './binding.js'
import { HaversackError, toHaversackError } from './errors.js'
import { Rows } from './rows.js'
import { wireValues } from './table.js'
import type { SchemaColumn, SchemaOf, SchemaTable } from './types.js'

/** What is read here of a column beside what others read. */
interface Column extends SchemaColumn {
  readonly identity?: boolean
  readonly generated?: unknown
  readonly default?: { readonly kind: string }
}

/** What is read here of a table beside what others read. */
interface Described extends SchemaTable {
  readonly columns: readonly Column[]
  readonly foreign_keys?: readonly { readonly references: string }[]
}

type Values = { [column: string]: WireValue }

/**
 * Inserts the rows into a database that `open` makes of a schema, which the caller frees.
 *
 * @throws HaversackError what is wrong with a row, naming it
 */
export function initialRows(
  schema: SchemaOf<unknown>,
  rows: { readonly [table: string]: unknown },
  check: boolean,
  identity: string | null,
  open: (schema: object) => MemoryClient,
): MemoryClient {
  const tables = schema.tables as readonly Described[]
  const unknown = Object.keys(rows).find((name) => !tables.some((table) => table.name === name))
  if (unknown !== undefined) {
    const hint = `the schema has ${tables.map((table) => table.name).join(', ')}`
    throw new HaversackError('unknown_table', `rows: there is no synced table "${unknown}"`, {
      table: unknown,
      hint,
    })
  }
  const client = open({ ...schema, tables: tables.map((table) => asOwner(table, check)) })
  try {
    for (const table of inOrder(tables)) {
      // A table may be called as something that every object has.
      const given = Object.hasOwn(rows, table.name) ? rows[table.name] : undefined
      insert(client, table, given ?? [], identity)
    }
  } catch (thrown) {
    client.free()
    throw thrown
  }
  return client
}

function insert(
  client: MemoryClient,
  table: Described,
  given: unknown,
  identity: string | null,
): void {
  const name = table.name
  if (!Array.isArray(given)) {
    throw new HaversackError('config_invalid', `rows.${name} must be an array of rows`)
  }
  const all = given.map((row: unknown, i) =>
    naming(`rows.${name}[${i}]`, () => values(table, row, identity)),
  )
  fillKeys(table, all)
  for (const [i, values] of all.entries()) {
    const op: MutationOp = { op: 'insert', table: name, values }
    naming(`rows.${name}[${i}]`, () => client.mutate(JSON.stringify([op])))
  }
}

/** A row's values, with whose it is. */
function values(table: Described, row: unknown, identity: string | null): Values {
  if (typeof row !== 'object' || row === null) {
    throw new HaversackError('type_mismatch', 'a row is an object', { table: table.name })
  }
  const values = wireValues(new Rows(0, table), row)
  for (const column of table.columns) {
    if (column.identity === true && identity !== null) values[column.name] ??= identity
  }
  return values
}

/** Keys of a sequence for the rows that have none, after the largest that others have. */
function fillKeys(table: Described, rows: readonly Values[]): void {
  const column = table.columns.find(
    ({ name, default: made }) => made?.kind === 'sequence' && table.primary_key.includes(name),
  )
  if (column === undefined) return
  const keys = rows.map((row) => Number(row[column.name] ?? 0)).filter(Number.isSafeInteger)
  let last = keys.reduce((a, b) => Math.max(a, b), 0)
  for (const row of rows) row[column.name] ??= String(++last)
}

/** The table as its owner meets it; unless `check`, past all rules but types and keys. */
function asOwner(table: Described, check: boolean): object {
  const free = { nullable: true, domains: [], generated: undefined }
  const columns = table.columns.map((column) => ({
    ...column,
    ...(check ? {} : free),
    identity: false,
    writable: !check || column.generated === undefined,
  }))
  const rules = check ? {} : { uniques: [], primary_key_rank: 0, checks: [], foreign_keys: [] }
  return { ...table, ...rules, columns, insertable: true }
}

/** The tables, each after those that it refers to; of a circle, in the schema's order. */
function inOrder(tables: readonly Described[]): Described[] {
  const order = new Set<Described>()
  const seen = new Set<Described>()
  const add = (table: Described): void => {
    if (seen.has(table)) return
    seen.add(table)
    for (const { references } of table.foreign_keys ?? []) {
      const other = tables.find(({ name }) => name === references)
      if (other !== undefined) add(other)
    }
    order.add(table)
  }
  tables.forEach(add)
  return [...order]
}

/** Says of an error where it is. */
function naming<R>(place: string, work: () => R): R {
  try {
    return work()
  } catch (thrown) {
    if (thrown instanceof WebAssembly.RuntimeError) throw thrown
    const { code, message, details, recovery } = toHaversackError(thrown)
    throw new HaversackError(code, `${place}: ${message}`, details, recovery, thrown)
  }
}
