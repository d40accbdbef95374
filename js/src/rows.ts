// The rows of one table that JavaScript holds, by the core's slot. A row is one frozen object from
// when it is first read until its content changes; queries map slots to these objects.

import type { BindingClient } from './binding.js'
import { HaversackError } from './errors.js'
import type { Replica } from './replica.js'
import { Shape } from './shape.js'
import { owners } from './state.js'
import type { KeyPart, SchemaColumn, SchemaTable } from './types.js'
import { sameValue } from './values.js'

/** How a table's rows are found by key. */
export type KeyKind = 'int' | 'text' | 'json'

/** A table's rows, and what queries on it share. */
export class Rows {
  /** By slot; undefined where nothing was read, or it changed since. */
  readonly cached: (object | undefined)[] = []
  /** What `cached` had before a change, kept in case that the content is still the same. */
  private readonly before = new Map<number, object>()
  /** By the objects of rows that are not acknowledged: their state, and what stands for them with it. */
  private readonly stated = new WeakMap<object, readonly [state: number, row: object]>()
  private ways: ReadonlyMap<string, { readonly rows: Rows; readonly many: boolean }> | undefined
  /** The states when they were last looked at. */
  private states = ''
  /** The root of the shapes of the table's queries. */
  readonly shape: Shape
  readonly columns: ReadonlyMap<string, SchemaColumn>
  readonly keyKind: KeyKind

  constructor(
    /** The table's position in the schema. */
    readonly position: number,
    readonly table: SchemaTable,
    /** Absent where there are no rows yet. */
    readonly replica?: Replica,
  ) {
    this.shape = new Shape(table.name, undefined, -1, '')
    this.columns = new Map(table.columns.map((column) => [column.name, column]))
    this.keyKind = keyKind(table, this.columns)
  }

  /**
   * Where a relation leads, and whether there may be several rows.
   *
   * @throws HaversackError `invalid_query`: there is none of this name
   */
  way(name: string): { readonly rows: Rows; readonly many: boolean } {
    this.ways ??= this.replica?.relations(this) ?? new Map()
    const way = this.ways.get(name)
    if (way !== undefined) return way
    const table = this.table.name
    const known = [...this.ways.keys()].join(', ')
    throw new HaversackError('invalid_query', `${table} has no relation "${name}"`, {
      table,
      hint: known === '' ? 'it has none to a table that syncs' : `its relations are ${known}`,
    })
  }

  /** Forgets the object of a slot. */
  invalidate(slot: number): void {
    const row = this.cached[slot]
    if (row === undefined) return
    this.before.set(slot, row)
    this.cached[slot] = undefined
    owners.set(row, this)
  }

  /** The rows at these slots; those not held yet are fetched in one call. */
  at(client: BindingClient, slots: Uint32Array): object[] {
    const cached = this.cached
    const missing = slots.filter((slot) => cached[slot] === undefined)
    if (missing.length > 0) this.fetch(client, missing)
    // By a loop: `Array.from` of a typed array takes ten times as long.
    const result = new Array<object>(slots.length)
    for (let i = 0; i < slots.length; i++) result[i] = cached[slots[i]!]!
    return result
  }

  /** The row at a slot. */
  one(client: BindingClient, slot: number): object {
    const row = this.cached[slot]
    if (row !== undefined) return row
    this.fetch(client, Uint32Array.of(slot))
    return this.cached[slot]!
  }

  private fetch(client: BindingClient, slots: Uint32Array): void {
    const rows = client.rows(this.position, slots)
    const cached = this.cached
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!
      // Filled up without gaps, because engines make a table of hashes of an array with large ones.
      while (cached.length <= slot) cached.push(undefined)
      cached[slot] = this.settle(slot, rows[i]!)
    }
  }

  /** The object that stood for the same content before, or else the new one. */
  private settle(slot: number, row: object): object {
    const before = this.before.get(slot)
    if (before === undefined) return row
    this.before.delete(slot)
    return sameValue(before, row) ? before : row
  }

  /** The row that stands for one of the server's: the one that is here, if it is the same. */
  own(row: object, here: object | undefined): object {
    if (here !== undefined && sameValue(here, row)) return here
    owners.set(row, this)
    return row
  }

  /** The database has ended: its rows are known without it. */
  end(): void {
    for (const row of this.cached) if (row !== undefined) owners.set(row, this)
  }

  /** Has the state of a row changed since the last call? */
  stateChanged(client: BindingClient): boolean {
    const before = this.states
    return before !== (this.states = String(client.row_states(this.position)))
  }

  /**
   * A result in which a row that is not acknowledged is another object, the same until content or
   * state change.
   */
  withStates(client: BindingClient, result: readonly object[]): readonly object[] {
    const states = client.row_states(this.position)
    const others = new Map<object, object>()
    for (let i = 0; i < states.length; i += 2) {
      const row = this.cached[states[i]!]
      if (row !== undefined) others.set(row, this.withState(row, states[i + 1]!))
    }
    return others.size === 0 ? result : result.map((row) => others.get(row) ?? row)
  }

  private withState(row: object, state: number): object {
    const known = this.stated.get(row)
    if (known?.[0] === state) return known[1]
    const other = Object.freeze({ ...row })
    owners.set(other, this)
    this.stated.set(row, [state, other])
    return other
  }

  /** A row's key, as the application gives it. */
  key(row: object): KeyPart | readonly KeyPart[] {
    const key = this.table.primary_key
    const values = row as Record<string, KeyPart>
    return key.length === 1 ? values[key[0]!]! : key.map((column) => values[column]!)
  }

  /** What tells rows apart, as a key of a `Map`. */
  identity(row: object): unknown {
    const key = this.key(row)
    if (!Array.isArray(key)) return key
    return key.map((part) => String(part).replace(/[\\|]/g, '\\$&')).join('|')
  }
}

const INT_TYPES = ['int2', 'int4']
const TEXT_TYPES = ['text', 'varchar', 'uuid']

function keyKind(table: SchemaTable, columns: ReadonlyMap<string, SchemaColumn>): KeyKind {
  if (table.primary_key.length !== 1) return 'json'
  const type = columns.get(table.primary_key[0]!)?.type.name ?? ''
  return INT_TYPES.includes(type) ? 'int' : TEXT_TYPES.includes(type) ? 'text' : 'json'
}
