// What a database is busy with, as one JSON: for the console, a panel, a report of a bug. It reads, and
// changes nothing.

import type { BindingStanding } from './binding.js'
import type { HaversackError } from './errors.js'
import type { Replica } from './replica.js'
import type { SavedGroups, SavedQuery } from './saved.js'
import type { Conflicts, PendingMutation, RejectedMutation, Sync, SyncStatus } from './sync.js'

/** An error as JSON. */
export type InspectedError = Pick<HaversackError, 'code' | 'message' | 'recovery' | 'details'>

/** What `db.inspect()` gives: JSON, so numbers, texts, booleans, null, arrays and objects of these alone. */
export interface Inspection {
  /** When it was asked, in milliseconds since 1970. */
  readonly at: number
  /** As `db.sync.status`. */
  readonly status: Omit<SyncStatus, 'error'> & { readonly error: InspectedError | null }
  /** Where the replica stands on disk; null of a database in memory, and before the first sign-in. */
  readonly standing: Standing | null
  /** The mutations that are not acknowledged yet, in their order; as `db.sync.pending`. */
  readonly queue: readonly PendingMutation[]
  /** The mutations that were refused; as `db.sync.rejected`. */
  readonly rejected: readonly (Omit<RejectedMutation, 'error' | 'retry' | 'dismiss'> & {
    readonly error: InspectedError
  })[]
  /** How many values lost, and how many conflicts wait for a decision. */
  readonly conflicts: { readonly lost: number; readonly open: number }
  /** The tables, with the number of their rows here. */
  readonly tables: readonly { readonly name: string; readonly rows: number }[]
  /** The memory of all databases of the page together, in bytes. */
  readonly memory: number
  /** The live queries, table by table. */
  readonly queries: readonly InspectedQuery[]
}

/** Where a replica stands, as its record in IndexedDB says. */
export interface Standing {
  /** Its id, by which the endpoint knows it. */
  readonly replica: string
  /** The fingerprint of the schema whose rows it holds. */
  readonly fingerprint: string
  /** Up to where it has the server's changes; null before the first sync. Its text means nothing here. */
  readonly cursor: string | null
  /** The server's history that the cursor belongs to. */
  readonly epoch: string | null
  /** The number of its last mutation that the server has judged. */
  readonly judged: number
  /** How many answers of the server it has taken in. */
  readonly patch: number
  /** The tables whose rows are to come anew, since a migration changed them. */
  readonly renew: readonly string[]
}

/** A live query and what it costs. */
export interface InspectedQuery {
  /** What it asks. */
  readonly query: SavedQuery | SavedGroups
  /** How many rows, or groups, its last result has; null before the first. */
  readonly rows: number | null
  /** How often it was asked: once, and again for each change that might concern it. */
  readonly asked: number
  /** How often its result had changed then, and the callback was called. */
  readonly told: number
  /** How long all of that took, in milliseconds, without the callback. */
  readonly milliseconds: number
  /** How long the last time took. */
  readonly last: number
}

/** @internal */
export async function inspect(
  replica: Replica,
  sync: Sync,
  conflicts: Conflicts,
): Promise<Inspection> {
  const stands = await replica.callAsync((client) => client.standing())
  const { status } = sync
  return {
    at: Date.now(),
    status: { ...status, error: status.error === null ? null : plain(status.error) },
    standing: stands === undefined ? null : standing(JSON.parse(stands) as BindingStanding),
    queue: sync.pending,
    rejected: sync.rejected.map(({ seq, at, ops, error, rejectedAt, blockedBy }) => {
      return { seq, at, ops, error: plain(error), rejectedAt, blockedBy }
    }),
    conflicts: { lost: conflicts.lost.length, open: conflicts.open.length },
    tables: replica.tables.map((rows) => {
      return { name: rows.table.name, rows: replica.call((client) => client.len(rows.position)) }
    }),
    memory: replica.memory,
    queries: replica.live.inspect(),
  }
}

function plain({ code, message, recovery, details }: HaversackError): InspectedError {
  return { code, message, recovery, details }
}

function standing(found: BindingStanding): Standing {
  const { replica, fingerprint, judged, patch, renew } = found
  const { cursor = null, epoch = null } = found
  return { replica, fingerprint, cursor, epoch, judged, patch, renew }
}
