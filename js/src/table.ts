// A table: a query for all of its rows, reads by key, and writes. It knows no table by name.

import type { MutateResult, MutationOp, WireValue } from './binding.js'
import type { Groups } from './groups.js'
import type { WaysOf } from './joins.js'
import { EXISTS, Predicate } from './operators.js'
import { allOf, Query } from './query.js'
import { groupsOf, queryOf } from './reading.js'
import type { Replica } from './replica.js'
import type { Rows } from './rows.js'
import type { RowState } from './state.js'
import type { Filter, TableType } from './types.js'
import { fromWire, toWire } from './values.js'
import { keyAt } from './write.js'
import type { Write } from './write.js'

/** A table of the database. It is itself the query for all of its rows. */
export class Table<T extends TableType, Tables = {}> extends Query<
  T['row'],
  T['row'],
  WaysOf<Tables, T['relations']>
> {
  /** @internal */
  constructor(replica: Replica, rows: Rows) {
    super(replica, ...allOf(rows))
  }

  /**
   * A condition on rows of another table: that one at least goes with the row, by a relation's name, and
   * meets all conditions that are given. `not(…)` asks that there is none.
   *
   * @example db.events.where(db.events.related('tag_assignments', { tag_id: 5 }))
   * @example db.event_types.where(not(db.event_types.related('events')))
   */
  related<N extends keyof WaysOf<Tables, T['relations']> & string>(
    name: N,
    conditions?: Filter<WaysOf<Tables, T['relations']>[N]['row']>,
  ): Predicate<T['row']> {
    return new Predicate(EXISTS, conditions === undefined ? [] : [conditions], name)
  }

  /**
   * A query of this table from its JSON, as `JSON.stringify(query)` wrote it: of rows that meet its conditions,
   * whoever made it. All of it is checked but the values, which are as the query runs.
   *
   * @example db.events.query(JSON.parse(localStorage.filter)).rows()
   * @throws HaversackError `invalid_query`, saying where something is wrong; `unknown_column`
   */
  query(saved: unknown): Query<T['row'], T['row'], WaysOf<Tables, T['relations']>> {
    return queryOf(this as never, saved) as never
  }

  /** Groups of this table's rows from their JSON. @throws HaversackError as `query` */
  groups(saved: unknown): Groups<{ readonly [name: string]: unknown }> {
    return groupsOf(this as never, saved) as never
  }

  /**
   * The row with this primary key, if the replica holds one: `get(1)`, and for a key of several
   * columns `get(['event', 1, 2])`. Frozen, and the same object (`===`) until its content changes.
   *
   * @throws HaversackError `type_mismatch`, `closed`, `internal`
   */
  get(key: T['key']): T['row'] | undefined {
    return this.replica.get(this.source, key)
  }

  /**
   * Where the row of this key stands with the server, whether there is one here or not: a row whose
   * deletion waits to be sent is `pending`. The same by a row: `meta(row).state`.
   *
   * @throws HaversackError as `get`
   */
  state(key: T['key']): RowState {
    return this.replica.state(this.source, key)
  }

  /**
   * Adds a row. Defaults, generated columns, the identity and the key are filled in at once. A
   * column that is undefined counts as absent.
   *
   * @throws HaversackError `not_signed_in`, `unknown_column`, `type_mismatch`, `value_too_long`,
   * `out_of_range`, `not_null_violation`, `unique_violation`, `permission_denied`,
   * `keys_exhausted`, `mutation_too_large`, `queue_full`, `closed`, `internal`; nothing has
   * changed then
   */
  insert(values: T['insert']): Write<T['key'], T['row']> {
    return this.apply({
      op: 'insert',
      table: this.source.table.name,
      values: wireValues(this.source, values),
    })
  }

  /**
   * Changes columns of a row. A column that is undefined stays as it is.
   *
   * @throws HaversackError `row_not_found`, and as `insert`
   */
  update(key: T['key'], set: T['update']): Write<T['key'], T['row']> {
    return this.apply({
      op: 'update',
      table: this.source.table.name,
      key: this.replica.key(this.source, key),
      set: wireValues(this.source, set),
    })
  }

  /**
   * Removes a row.
   *
   * @throws HaversackError `row_not_found`, and as `insert`
   */
  delete(key: T['key']): Write<T['key'], T['row']> {
    return this.apply({
      op: 'delete',
      table: this.source.table.name,
      key: this.replica.key(this.source, key),
    })
  }

  /** @internal One operation as a mutation of its own. */
  apply(op: MutationOp): Write<T['key'], T['row']> {
    const made = this.replica.mutate([op])
    const keyOf = (made: MutateResult): T['key'] =>
      publicKey(this.source, keyAt(made, 0) ?? (op.op === 'insert' ? [] : op.key)) as T['key']
    const write: Write<T['key'], T['row']> = this.replica.writes.made(made, keyOf, () =>
      this.get(write.key),
    )
    return write
  }
}

/** The values of a row's columns, as operations carry them. */
export function wireValues(rows: Rows, values: object): { [column: string]: WireValue } {
  const wire: { [column: string]: WireValue } = {}
  for (const [name, value] of Object.entries(values) as [string, unknown][]) {
    if (value !== undefined)
      wire[name] = toWire(rows.table.name, rows.columns.get(name), name, value)
  }
  return wire
}

/** A key as the application knows it: the value of a single column, else a frozen array. */
export function publicKey(rows: Rows, key: readonly WireValue[]): unknown {
  const parts = key.map((part, i) => fromWire(rows.columns.get(rows.table.primary_key[i]!), part))
  return parts.length === 1 ? parts[0] : Object.freeze(parts)
}
