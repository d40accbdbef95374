// Rows of other tables beside the rows of a result: which are wanted, and the objects made of both.

import type { BindingClient, ShapeRelated } from './binding.js'
import type { Param } from './input.js'
import type { Query } from './query.js'
import type { Rows } from './rows.js'
import { sameItems } from './same.js'
import type { Shape } from './shape.js'
import { owners } from './state.js'

/** Where relations lead, by their names. */
export interface Ways {
  readonly [name: string]: { readonly row: unknown; readonly many: boolean }
}

/** The relations `R` of a table, among the tables of a schema. */
export type WaysOf<Tables, R> = {
  readonly [N in keyof R]: R[N] extends { readonly table: infer T; readonly many: infer Many }
    ? T extends keyof Tables
      ? Tables[T] extends { readonly row: infer Row }
        ? { readonly row: Row; readonly many: Many & boolean }
        : never
      : never
    : never
}

/** A query on the rows of a table, whatever is beside them. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyQuery<Row> = Query<Row, any, any>

/** What is beside a row, by the relations' names. */
export type Joined<Related extends Ways, Q> = {
  readonly [N in keyof Q & keyof Related]: Related[N]['many'] extends true
    ? readonly FoundOf<Q[N], Related[N]['row']>[]
    : FoundOf<Q[N], Related[N]['row']> | null
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type FoundOf<Q, Row> = Q extends Query<any, infer Found, any> ? Found : Row

/** What is wanted beside each row. */
export interface Join {
  /** The relation's name. */
  readonly name: string
  /** May there be several rows? */
  readonly many: boolean
  readonly rows: Rows
  /** The query that says which. */
  readonly query: Shape
  readonly shape: ShapeRelated
  readonly params: readonly Param[]
  readonly joins: readonly Join[]
}

type Part = readonly object[] | object | null

/** A row with what is beside it. */
export interface Made {
  readonly parts: readonly Part[]
  readonly row: object
}

/** What the core tells of the rows beside others: numbers of them, and their slots. */
export class Beside {
  private at = 0

  constructor(
    private readonly client: BindingClient,
    private readonly words: Uint32Array,
  ) {}

  /** The rows of a result with what is beside them; the same objects where nothing has changed. */
  compose(source: Rows, shape: Shape, joins: readonly Join[], rows: readonly object[]): object[] {
    const all = joins.map((join) => this.parts(join, rows.length))
    const known = (shape.made ??= new WeakMap())
    return rows.map((row, i) => {
      const made = known.get(row)
      const parts = joins.map((_, j) => kept(all[j]![i]!, made?.parts[j]))
      if (made !== undefined && sameItems(parts, made.parts)) return made.row
      const values: Record<string, unknown> = { ...row }
      for (let j = 0; j < joins.length; j++) values[joins[j]!.name] = parts[j]
      const whole = Object.freeze(values)
      owners.set(whole, source)
      known.set(row, { parts, row: whole })
      return whole
    })
  }

  /** What is beside each of so many rows. */
  private parts({ many, rows, query, joins }: Join, count: number): Part[] {
    const counts = this.take(count)
    const slots = this.take(counts.reduce((sum, count) => sum + count, 0))
    let found = rows.at(this.client, slots)
    if (joins.length > 0) found = this.compose(rows, query, joins, found)
    let next = 0
    return Array.from(counts, (count) => {
      const own = found.slice(next, (next += count))
      return many ? own : (own[0] ?? null)
    })
  }

  private take(count: number): Uint32Array {
    return this.words.subarray(this.at, (this.at += count))
  }
}

/** What was there before, where it is the same. */
function kept(part: Part, before: Part | undefined): Part {
  if (!Array.isArray(part)) return part
  return Array.isArray(before) && sameItems(part, before) ? before : Object.freeze(part)
}
