// Aggregates: rows made of many rows, in groups. What they mean is decided by the core.

import type { AggregateOp, GroupingShape, WireValue } from './binding.js'
import { HaversackError } from './errors.js'
import type { Param } from './input.js'
import type { Observer, Stop } from './live.js'
import { Query } from './query.js'
import { Rows } from './rows.js'
import { conditions as savedConditions, inTurn } from './saved.js'
import type { SavedGroups } from './saved.js'
import type { Column, Direction, Filter, OrderPart, SchemaColumn } from './types.js'
import { fromWire, sameValue } from './values.js'

/** A value made of many rows. Made by `count`, `sum` and the others. */
export class Aggregate<out Op extends AggregateOp = AggregateOp, out C extends string = string> {
  /** @internal */
  constructor(
    readonly op: Op,
    /** The column whose values it takes; a count may do without. */
    readonly column: C | undefined,
  ) {}
}

/** How many rows there are; of a column, how many of them are not null in it. */
export function count<const C extends string = never>(column?: C): Aggregate<'count', C> {
  return new Aggregate('count', column)
}

/** The sum of a column, nulls left out; null where there is nothing to add up. */
export function sum<const C extends string>(column: C): Aggregate<'sum', C> {
  return new Aggregate('sum', column)
}

/** The average of a column, nulls left out, as a number; null where there is none. */
export function avg<const C extends string>(column: C): Aggregate<'avg', C> {
  return new Aggregate('avg', column)
}

/** The least value of a column, nulls left out; null where there is none. */
export function min<const C extends string>(column: C): Aggregate<'min', C> {
  return new Aggregate('min', column)
}

/** The greatest value of a column, nulls left out; null where there is none. */
export function max<const C extends string>(column: C): Aggregate<'max', C> {
  return new Aggregate('max', column)
}

/** The values of a column, nulls among them, in the order of the primary key; null of no rows. */
export function array<const C extends string>(column: C): Aggregate<'array', C> {
  return new Aggregate('array', column)
}

/** What is made of rows, by name. */
export type Aggregates<Row> = {
  readonly [name: string]: Aggregate<AggregateOp, Column<Row>>
}

/** The value of an aggregate. */
export type AggregateValue<Row, A> =
  A extends Aggregate<infer Op, infer C>
    ? Op extends 'count'
      ? number
      : C extends keyof Row
        ? | (Op extends 'avg'
              ? number
              : Op extends 'array'
                ? readonly Row[C][]
                : NonNullable<Row[C]>)
          | null
        : never
    : never

/** A row made of a group: the columns grouped by, and the values by their names. */
export type Made<Row, By extends keyof Row, A> = {
  readonly [K in By | keyof A]: K extends keyof A
    ? AggregateValue<Row, A[K]>
    : K extends keyof Row
      ? Row[K]
      : never
}

/** Rows in groups. */
export class GroupBy<Row, By extends Column<Row>> {
  /** @internal */
  constructor(
    private readonly query: Query<Row>,
    private readonly columns: readonly By[],
  ) {}

  /**
   * What is made of each group.
   *
   * @example db.events.groupBy('status').aggregate({ events: count(), budget: sum('budget') })
   * @throws HaversackError `invalid_query`: the query has an order, a limit, an offset or an `after`,
   *   which belong to the groups; what is asked for is no aggregate
   */
  aggregate<A extends Aggregates<Row>>(values: A): Groups<Made<Row, By, A>> {
    const { query, columns } = this
    const { source } = query
    const paged = query.limitCount >= 0 || query.offsetCount > 0 || query.place !== undefined
    if (paged || query.shape.ordered().size > 0) {
      throw new HaversackError(
        'invalid_query',
        `${source.table.name}: order, limit, offset and after come behind aggregate, where they are of the groups`,
        { table: source.table.name },
      )
    }
    if (query.joins.length > 0) {
      throw new HaversackError(
        'invalid_query',
        `${source.table.name}: groups have no rows of other tables beside them: leave out with`,
        { table: source.table.name },
      )
    }
    const entries = Object.entries<unknown>(values).map(([name, value]) => {
      if (value instanceof Aggregate) return [name, value] as const
      throw new HaversackError(
        'invalid_query',
        `${source.table.name}: ${name} is no aggregate, as count() is one`,
        { table: source.table.name, column: name },
      )
    })
    const made = [
      ...columns.map((name) => source.columns.get(name) ?? { name, type: { name: 'text' } }),
      ...entries.map(([name, { op, column }]) =>
        columnOf(name, op, source.columns.get(column ?? '')),
      ),
    ]
    const table = { name: source.table.name, columns: made, primary_key: columns }
    const rows = new Rows(source.position, table)
    const over = new Query<Made<Row, By, A>>(query.replica, rows, rows.shape, [], -1, 0, undefined)
    const shape = {
      table: source.table.name,
      where: query.shape.describe(false, false, false).where,
      by: columns,
      values: entries.map(([name, { op, column }]) => ({
        name,
        op,
        ...(column !== undefined && { column }),
      })),
    }
    return new Groups(query as Query<unknown>, over, shape)
  }
}

/** What a value is made of many as, for the conditions on it and for JavaScript. */
function columnOf(name: string, op: AggregateOp, of: SchemaColumn | undefined): SchemaColumn {
  const type = of?.type ?? { name: 'text' }
  switch (op) {
    case 'count':
      return { name, type: { name: 'int4' } }
    case 'avg':
      return { name, type: { name: 'float8' } }
    case 'array':
      return { name, type: { name: 'array', of: type } }
    default:
      return { name, type }
  }
}

type Grouped = Pick<GroupingShape, 'table' | 'where' | 'by' | 'values'>

/**
 * Rows made of groups of rows. As immutable as a query; ordered by the columns grouped by, where
 * `orderBy` does not say otherwise first.
 */
export class Groups<Row> {
  /** @internal The rows that are grouped. */
  readonly source: Rows
  /** The last result, so that what did not change stays the same object. */
  private known = new Map<unknown, Row>()
  /** The whole shape as JSON, once it was asked for. */
  private text: string | undefined

  /** @internal */
  constructor(
    private readonly query: Query<unknown>,
    private readonly over: Query<Row>,
    private readonly shape: Grouped,
  ) {
    this.source = query.source
  }

  /** Only groups that meet these conditions, on the columns grouped by and on the values. */
  having(conditions: Filter<Row>): Groups<Row> {
    return this.with(this.over.where(conditions))
  }

  /** As `Query.orderBy`, by columns grouped by and by values. */
  orderBy(column: Column<Row>, direction?: Direction): Groups<Row>
  orderBy(...parts: OrderPart<Row>[]): Groups<Row>
  orderBy(...parts: never[]): Groups<Row> {
    return this.with(this.over.orderBy(...parts))
  }

  /** At most so many groups. */
  limit(count: number): Groups<Row> {
    return this.with(this.over.limit(count))
  }

  /** Without the first groups. */
  offset(count: number): Groups<Row> {
    return this.with(this.over.offset(count))
  }

  /**
   * The groups, in order, each frozen; the same object as in the result before, as long as it is the
   * same.
   *
   * @throws HaversackError `unknown_column`, `type_mismatch`, `invalid_query`, `out_of_range`;
   *   `closed`; `internal`
   */
  rows(): readonly Row[] {
    const { replica } = this.query
    const groups = replica.groups(...this.asked())
    const before = this.known
    this.known = new Map()
    return groups.map((values) => {
      const row = this.made(values)
      const key = this.identity(row)
      const known = before.get(key)
      const kept = known !== undefined && sameValue(known, row) ? known : row
      this.known.set(key, kept)
      return kept
    })
  }

  /**
   * The groups that Postgres makes of its rows now, in Postgres's order, each frozen: the same question, put to the
   * server, over all rows that the user may see. As `Query.fetch` otherwise, and rejects as that does.
   */
  async fetch(): Promise<readonly Row[]> {
    const groups = await this.query.replica.fetchGroups(...this.asked())
    return Object.freeze(groups.map((values) => this.made(values)))
  }

  /** The first group, if there is one. */
  first(): Row | undefined {
    return this.rows()[0]
  }

  /** As `Query.live`: calls back with the groups, and again whenever they have changed. */
  live(observer: Observer<Row>): Stop {
    // A value of its own, so that nobody else's reading decides what was known.
    return this.query.replica.live.add(this.with(this.over), observer, {})
  }

  /** @internal */
  watch(known: number): number {
    return this.query.replica.watchGroups(known, ...this.asked())
  }

  /** As `Query.toJSON`; `table.groups` takes it. */
  toJSON(): SavedGroups {
    const { query, over } = this
    const { where, by, values } = this.shape
    const { where: conditions, ...rest } = over.toJSON()
    return {
      ...rest,
      ...(where.length > 0 && {
        where: savedConditions(where, query.source, inTurn(query.params)),
      }),
      by,
      values: Object.fromEntries(values.map(({ name, ...value }) => [name, value])),
      ...(conditions !== undefined && { having: conditions }),
    }
  }

  /** @internal Compiles it without running it. @throws HaversackError `unknown_column`, `invalid_query` */
  check(): void {
    this.query.replica.grouping((this.text ??= this.describe()))
  }

  private describe(): string {
    const { shape, limitCount, offsetCount } = this.over
    const outer = shape.describe(false, limitCount >= 0, offsetCount > 0)
    const { where: having, order, limit, offset } = outer
    return JSON.stringify({ ...this.shape, having, order, limit, offset })
  }

  /** The shape and its parameters. */
  private asked(): [shape: string, params: readonly Param[], limit: number, offset: number] {
    const { query, over } = this
    const { limitCount, offsetCount } = over
    this.text ??= this.describe()
    return [this.text, [...query.params, ...over.params], limitCount, offsetCount]
  }

  /** @internal What tells it from other questions. */
  asks(): readonly unknown[] {
    const [text, params, limit, offset] = this.asked()
    return [this.query.replica, text, limit, offset, ...params]
  }

  /** @internal */
  identity(row: Row): unknown {
    return this.over.source.identity(row as object)
  }

  private made(values: readonly WireValue[]): Row {
    const { columns } = this.over.source.table
    const entries = columns.map((column, i) => [column.name, valueOf(column, values[i]!)])
    return Object.freeze(Object.fromEntries(entries)) as Row
  }

  private with(over: Query<Row>): Groups<Row> {
    return new Groups(this.query, over, this.shape)
  }
}

/** A value as JavaScript has it: sums and averages come as exact decimals. */
function valueOf(column: SchemaColumn, value: WireValue): unknown {
  const { type } = column
  if (value === null) return null
  if (type.name === 'array') {
    const items = (value as WireValue[]).map((item) =>
      fromWire({ name: column.name, type: type.of! }, item),
    )
    return Object.freeze(items)
  }
  // NaN and the infinities stay texts, as in rows.
  const exact = isNumber(type) && typeof value === 'string' && /^-?[\d.]/.test(value)
  return exact ? Number(value) : fromWire(column, value)
}

/** Do rows have values of this type as numbers? */
function isNumber({ name, precision }: SchemaColumn['type']): boolean {
  if (name === 'numeric') return precision !== undefined && precision <= 15
  return name === 'int2' || name === 'int4' || name === 'float4' || name === 'float8'
}
