// Queries as JSON: what a user keeps as a filter. `reading.ts` makes queries of it again.

import type {
  QueryShape,
  ShapeAggregate,
  ShapeCondition,
  ShapeOp,
  ShapeOrder,
  TextShape,
} from './binding.js'
import type { Param } from './input.js'
import { CONTAINS, LIKE, OVERLAPS } from './operators.js'
import type { Rows } from './rows.js'
import { OPS } from './shape.js'
import type { Direction, JsonValue } from './types.js'

/** A query as JSON, as `JSON.stringify(query)` writes it. */
export interface SavedQuery {
  readonly table: string
  /** All of these hold. */
  readonly where?: readonly SavedCondition[]
  readonly order?: readonly (SavedOrder | SavedRank)[]
  /** The place that rows come after: values by column. */
  readonly after?: { readonly [column: string]: JsonValue }
  readonly limit?: number
  readonly offset?: number
  /** The rows of other tables beside each row, by the relations' names. */
  readonly with?: { readonly [relation: string]: SavedQuery }
}

/** Groups as JSON. */
export interface SavedGroups {
  readonly table: string
  readonly where?: readonly SavedCondition[]
  readonly by: readonly string[]
  readonly values: { readonly [name: string]: Omit<ShapeAggregate, 'name'> }
  readonly having?: readonly SavedCondition[]
  readonly order?: readonly (SavedOrder | SavedRank)[]
  readonly limit?: number
  readonly offset?: number
}

/** A condition as JSON. Which members it has, its operator says. */
export interface SavedCondition {
  readonly op: ShapeOp
  /** Of all but groups. */
  readonly column?: string
  /** What is compared with; of `between` and `in` see `values`, of the null ones none. */
  readonly value?: JsonValue
  /** The bounds of `between`, or what `in` allows. */
  readonly values?: readonly JsonValue[]
  /** The column that is compared with, in place of a value. */
  readonly other?: string
  /** Where in a JSON column the value is. */
  readonly path?: readonly string[]
  /** How a text is searched. */
  readonly text?: TextShape
  /** How similar a text must be at least. */
  readonly threshold?: number
  /** The members of `and`, `or`, `not` (one) and `exists`. */
  readonly of?: readonly SavedCondition[]
  /** Of `exists`: the relation whose rows the members are about. */
  readonly relation?: string
}

/** A column of the order as JSON. */
export interface SavedOrder {
  readonly column: string
  /** `asc` where it is absent. */
  readonly direction?: Direction
}

/** An order by rank as JSON. */
export interface SavedRank {
  readonly rank: 'search' | 'similar' | 'word_similar'
  readonly column: string
  /** What is looked for. */
  readonly value: string
  readonly text?: TextShape
}

type Next = () => Param

/** Parameters one after the other. */
export function inTurn(params: readonly Param[]): Next {
  let at = 0
  return () => params[at++]!
}

/** A query as JSON, of its shape and of its parameters in their order. */
export function saved(shape: QueryShape, rows: Rows, next: Next): SavedQuery {
  const where = conditions(shape.where, rows, next)
  const order = shape.order.map((part) => ordered(part, next))
  const after = shape.after === true ? place(shape, rows, next) : undefined
  const beside = shape.with?.map(
    ({ relation, query }) => [relation, saved(query, rows.way(relation).rows, next)] as const,
  )
  return {
    table: shape.table,
    ...(where.length > 0 && { where }),
    ...(order.length > 0 && { order }),
    ...(after !== undefined && { after }),
    ...(beside !== undefined && { with: Object.fromEntries(beside) }),
    ...(shape.limit && { limit: Number(next()) }),
    ...(shape.offset && { offset: Number(next()) }),
  }
}

/** Conditions as JSON, groups with their members in them. */
export function conditions(
  flat: readonly ShapeCondition[],
  rows: Rows,
  next: Next,
): SavedCondition[] {
  let at = 0
  const one = (rows: Rows): SavedCondition => {
    const { column = '', op, n = 0, other, path, text } = flat[at++]!
    const members = (of: Rows) => Array.from({ length: n }, () => one(of))
    if (op === 'and' || op === 'or' || op === 'not') return { op, of: members(rows) }
    if (op === 'exists') return { op, relation: column, of: members(rows.way(column).rows) }
    const value = () => plain(rows, column, op, path !== undefined, next())
    return {
      column,
      op,
      ...values(op, n, other, value),
      ...(path !== undefined && { path }),
      ...(text !== undefined && { text }),
    }
  }
  const all: SavedCondition[] = []
  while (at < flat.length) all.push(one(rows))
  return all
}

/** What a condition compares with. */
function values(
  op: ShapeOp,
  n: number,
  other: string | undefined,
  value: () => JsonValue,
): Partial<SavedCondition> {
  if (other !== undefined) return { other }
  if (op === 'is_null' || op === 'not_null') return {}
  if (op === 'between') return { values: [value(), value()] }
  if (op === 'in') {
    // A list is filled up with its last value.
    const list = Array.from({ length: n }, value)
    return { values: list.filter((item, i) => i === 0 || item !== list[i - 1]) }
  }
  const first = value()
  const threshold = op === 'similar' || op === 'word_similar' ? value() : null
  return { value: first, ...(typeof threshold === 'number' && { threshold }) }
}

/** A parameter as JSON has it. */
function plain(rows: Rows, column: string, op: ShapeOp, at: boolean, param: Param): JsonValue {
  const code = OPS.indexOf(op)
  const isJson = at ? code < LIKE : code >= CONTAINS && code <= OVERLAPS
  if (typeof param === 'string') {
    return isJson || op === 'has_any_key' || op === 'has_all_keys'
      ? (JSON.parse(param) as JsonValue)
      : param
  }
  if (param === null) return null
  if (rows.columns.get(column)?.type.name === 'bool') return param === 1
  return Number.isFinite(param) ? param : String(param)
}

/** A part of the order as JSON. */
function ordered(part: ShapeOrder, next: Next): SavedOrder | SavedRank {
  const { column, descending, nulls_first, rank, text } = part
  if (rank !== undefined) {
    const value = String(next())
    return { rank: rank as SavedRank['rank'], column, value, ...(text !== undefined && { text }) }
  }
  const way = descending ? 'desc' : 'asc'
  if (nulls_first !== undefined) {
    return { column, direction: `${way} nulls ${nulls_first ? 'first' : 'last'}` }
  }
  return { column, ...(descending && { direction: way }) }
}

function place(shape: QueryShape, rows: Rows, next: Next): { [column: string]: JsonValue } {
  const columns = shape.order.filter((part) => part.rank === undefined).map((part) => part.column)
  const all = new Set([...columns, ...rows.table.primary_key])
  return Object.fromEntries(
    [...all].map((column) => [column, plain(rows, column, 'eq', false, next())]),
  )
}
