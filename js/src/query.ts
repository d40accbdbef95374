// Builds queries: immutable values that hold a shape and its parameters. It never evaluates one.

import type { QueryShape } from './binding.js'
import { HaversackError } from './errors.js'
import { explanation } from './explanation.js'
import type { Explanation } from './explanation.js'
import { GroupBy } from './groups.js'
import type { Aggregates, Groups, Made } from './groups.js'
import type { LiveOptions, Observer, Stop } from './live.js'
import { ASC, ASC_NULLS_FIRST, DESC, DESC_NULLS_LAST, RANK, WITH } from './operators.js'
import { Conditions } from './conditions.js'
import type { Param } from './input.js'
import type { AnyQuery, Joined, Join, Ways } from './joins.js'
import type { Replica } from './replica.js'
import type { Rows } from './rows.js'
import { inTurn, saved } from './saved.js'
import type { SavedQuery } from './saved.js'
import { Rank, rank, search } from './search.js'
import type { SearchOptions } from './search.js'
import type { Shape } from './shape.js'
import type { Column, Direction, Filter, OrderPart } from './types.js'
import { describe } from './values.js'

const NO_PARAMS: readonly Param[] = []
const NO_JOINS: readonly Join[] = []

/**
 * A question to one table. Immutable: every method gives a new query, and the same one can be
 * asked again and again. Reads are synchronous and see all writes made before.
 */
export class Query<Row, Found = Row, Related extends Ways = {}> {
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
    /** @internal What is wanted of other tables. */
    readonly joins: readonly Join[] = NO_JOINS,
    /** @internal What rows are ranked by. */
    readonly ranks: readonly Param[] = NO_PARAMS,
  ) {}

  /**
   * Only rows that meet all `conditions`, and those of earlier calls.
   *
   * @example db.events.where({ status: 'active', priority: between(4, 5), location: null })
   * @example db.events.where(or({ status: 'active' }, not({ title: like('%draft%') })))
   * @throws HaversackError `invalid_query`: a condition is undefined, or nothing that can be compared
   *   with; groups are nested too deeply
   */
  where(conditions: Filter<Row>): Query<Row, Found, Related> {
    const written = new Conditions(this.source, this.params.slice())
    return this.copy(written.write(this.shape, conditions), written.params)
  }

  /**
   * With the rows of other tables beside each row, by the relations' names as `haversack pull` writes
   * them: an array where there may be several, else a row or null. Given as queries, they are just
   * these of them, in their order, and each row has its own limit and offset.
   *
   * Such a row is frozen, and the same object (`===`) until it or what is beside it changes.
   *
   * @example db.events.with('event_type', 'tag_assignments')
   * @example db.events.with({ items: db.items.where({ done: false }).orderBy('position').limit(3) })
   * @throws HaversackError `invalid_query`: there is no such relation, or it leads to another table
   *   than the query is of
   */
  with<K extends keyof Related & string>(
    ...names: readonly K[]
  ): Query<Row, Found & Joined<Related, { readonly [N in K]: true }>, Related>
  with<Q extends { readonly [N in keyof Related]?: AnyQuery<Related[N]['row']> }>(
    queries: Q,
  ): Query<Row, Found & Joined<Related, Q>, Related>
  with(...given: readonly unknown[]): Query<Row, never, Related> {
    let shape = this.shape
    const joins = [...this.joins]
    for (const [name, query] of given.flatMap(named)) {
      const join = this.join(name, query)
      if (joins.some((other) => other.name === name)) {
        throw this.refuse('', `${name} is beside the rows already`)
      }
      shape = shape.then(WITH, JSON.stringify(join.shape))
      joins.push(join)
    }
    const { replica, source, params, limitCount, offsetCount, place, ranks } = this
    return new Query(replica, source, shape, params, limitCount, offsetCount, place, joins, ranks)
  }

  /**
   * In the order of this column; later calls decide among equals, and the primary key at last.
   * Nulls come last when ascending and first when descending, as in Postgres, unless the direction
   * says otherwise: `'desc nulls last'`. By `rank` and its like the best come first.
   */
  orderBy(column: Column<Row>, direction?: Direction): Query<Row, Found, Related>
  /** In the order of several columns, each with its direction: `orderBy(['priority', 'desc'], 'title')`. */
  orderBy(...parts: OrderPart<Row>[]): Query<Row, Found, Related>
  orderBy(
    first: OrderPart<Row>,
    ...rest: (OrderPart<Row> | Direction | undefined)[]
  ): Query<Row, Found, Related> {
    let shape = this.shape
    const second = rest[0]
    if (rest.length < 2 && typeof first === 'string' && isDirection(second)) {
      return this.copy(shape.then(STEPS[second], first), this.params)
    }
    let ranks = this.ranks
    for (const part of [first, ...rest]) {
      if (part === undefined) continue
      shape = order(shape, part)
      if (part instanceof Rank) ranks = [...ranks, textOfRank(part)]
    }
    const { limitCount, offsetCount, place } = this
    return this.copy(shape, this.params, limitCount, offsetCount, place, ranks)
  }

  /**
   * Rows with the words of `text` in a column, or in several as if they were one text; the best answers come
   * first. What else there is to say of it: `search` and `rank`.
   *
   * @example db.events.search(['title', 'description'], 'wi-fi -office').limit(20)
   */
  search(
    columns: Column<Row> | readonly [Column<Row>, ...Column<Row>[]],
    text: string,
    options: Omit<SearchOptions, 'with'> = {},
  ): Query<Row, Found, Related> {
    const [first, ...others]: readonly [Column<Row>, ...Column<Row>[]] =
      typeof columns === 'string' ? [columns] : columns
    const how = { ...options, with: others }
    const searched = { [first]: search(text, how) } as unknown as Filter<Row>
    return this.where(searched).orderBy(rank(first, text, how))
  }

  /** At most `count` rows. @throws HaversackError `invalid_query`: not a whole number from 0 */
  limit(count: number): Query<Row, Found, Related> {
    whole('limit', count)
    return this.copy(this.shape, this.params, count)
  }

  /** Without the first `count` rows. @throws HaversackError `invalid_query`: not a whole number from 0 */
  offset(count: number): Query<Row, Found, Related> {
    whole('offset', count)
    return this.copy(this.shape, this.params, this.limitCount, count)
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
  after(row: Partial<Row>): Query<Row, Found, Related> {
    if (row === null || typeof row !== 'object') {
      throw this.refuse('', `rows come after a row, not after ${describe(row)}`)
    }
    return this.copy(this.shape, this.params, this.limitCount, this.offsetCount, row)
  }

  /**
   * The rows, in order. Each is frozen, and the same object (`===`) until its content changes.
   *
   * @throws HaversackError `unknown_column`, `type_mismatch`, `invalid_query`; `closed`; `internal`
   */
  rows(): readonly Found[] {
    const rows = this.replica.select(
      this.source,
      this.shape,
      this.asked(),
      this.place !== undefined,
      this.limitCount,
      this.offsetCount,
    )
    if (this.joins.length === 0) return rows as Found[]
    return this.beside(rows) as Found[]
  }

  private beside(rows: readonly object[]): object[] {
    const { source, shape, joins, limitCount, offsetCount } = this
    const beside = this.replica.beside(shape, this.place !== undefined, limitCount, offsetCount)
    return beside.compose(source, shape, joins, rows)
  }

  /**
   * The rows as Postgres has them now, in Postgres's order, at most 10,000: the same question, put to
   * the server. They are frozen, and a row whose content is that of the replica's is the same object
   * (`===`) as `rows` and `get` give. What waits to be sent is not in the answer: await its `synced`
   * first. Nothing is written here by it; where it shows that the replica is behind, a sync is asked
   * for at once, which brings the rows. Rows of other tables (`with`) are asked for by queries of their
   * own.
   *
   * Rejects with a `HaversackError`: as `rows`; `network` (offline); `not_signed_in`, `token_expired`
   * and its like; `too_many_rows` (more than one answer has: give a limit); `query_too_slow`;
   * `schema_changed`, `overloaded`, `database_unavailable`, `identity_changed`.
   */
  async fetch(): Promise<readonly Row[]> {
    if (this.joins.length > 0) {
      throw this.refuse('', 'what is beside rows is not fetched with them: leave out `with`')
    }
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
  first(): Found | undefined {
    return this.limitCount === 0 ? undefined : this.limit(1).rows()[0]
  }

  /**
   * The rows in groups, those with equal values in these columns together; `aggregate` says what is
   * made of each.
   *
   * @example db.events.groupBy('status').aggregate({ events: count(), budget: sum('budget') })
   */
  groupBy<C extends Column<Row>>(...columns: readonly C[]): GroupBy<Row, C> {
    return new GroupBy(this as unknown as Query<Row>, columns)
  }

  /**
   * One row made of all rows, however few. @example db.events.aggregate({ events: count() }).first()
   *
   * @throws HaversackError `invalid_query`: the query has an order, a limit, an offset or an `after`
   */
  aggregate<A extends Aggregates<Row>>(values: A): Groups<Made<Row, never, A>> {
    return new GroupBy<Row, never>(this as unknown as Query<Row>, []).aggregate(values)
  }

  /** @internal */
  watch(known: number): number {
    const { shape, place, limitCount, offsetCount } = this
    const after = place !== undefined
    return this.replica.watch(known, shape, this.asked(), after, limitCount, offsetCount)
  }

  /**
   * The query as JSON, which `table.query` takes: what a user keeps as a filter. Values are as the query
   * compares them: dates and int8 as text.
   *
   * @example localStorage.filter = JSON.stringify(db.events.where({ status: 'active' }).limit(50))
   */
  toJSON(): SavedQuery {
    const { query, params } = this.whole()
    return saved(query, this.source, inTurn(params))
  }

  /** What is asked, and all its parameters, those of limit and offset at last. */
  private whole(): { readonly query: QueryShape; readonly params: readonly Param[] } {
    const { shape, place, limitCount, offsetCount } = this
    const params = this.asked().slice()
    if (limitCount >= 0) params.push(limitCount)
    if (offsetCount > 0) params.push(offsetCount)
    const query = shape.describe(place !== undefined, limitCount >= 0, offsetCount > 0)
    return { query, params }
  }

  /** @internal Compiles it without running it. @throws HaversackError `unknown_column`, `invalid_query` */
  check(): void {
    const { shape, place, limitCount, offsetCount } = this
    this.replica.check(shape, place !== undefined, limitCount, offsetCount)
  }

  /** @internal What tells it from other questions. */
  asks(): readonly unknown[] {
    const { shape, limitCount, offsetCount, place } = this
    return [shape, limitCount, offsetCount, place !== undefined, ...this.asked()]
  }

  /** @internal */
  identity(row: Found): unknown {
    return this.source.identity(row as object)
  }

  /** Runs the query, and tells how the core answered it. Throws as `rows`. */
  explain(): Explanation {
    const { shape, place, limitCount, offsetCount } = this
    const start = performance.now()
    const after = place !== undefined
    const found = this.replica.explain(shape, this.asked(), after, limitCount, offsetCount)
    return explanation(found, performance.now() - start)
  }

  /**
   * Calls back with the result, and again whenever it has changed: other rows, another order, or
   * another content of a row. The first call comes in a microtask, so never before `live` has
   * returned; later ones once for all changes that were made in one go, and where a sync has brought a
   * thousand rows or more, in a task of its own.
   *
   * A callback that throws is reported to the page (`reportError`) and called again next time.
   * When the query can't be answered, or the database has been closed for a reason of its own,
   * `error` is called and the query ends; without `error`, the error is reported.
   *
   * @returns a function that ends it
   */
  live(observer: Observer<Found>, options: LiveOptions = {}): Stop {
    return this.replica.live.add(this, observer, options)
  }

  private copy(
    shape: Shape,
    params: readonly Param[],
    limit = this.limitCount,
    offset = this.offsetCount,
    place = this.place,
    ranks = this.ranks,
  ): Query<Row, Found, Related> {
    const { replica, source, joins } = this
    return new Query(replica, source, shape, params, limit, offset, place, joins, ranks)
  }

  /** The parameters: of conditions, ranks, the place that rows come after, and what is beside them. */
  private asked(): readonly Param[] {
    const { place, joins, ranks } = this
    if (place === undefined && joins.length === 0 && ranks.length === 0) return this.params
    const params = this.params.concat(ranks)
    if (this.place !== undefined) this.placed(this.place, params)
    for (const join of this.joins) for (const param of join.params) params.push(param)
    return params
  }

  private placed(row: Partial<Row>, params: Param[]): void {
    const conditions = new Conditions(this.source, params)
    const place = row as { readonly [column: string]: unknown }
    const columns = this.shape.ordered()
    for (const column of this.source.table.primary_key) columns.add(column)
    for (const column of columns) {
      const value = place[column]
      if (value === undefined) {
        throw this.refuse(column, 'rows are ordered by it, so `after` needs its value')
      }
      params.push(value === null ? null : conditions.param(column, value))
    }
  }

  /** What is wanted of a relation of the table, and of those of them that this query is for. */
  private join(name: string, asked: unknown): Join {
    const { rows, many } = this.source.way(name)
    const query =
      asked === undefined || asked === true ? new Query(this.replica, ...allOf(rows)) : asked
    if (!(query instanceof Query) || query.source !== rows) {
      const given =
        query instanceof Query ? `a query on ${query.source.table.name}` : describe(query)
      throw this.refuse('', `${name} leads to ${rows.table.name}, and is not given as ${given}`)
    }
    return query.joinedAs(name, many)
  }

  private joinedAs(name: string, many: boolean): Join {
    const { source: rows, shape: query, joins } = this
    if (this.place !== undefined) throw this.refuse('', 'rows beside others have no `after`')
    const { query: asked, params } = this.whole()
    return { name, many, rows, query, shape: { relation: name, query: asked }, params, joins }
  }

  private refuse(column: string, problem: string): HaversackError {
    return new Conditions(this.source, []).refuse(column, problem)
  }
}

/** Relations by name, with the queries that say which of their rows. */
function named(given: unknown): [name: string, query: unknown][] {
  if (typeof given === 'object' && given !== null) return Object.entries(given)
  return [[String(given), undefined]]
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
  if (part instanceof Rank) {
    const { column, op, text } = part
    return shape.then(RANK, JSON.stringify({ column, descending: false, rank: op, text }))
  }
  const [column, direction] = part
  if (!isDirection(direction)) {
    throw new HaversackError(
      'invalid_query',
      `orderBy knows asc and desc, with nulls first or last, not ${describe(direction)}`,
    )
  }
  return shape.then(STEPS[direction], column)
}

function textOfRank({ column, sought }: Rank): string {
  if (typeof sought === 'string') return sought
  const problem = `${column} is ranked by a text, not by ${describe(sought)}`
  throw new HaversackError('invalid_query', problem)
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
