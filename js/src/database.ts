// The database that `open` gives: its tables as properties, made from the schema at run time.

import type { BindingClient, BindingEvent } from './binding.js'
import { fromBinding } from './errors.js'
import type { AnyHooks, Hooks } from './hooks.js'
import { HookRunner } from './hooks.js'
import { inspect } from './inspection.js'
import type { Inspection } from './inspection.js'
import type { Instance } from './replica.js'
import { Replica } from './replica.js'
import { Conflicts, Sync } from './sync.js'
import { Table } from './table.js'
import { transact } from './transaction.js'
import type { Transaction } from './transaction.js'
import type { SchemaTable, TablesOf, TableType } from './types.js'
import type { Write } from './write.js'

/** Names that are not tables of a database, some of them kept for what is to come. */
export const DATABASE_NAMES = [
  'cache',
  'close',
  'conflicts',
  'flush',
  'inspect',
  'sync',
  'table',
  'then',
  'transaction',
  'user',
] as const
type DatabaseName = (typeof DATABASE_NAMES)[number]

/** What every database has beside its tables. */
export interface DatabaseMembers<T extends TablesOf<T>> {
  /**
   * The table of this name, also where the name is not a property (`sync`, `user`, …).
   *
   * @throws HaversackError `unknown_table`
   */
  table<K extends keyof T & string>(name: K): Table<T[K], T>

  /**
   * Applies several writes as one mutation: all of them, here and in Postgres, or none.
   *
   * The callback is synchronous and only notes what to do; `tx` has no reads, and reads of `db`
   * inside it see the state before. When it throws, nothing has happened. `tx.….insert` gives a
   * `NewRow`, which later operations take as the value of a column that refers to it, and whose
   * `key` is known afterwards. Not possible yet: to update or delete a row inserted in the same
   * transaction, or to refer to one with a key of several columns.
   *
   * @throws HaversackError `transaction_misused` where the callback gives a promise; what the
   * callback throws; and as `Table.insert`
   */
  transaction(callback: (tx: Transaction<T>) => void): Write<undefined, undefined>

  /** Syncing: status, what waits, what was refused. */
  readonly sync: Sync
  /** Values that lost against someone else's. */
  readonly conflicts: Conflicts
  /** The user whose data these are; null before the first token. */
  readonly user: string | null

  /** Resolves when IndexedDB's row stores show all confirmed rows. Rejects with `storage_failed`, `closed`. */
  flush(): Promise<void>

  /**
   * What the database is busy with, as JSON: where the replica stands, what waits to be sent or was refused,
   * the tables' sizes, and each live query with what it has cost. It has the user's own data in it. Rejects
   * with `storage_failed`, `closed`.
   */
  inspect(): Promise<Inspection>

  /** Ends everything: live queries stop, later calls throw `closed`. Unsynced mutations stay stored. */
  close(): Promise<void>
}

/** A database: its tables as properties, and what every database has. */
export type Database<T extends TablesOf<T>> = DatabaseMembers<T> & {
  readonly [K in Exclude<keyof T, DatabaseName>]: Table<T[K], T>
}

/** @internal A database, and where the binding's events go. */
export interface Opened<T extends TablesOf<T>> {
  readonly database: Database<T>
  readonly onEvent: (event: BindingEvent) => void
}

/** @internal `more`: what this one has beside what every database has. @throws HaversackError `config_invalid` */
export function makeDatabase<T extends TablesOf<T>>(
  instance: Instance,
  client: BindingClient,
  tables: readonly SchemaTable[],
  more: object = {},
  hooks?: Hooks<T>,
): Opened<T> {
  const replica = new Replica(instance, client, tables)
  const sync = new Sync(replica)
  const conflicts = new Conflicts(replica)
  replica.onEnd = (error) => sync.end(error)

  // Without a prototype, a table may be called `constructor` or `toString`.
  const properties: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  const byName = new Map<string, Table<TableType>>()
  for (const rows of replica.tables) {
    const table = new Table<TableType>(replica, rows)
    byName.set(rows.table.name, table)
    properties[rows.table.name] = table
  }
  for (const name of DATABASE_NAMES) delete properties[name]

  const members: DatabaseMembers<T> = {
    table: (name) => (byName.get(name) ?? replica.table(name)) as Table<T[typeof name], T>,
    transaction: (callback) => transact<T>(replica, callback),
    sync,
    conflicts,
    get user() {
      return sync.status.user
    },
    flush: () => replica.callAsync((c) => c.flush()),
    inspect: () => inspect(replica, sync, conflicts),
    close: () => close(replica, sync),
  }
  for (const own of [members, more])
    Object.defineProperties(properties, Object.getOwnPropertyDescriptors(own))
  const database = Object.freeze(properties) as unknown as Database<T>
  if (hooks !== undefined) replica.hooks = new HookRunner(replica, hooks as AnyHooks, database)
  return {
    database,
    onEvent: (event) => handle(replica, sync, conflicts, event),
  }
}

async function close(replica: Replica, sync: Sync): Promise<void> {
  if (replica.closed) return
  sync.remember()
  try {
    await replica.callAsync((client) => client.close())
  } finally {
    replica.end(undefined)
  }
}

function handle(replica: Replica, sync: Sync, conflicts: Conflicts, event: BindingEvent): void {
  if (replica.closed) return
  switch (event.kind) {
    case 'changed':
      return replica.refresh(true)
    case 'durable':
      replica.writes.durable(event.local)
      return sync.notify()
    case 'failed':
      replica.writes.failed(event.local, fromBinding(event.error))
      return sync.notify()
    case 'rekeyed':
      replica.writes.rekeyed(event)
      return sync.notify()
    case 'settled':
      replica.writes.settled(event)
      return sync.notify()
    case 'status':
      return sync.notify()
    case 'rejected':
      replica.live.touchStates()
      return sync.notify()
    case 'lost':
      replica.live.touchStates()
      return conflicts.notify()
    case 'closed':
      // A panic outside of any call from here, in a task of the module's own.
      if (event.error?.code === 'internal') return void replica.trap(fromBinding(event.error))
      // The rows in memory are as good as before: they can be read until the page is loaded anew.
      if (event.error?.code === 'store_upgraded') {
        replica.writes.freeze(fromBinding(event.error))
        return sync.notify()
      }
      sync.remember()
      return replica.end(event.error === null ? undefined : fromBinding(event.error))
  }
}
