// Builds queries: immutable values that hold a shape and its parameters. It never evaluates one.

import { HaversackError } from './errors.js'
import { GroupBy } from './groups.js'
import type { Aggregates, Groups, Made } from './groups.js'
import type { LiveOptions, Observer, Stop } from './live.js'
import {
  AND,
  ASC,
  ASC_NULLS_FIRST,
  BETWEEN,
  CONTAINS,
  DESC,
  DESC_NULLS_LAST,
  EQ,
  HAS_KEY,
  IN,
  IS_NULL,
  LIKE,
  NOT_NULL,
  Operator,
  OTHER,
  OVERLAPS,
  PATH,
  Predicate,
  Reference,
} from './operators.js'
import type { Param } from './input.js'
import type { Replica } from './replica.js'
import type { Rows } from './rows.js'
import { CONDITIONS_MAX, LIST_MAX, paramsOfList, stepOfList } from './shape.js'
import type { Shape } from './shape.js'
import type { Column, Direction, Filter, OrderPart } from './types.js'
import { describe, textOf, toWire } from './values.js'

const NO_PARAMS: readonly Param[] = []

/** How the core answered a query. */
export interface Explanation {
  /**
   * `primary_key`: by key. `ordered`: along an index that has the order wanted. `range`: by an
   * index on a condition, then sorted. `merged`: by an index on a condition and the order, one run
   * of rows per value of the condition.
   */
  readonly strategy: 'none' | 'primary_key' | 'ordered' | 'range' | 'merged'
  /** The columns of the index, `-` before descending ones. */
  readonly index: readonly string[]
  /** The index of the schema that begins with the same columns; null where there is none. */
  readonly schemaIndex: string | null
  /** How many rows were looked at. */
  readonly examined: number
  /** How many rows were returned. */
  readonly returned: number
}

/**
 * A question to one table. Immutable: every method gives a new query, and the same one can be
 * asked again and again. Reads are synchronous and see all writes made before.
 */
export class Query<Row> {
  /** @internal */
  constructor(
    /** @internal */
    readonly replica: Replica,
    /** @internal */
    readonly source: Rows,
    /** @internal */
    readonly shape: Shape,
    /** @internal */
    readonly params: readonly Param[],
    /** @internal −1: none. */
    readonly limitCount: number,
    /** @internal */
    readonly offsetCount: number,
    /** @internal What rows come after. */
    readonly place: Partial<Row> | undefined,
  ) {}

  /**
   * Only rows that meet all `conditions`, and those of earlier calls.
   *
   * @example db.events.where({ status: 'active', priority: between(4, 5), location: null })
   * @example db.events.where(or({ status: 'active' }, not({ title: like('%draft%') })))
   * @throws HaversackError `invalid_query`: a condition is undefined, or nothing that can be compared
   *   with; groups are nested too deeply
   */
  where(conditions: Filter<Row>): Query<Row> {
    const params = this.params.slice()
    let shape = this.shape
    if (conditions instanceof Predicate) {
      shape = this.group(shape, params, conditions, 0)
    } else {
      for (const column in conditions) {
        shape = this.condition(shape, params, column, conditions[column])
      }
    }
    return this.with(shape, params)
  }

  /**
   * In the order of this column; later calls decide among equals, and the primary key at last.
   * Nulls come last when ascending and first when descending, as in Postgres, unless the direction
   * says otherwise: `'desc nulls last'`.
   */
  orderBy(column: Column<Row>, direction?: Direction): Query<Row>
  /** In the order of several columns, each with its direction: `orderBy(['priority', 'desc'], 'title')`. */
  orderBy(...parts: OrderPart<Row>[]): Query<Row>
  orderBy(first: OrderPart<Row>, ...rest: (OrderPart<Row> | Direction | undefined)[]): Query<Row> {
    let shape = this.shape
    const second = rest[0]
    if (rest.length < 2 && typeof first === 'string' && isDirection(second)) {
      shape = shape.then(STEPS[second], first)
    } else {
      shape = order(shape, first)
      for (const part of rest) if (part !== undefined) shape = order(shape, part)
    }
    return this.with(shape, this.params)
  }

  /** At most `count` rows. @throws HaversackError `invalid_query`: not a whole number from 0 */
  limit(count: number): Query<Row> {
    whole('limit', count)
    return this.with(this.shape, this.params, count)
  }

  /** Without the first `count` rows. @throws HaversackError `invalid_query`: not a whole number from 0 */
  offset(count: number): Query<Row> {
    whole('offset', count)
    return this.with(this.shape, this.params, this.limitCount, count)
  }

  /**
   * Only rows that come after this one in the order: the next page, whatever was inserted or deleted
   * meanwhile. Takes a row, or the values that a row has in the columns of the order and in the
   * primary key, which are all that counts: `after({ due: row.due, id: row.id })` can be kept as
   * JSON. The row need not be there any more.
   *
   * @throws HaversackError `invalid_query`, when it is run: such a value is missing, or is one that
   *   no row of this query has, as that of another query
   */
  after(row: Partial<Row>): Query<Row> {
    if (row === null || typeof row !== 'object') {
      throw this.refuse('', `rows come after a row, not after ${describe(row)}`)
    }
    return this.with(this.shape, this.params, this.limitCount, this.offsetCount, row)
  }

  /**
   * The rows, in order. Each is frozen, and the same object (`===`) until its content changes.
   *
   * @throws HaversackError `unknown_column`, `type_mismatch`, `invalid_query`; `closed`; `internal`
   */
  rows(): readonly Row[] {
    return this.replica.select(
      this.source,
      this.shape,
      this.asked(),
      this.place !== undefined,
      this.limitCount,
      this.offsetCount,
    ) as Row[]
  }

  /**
   * The rows as Postgres has them now, in Postgres's order, at most 10,000: the same question, put to
   * the server. They are frozen, and a row whose content is that of the replica's is the same object
   * (`===`) as `rows` and `get` give. What waits to be sent is not in the answer: await its `synced`
   * first. Nothing is written here by it; where it shows that the replica is behind, a sync is asked
   * for at once, which brings the rows.
   *
   * Rejects with a `HaversackError`: as `rows`; `network` (offline); `not_signed_in`, `token_expired`
   * and its like; `too_many_rows` (more than one answer has: give a limit); `query_too_slow`;
   * `schema_changed`, `overloaded`, `database_unavailable`, `identity_changed`.
   */
  async fetch(): Promise<readonly Row[]> {
    const rows = await this.replica.fetch(
      this.source,
      this.shape,
      this.asked(),
      this.place !== undefined,
      this.limitCount,
      this.offsetCount,
    )
    return rows as readonly Row[]
  }

  /**
   * How many rows meet the conditions: of all pages together, whatever `limit`, `offset` and `after`
   * say. Throws as `rows`.
   */
  count(): number {
    const { shape, place, limitCount, offsetCount } = this
    return this.replica.count(shape, this.asked(), place !== undefined, limitCount, offsetCount)
  }

  /** The first row, if there is one. Throws as `rows`. */
  first(): Row | undefined {
    return this.limitCount === 0 ? undefined : this.limit(1).rows()[0]
  }

  /**
   * The rows in groups, those with equal values in these columns together; `aggregate` says what is
   * made of each.
   *
   * @example db.events.groupBy('status').aggregate({ events: count(), budget: sum('budget') })
   */
  groupBy<C extends Column<Row>>(...columns: readonly C[]): GroupBy<Row, C> {
    return new GroupBy(this, columns)
  }

  /**
   * One row made of all rows, however few. @example db.events.aggregate({ events: count() }).first()
   *
   * @throws HaversackError `invalid_query`: the query has an order, a limit, an offset or an `after`
   */
  aggregate<A extends Aggregates<Row>>(values: A): Groups<Made<Row, never, A>> {
    return new GroupBy<Row, never>(this, []).aggregate(values)
  }

  /** @internal */
  watch(known: number): number {
    const { shape, place, limitCount, offsetCount } = this
    const after = place !== undefined
    return this.replica.watch(known, shape, this.asked(), after, limitCount, offsetCount)
  }

  /** @internal */
  identity(row: Row): unknown {
    return this.source.identity(row as object)
  }

  /** Runs the query, and tells how the core answered it. Throws as `rows`. */
  explain(): Explanation {
    const { strategy, index, schema_index, examined, returned } = this.replica.explain(
      this.shape,
      this.asked(),
      this.place !== undefined,
      this.limitCount,
      this.offsetCount,
    )
    return { strategy, index, schemaIndex: schema_index ?? null, examined, returned }
  }

  /**
   * Calls back with the result, and again whenever it has changed: other rows, another order, or
   * another content of a row. The first call comes in a microtask, so never before `live` has
   * returned; later ones once for all changes that were made in one go.
   *
   * A callback that throws is reported to the page (`reportError`) and called again next time.
   * When the query can't be answered, or the database has been closed for a reason of its own,
   * `error` is called and the query ends; without `error`, the error is reported.
   *
   * @returns a function that ends it
   */
  live(observer: Observer<Row>, options: LiveOptions = {}): Stop {
    return this.replica.live.add(this, observer, options)
  }

  private with(
    shape: Shape,
    params: readonly Param[],
    limit = this.limitCount,
    offset = this.offsetCount,
    place = this.place,
  ): Query<Row> {
    return new Query(this.replica, this.source, shape, params, limit, offset, place)
  }

  /** The parameters, and those that say after which place rows come. */
  private asked(): readonly Param[] {
    if (this.place === undefined) return this.params
    const params = this.params.slice()
    const place = this.place as { readonly [column: string]: unknown }
    const columns = this.shape.ordered()
    for (const column of this.source.table.primary_key) columns.add(column)
    for (const column of columns) {
      const value = place[column]
      if (value === undefined) {
        throw this.refuse(column, 'rows are ordered by it, so `after` needs its value')
      }
      params.push(value === null ? null : this.param(column, value))
    }
    return params
  }

  /** A group, with its members after it. */
  private group(shape: Shape, params: Param[], { code, members }: Predicate<never>, depth: number) {
    if (depth > CONDITIONS_MAX) throw this.refuse('', 'the conditions are nested too deeply')
    shape = shape.then(code, String(members.length))
    for (const member of members) {
      if (member instanceof Predicate) {
        shape = this.group(shape, params, member as Predicate<never>, depth + 1)
        continue
      }
      if (member === null || typeof member !== 'object') {
        throw this.refuse('', `a group is of conditions, not of ${describe(member)}`)
      }
      const conditions = Object.entries(member)
      if (conditions.length !== 1) shape = shape.then(AND, String(conditions.length))
      for (const [column, condition] of conditions) {
        shape = this.condition(shape, params, column, condition)
      }
    }
    return shape
  }

  private condition(shape: Shape, params: Param[], column: string, condition: unknown): Shape {
    if (typeof condition === 'number' || typeof condition === 'string') {
      params.push(this.param(column, condition))
      return shape.then(EQ, column)
    }
    if (condition === null) return shape.then(IS_NULL, column)
    if (!(condition instanceof Operator)) {
      params.push(this.param(column, condition))
      return shape.then(EQ, column)
    }
    const { code, first, second, list, path } = condition as Operator<unknown>
    if (path !== undefined) return this.at(shape, params, column, condition, path)
    if (code === IS_NULL || code === NOT_NULL) return shape.then(code, column)
    if (code === IN) return this.list(shape, params, column, list!)
    if (first instanceof Reference) return shape.then(code, column).then(OTHER, first.name)
    if (code >= LIKE) {
      params.push(this.part(column, code, first))
      return shape.then(code, column)
    }
    params.push(this.param(column, first))
    if (code === BETWEEN) params.push(this.param(column, second))
    return shape.then(code, column)
  }

  /** A condition on what is at a path: its values are JSON, but those of texts. */
  private at(
    shape: Shape,
    params: Param[],
    column: string,
    { code, first, second, list }: Operator<unknown>,
    path: readonly string[],
  ): Shape {
    const { table, columns } = this.source
    const json = (value: unknown) =>
      JSON.stringify(toWire(table.name, columns.get(column), column, value))
    if (first instanceof Reference) throw this.refuse(column, 'JSON is not compared with a column')
    let next: Shape
    if (code === IN) {
      next = this.list(shape, params, column, list!, json)
    } else {
      next = shape.then(code, column)
      if (code >= LIKE) params.push(this.part(column, code, first))
      else if (code !== IS_NULL && code !== NOT_NULL) params.push(json(first))
      if (code === BETWEEN) params.push(json(second))
    }
    return next.then(PATH, JSON.stringify(path))
  }

  private list(
    shape: Shape,
    params: Param[],
    column: string,
    list: readonly unknown[],
    toParam = (value: unknown) => this.param(column, value),
  ): Shape {
    if (!Array.isArray(list) || list.length > LIST_MAX) {
      throw this.refuse(column, `oneOf takes an array of at most ${LIST_MAX} values`)
    }
    const step = stepOfList(list.length)
    const length = paramsOfList(step)
    for (let i = 0; i < length; i++) params.push(toParam(list[Math.min(i, list.length - 1)]))
    return shape.then(step, column)
  }

  private param(column: string, value: unknown): Param {
    if (typeof value === 'string' || typeof value === 'number') return value
    if (typeof value === 'boolean') return value ? 1 : 0
    const text = textOf(value)
    if (text !== undefined) return text
    if (value === null)
      throw this.refuse(column, 'nothing compares with null: use null or isNull()')
    throw this.refuse(column, `a column can't be compared with ${describe(value)}`)
  }

  /** What a text, JSON or an array is tested for. */
  private part(column: string, code: number, value: unknown): Param {
    if (code >= CONTAINS && code <= OVERLAPS) {
      const { table, columns } = this.source
      return JSON.stringify(toWire(table.name, columns.get(column), column, value))
    }
    if (code > HAS_KEY && Array.isArray(value)) return JSON.stringify(value.map(String))
    if (typeof value === 'string') return value
    throw this.refuse(column, `this takes a text, not ${describe(value)}`)
  }

  private refuse(column: string, problem: string): HaversackError {
    const table = this.source.table.name
    const place = column === '' ? table : `${table}.${column}`
    return new HaversackError('invalid_query', `${place}: ${problem}`, {
      table,
      ...(column !== '' && { column }),
    })
  }
}

const STEPS: { readonly [D in Direction]: number } = {
  asc: ASC,
  desc: DESC,
  'asc nulls first': ASC_NULLS_FIRST,
  'asc nulls last': ASC,
  'desc nulls first': DESC,
  'desc nulls last': DESC_NULLS_LAST,
}

function isDirection(value: unknown): value is Direction {
  return typeof value === 'string' && Object.hasOwn(STEPS, value)
}

function order<Row>(shape: Shape, part: OrderPart<Row> | Direction): Shape {
  if (typeof part === 'string') return shape.then(ASC, part)
  const [column, direction] = part
  if (!isDirection(direction)) {
    throw new HaversackError(
      'invalid_query',
      `orderBy knows asc and desc, with nulls first or last, not ${describe(direction)}`,
    )
  }
  return shape.then(STEPS[direction], column)
}

function whole(what: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new HaversackError('invalid_query', `${what} must be a whole number from 0, not ${count}`)
  }
}

/** A query for all rows of a table. */
export function allOf(
  rows: Rows,
): readonly [Rows, Shape, readonly Param[], number, number, undefined] {
  return [rows, rows.shape, NO_PARAMS, -1, 0, undefined]
}
