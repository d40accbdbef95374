/**
 * A database in memory, for the tests of applications: the same core under the same schema, without
 * browser, IndexedDB, server or network.
 *
 * @packageDocumentation
 */

import type { BindingEvent, MemoryClient, WasmSource } from './binding.js'
import type { Database } from './database.js'
import { makeDatabase } from './database.js'
import { HaversackError, report, toHaversackError } from './errors.js'
import type { Hooks } from './hooks.js'
import { initialRows } from './initial-rows.js'
import { binding, load } from './open.js'
import type { Instance } from './replica.js'
import type { Operand, SchemaOf, TablesOf, TableType } from './types.js'

/**
 * A row to begin with: what an insert takes, and any other column beside it, those too that users
 * may not write.
 */
export type InitialRow<T extends TableType> = ([T['insert']] extends [never]
  ? unknown
  : T['insert']) & {
  readonly [C in Exclude<keyof T['row'], keyof T['insert']>]?: Operand<T['row'][C]>
}

/** What `openMemory` takes. */
export interface MemoryOptions<T extends TablesOf<T>> {
  /** The schema that `haversack pull` wrote. */
  readonly schema: SchemaOf<T>
  /**
   * The rows to begin with, by table, in any order of the tables. A row is the identity's where it
   * does not say whose it is; what it leaves out is filled as by an insert.
   */
  readonly rows?: { readonly [K in keyof T]?: readonly InitialRow<T[K]>[] }
  /** Must `rows` obey the schema's rules? Types and keys have to be right in any case. True by default. */
  readonly check?: boolean
  /**
   * Who is signed in, as a token would name them; null for nobody. By default `1` where the schema
   * has integers for users, `00000000-0000-7000-8000-000000000001` where it has uuids, else `user-1`.
   */
  readonly identity?: string | null
  /** The time: a fixed one, or what gives it. By default this machine's clock. */
  readonly now?: Date | number | (() => Date | number)
  /** What runs in the wake of writes, but for those that make `rows`. */
  readonly hooks?: Hooks<T>
  /** A seed, for the same keys in every run. By default they are random. */
  readonly random?: number
  /** The WebAssembly module, where it is not found beside the package's JavaScript. */
  readonly wasm?: WasmSource
}

/** A database in memory: as `open` gives one, and it can be set back. */
export type MemoryDatabase<T extends TablesOf<T>> = Omit<Database<T>, 'reset'> & {
  /**
   * Back to the rows of the beginning. Live queries are told; keys and random values begin anew. A
   * table called `reset` is reached by `db.table('reset')`.
   */
  reset(): void
}

/**
 * Opens a database in memory, with the interface and the rules of the one in the browser. There is
 * no server: a write that the rules let pass is confirmed at once, so `durable` and `synced`
 * resolve, and what only the server could say is not said: defaults that only it can evaluate stay
 * null, and constraints that only it can judge do not hold.
 *
 * Rejects with a `HaversackError`: `config_invalid` (an option), `schema_changed` (the schema was
 * not written by this version's `haversack pull`), `network` (the module could not be loaded), and
 * what is wrong with a row of `rows`, naming it.
 */
export async function openMemory<T extends TablesOf<T>>(
  options: MemoryOptions<T>,
): Promise<MemoryDatabase<T>> {
  const { schema, rows = {}, check = true, random } = options
  if (!Array.isArray(schema?.tables)) {
    throw invalid('`schema` is not what `haversack pull` wrote')
  }
  if (random !== undefined && !Number.isFinite(random)) throw invalid('`random` must be a number')
  const now = clock(options.now)
  const identity = options.identity === undefined ? someone(schema) : options.identity
  const instance = await load(options.wasm ?? (await besidePackage()))
  if (instance.trapped !== undefined) throw instance.trapped

  // The rows are made anew for each beginning, since the time may be another one.
  const begin = (client: MemoryClient): void => {
    const open = (changed: object, seed: number | undefined): MemoryClient =>
      binding.Client.in_memory(JSON.stringify(changed), '', now, seed, () => {})
    // Another seed than the database's own, or rows of both would get the same keys.
    const seed = random === undefined ? undefined : -1 - random
    const made = initialRows(schema, rows, check, identity, (changed) => open(changed, seed))
    client.take_rows(made)
    made.free()
  }
  return guarded(instance, () => {
    let onEvent = (_: BindingEvent): void => {}
    const client = binding.Client.in_memory(
      JSON.stringify(schema),
      identity ?? undefined,
      now,
      random,
      (event) => {
        // Nothing may be thrown into the module.
        try {
          onEvent(event)
        } catch (thrown) {
          report(thrown)
        }
      },
    )
    begin(client)
    const reset = (): void => guarded(instance, () => begin(client))
    const opened = makeDatabase<T>(instance, client, schema.tables, { reset }, options.hooks)
    onEvent = opened.onEvent
    return opened.database as MemoryDatabase<T>
  })
}

/** Calls the module, with its errors as ours. */
function guarded<R>(instance: Instance, call: () => R): R {
  if (instance.trapped !== undefined) throw instance.trapped
  try {
    return call()
  } catch (thrown) {
    if (thrown instanceof WebAssembly.RuntimeError) throw instance.trap(thrown)
    throw toHaversackError(thrown)
  }
}

/** The time as a function in milliseconds since 1970. */
function clock(now: MemoryOptions<never>['now']): () => number {
  const read = typeof now === 'function' ? now : now === undefined ? Date.now : () => now
  const time = (): number => Number(read())
  if (!Number.isFinite(time())) throw invalid('`now` must be a Date, a number, or give one')
  return time
}

/** A user that the schema's identity columns can hold. */
function someone(schema: SchemaOf<unknown>): string {
  const columns = schema.tables.flatMap((table) => table.columns)
  const types = columns
    .filter((column) => (column as { identity?: boolean }).identity)
    .map((column) => column.type.name)
  if (types.some((name) => /^(int|numeric)/.test(name))) return '1'
  return types.includes('uuid') ? '00000000-0000-7000-8000-000000000001' : 'user-1'
}

/** The module's bytes, read from the file beside this one, where files are read: Node does not fetch them. */
async function besidePackage(): Promise<WasmSource | undefined> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } }
  const file = new URL('./wasm/haversack_bg.wasm', import.meta.url)
  if (process?.versions?.node === undefined || file.protocol !== 'file:') return undefined
  const { readFile } = await import('node:fs/promises')
  try {
    return await readFile(file)
  } catch (thrown) {
    throw invalid(`the module is not at ${file.href}; name it in \`wasm\``, thrown)
  }
}

function invalid(message: string, cause?: unknown): HaversackError {
  return new HaversackError('config_invalid', `openMemory: ${message}`, {}, 'none', cause)
}
