// What the types of a schema are made of. Nothing here exists at run time but `toDate`.

import type { Operator, PartOf, Predicate, Reference } from './operators.js'
import type { Rank } from './search.js'

declare const tablesBrand: unique symbol

/**
 * A `timestamp` or `timestamptz` as rows carry it: ISO 8601 text in UTC with up to six digits of
 * a second, for example `2026-03-01T09:30:00.123456Z`. A plain string is not one by accident. The
 * mark is never there at run time; it has a name, and is no symbol, so that two copies of these
 * declarations agree.
 */
export type Timestamp = string & { readonly ' timestamp': true }

/** What a `timestamp` or `timestamptz` column accepts: a row's value, a `Date`, or ISO 8601 text. */
export type TimestampInput = Timestamp | Date | string

/** A value of a `json` or `jsonb` column, as rows carry it: frozen to its depths. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** A key column's value. */
export type KeyPart = number | string | bigint | boolean

/** A primary key: the value of its column, or an array of values in the key's order. */
export type Key = KeyPart | readonly KeyPart[]

/** A way from a row to rows of another table, along a foreign key. */
export interface Relation {
  /** The table that it leads to. */
  readonly table: string
  /** May there be several rows? */
  readonly many: boolean
  /** May there be none? */
  readonly optional: boolean
}

/** The types of one table, as `haversack pull` writes them. */
export interface TableType {
  /** A row as it is read. */
  readonly row: object
  /** What an insert takes: required columns required, generated columns absent. */
  readonly insert: object
  /** What an update takes: every writable column, all optional. */
  readonly update: object
  /** The rows of other tables that go with a row, by name. */
  readonly relations: { readonly [name: string]: Relation }
  /** The primary key. */
  readonly key: Key
}

/** Any interface whose properties are tables. */
export type TablesOf<T> = { readonly [K in keyof T]: TableType }

/** A column, as far as TypeScript needs to know it. */
export interface SchemaColumn {
  readonly name: string
  readonly type: {
    readonly name: string
    readonly of?: { readonly name: string }
    readonly precision?: number
  }
}

/** A table, as far as TypeScript needs to know it. */
export interface SchemaTable {
  readonly name: string
  readonly columns: readonly SchemaColumn[]
  readonly primary_key: readonly string[]
}

/**
 * The canonical schema that `haversack pull` wrote, with the types of its tables.
 *
 * Only the parts that TypeScript reads are declared; the core reads and checks the whole.
 */
export interface SchemaOf<Tables> {
  readonly format: number
  readonly fingerprint: string
  readonly tables: readonly SchemaTable[]
  /** Never there: carries the types. */
  readonly [tablesBrand]?: Tables
}

/** What a column can be compared with. Dates may be given where a column holds timestamps. */
export type Operand<V> = V extends Timestamp ? TimestampInput : V

/** What a column of JSON or arrays is tested for; nothing else can be compared with it but null. */
type Parts<V> = [NonNullable<JsonValue>] extends [V]
  ? Operator<PartOf<JsonValue>>
  : V extends readonly (infer Item)[]
    ? Operator<PartOf<readonly Operand<Item>[]>>
    : never

/** The condition on what a JSON column holds at a path. */
export type JsonCondition = JsonValue | Operator<JsonValue | PartOf<JsonValue>>

/** The condition on a column: a value to equal, an operator, or `null` where it may be null. */
export type Condition<V, Columns extends string = never> =
  | ([Parts<NonNullable<V>>] extends [never]
      ? Operand<NonNullable<V>> | Operator<Operand<NonNullable<V>> | Reference<Columns>>
      : Operator<never> | Parts<NonNullable<V>>)
  | (null extends V ? null : never)

/** The conditions on a table's columns, all of which must hold. */
export type Where<Row> = { readonly [C in keyof Row]?: Condition<Row[C], Column<Row>> }

/** What rows must satisfy: conditions by column, or some put together by `and`, `or` and `not`. */
export type Filter<Row> = Where<Row> | Predicate<Row>

/** `asc`: nulls last. `desc`: nulls first. As in Postgres, where nothing else is said. */
export type Direction = 'asc' | 'desc' | `${'asc' | 'desc'} nulls ${'first' | 'last'}`

/** A column to order by, or a column and its direction, or a rank. */
export type OrderPart<Row> =
  Column<Row> | readonly [column: Column<Row>, direction: Direction] | Rank<Column<Row>>

/** The name of a column. */
export type Column<Row> = keyof Row & string

/**
 * The moment that a timestamp stands for, to the millisecond; a `timestamp` without zone is read
 * as UTC. An infinite timestamp gives an invalid `Date`.
 */
export function toDate(timestamp: Timestamp): Date {
  // Only three digits of a second are sure to be understood everywhere.
  const text = timestamp.replace(/(\.\d{3})\d+/, '$1').replace(' ', 'T')
  return new Date(/(Z|[+-]\d\d(:?\d\d)?)$/.test(text.slice(10)) ? text : `${text}Z`)
}
