// Where rows stand with the server. A row's object says nothing of it, so that it costs nothing
// where nobody asks: whoever asks finds the row's table, and asks the core.

import { HaversackError } from './errors.js'
import type { Replica } from './replica.js'
import type { Rows } from './rows.js'

/**
 * Where a row stands with the server, the same in every tab.
 *
 * - `acknowledged`: the server has judged all that was written to it here, if anything was.
 * - `pending`: something that was written to it waits to be sent.
 * - `sent`: all that was written to it is in a push under way, its verdict unknown. When the push
 *   fails, it is `pending` again.
 * - `rejected`: a refused mutation of it is in `db.sync.rejected`.
 * - `conflict`: a conflict of it is in `db.conflicts.open`.
 *
 * Of several, the last one of these counts. A row that foreign keys or hooks change in the wake of a
 * write stands where the write does.
 */
export type RowState = 'acknowledged' | 'pending' | 'sent' | 'rejected' | 'conflict'

/** @internal By the core's number. */
export const ROW_STATES: readonly RowState[] = [
  'acknowledged',
  'pending',
  'sent',
  'rejected',
  'conflict',
]

/** What is known of a row beside its values. */
export interface RowMeta {
  /** Where it stands with the server now. */
  readonly state: RowState
}

/** @internal The open databases of the page. */
export const databases = new Set<Replica>()

/** @internal The tables of rows that have been asked about, or are not what their tables hold. */
export const owners = new WeakMap<object, Rows>()

/**
 * What is known of a row beside its values, as of now: `meta(row).state`. The row is one that a
 * query gave, also when it has changed since; of a copy nothing is known. When the database has
 * ended, it is what was known last.
 *
 * @throws HaversackError `invalid_query`: not a row of a database
 */
export function meta(row: object): RowMeta {
  const rows = owners.get(row) ?? find(row)
  if (rows?.replica === undefined) {
    throw new HaversackError('invalid_query', 'meta: this is no row of a database', {
      hint: 'pass a row as a query gave it, or ask db.<table>.state(key)',
    })
  }
  owners.set(row, rows)
  return Object.freeze({ state: rows.replica.stateOf(rows, row) })
}

/** The table that holds a row. */
function find(row: object): Rows | undefined {
  for (const replica of databases) {
    const rows = replica.tables.find((rows) => holds(replica, rows, row))
    if (rows !== undefined) return rows
  }
  return undefined
}

function holds(replica: Replica, rows: Rows, row: object): boolean {
  if (!rows.table.columns.every(({ name }) => name in row)) return false
  try {
    return replica.get(rows, rows.key(row)) === row
  } catch {
    // Of a table with the same columns whose key has another type.
    return false
  }
}
