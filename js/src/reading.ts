// Reads queries that were saved as JSON. They may be anybody's and of any age, so all is checked: what they
// are made of here, with the place for whoever has to mend it, columns and values as of any other query.

import type { AggregateOp, ShapeOp, TextShape } from './binding.js'
import { HaversackError } from './errors.js'
import { Aggregate } from './groups.js'
import type { Aggregates, Groups } from './groups.js'
import {
  AND,
  BETWEEN,
  EXISTS,
  IN,
  IS_NULL,
  NOT,
  NOT_NULL,
  Operator,
  Predicate,
  Reference,
  SEARCH,
} from './operators.js'
import { allOf, Query } from './query.js'
import type { SavedRank } from './saved.js'
import { Rank } from './search.js'
import { CONDITIONS_MAX, OPS } from './shape.js'
import type { Filter } from './types.js'
import { describe } from './values.js'

/** How deep queries beside queries may be nested. */
const DEPTH_MAX = 16

/** @internal The query of these rows that was saved. @throws HaversackError as `Table.query` */
export function queryOf(all: Query<object>, value: unknown): Query<object> {
  const query = filled(all, value, 'query', 0)
  query.check()
  return query
}

function filled(all: Query<object>, value: unknown, place: string, depth: number): Query<object> {
  const from = new Saved(all.source.table.name)
  if (depth > DEPTH_MAX) throw from.refuse(`${place} is nested too deeply`)
  const found = from.members(value, place, QUERY)
  from.isAbout(found['table'], place)
  const filtered = from.filtered(all, found['where'], `${place}.where`)
  let query = from.inPages<Query<object>>(filtered, found, place)
  const { after, with: beside } = found
  if (after !== undefined) query = query.after(after as object)
  if (beside === undefined) return query
  const queries = Object.entries(from.object(beside, `${place}.with`)).map(([name, inner]) => {
    const rows = new Query<object>(all.replica, ...allOf(all.source.way(name).rows))
    return [name, filled(rows, inner, `${place}.with.${name}`, depth + 1)]
  })
  return query.with(Object.fromEntries(queries) as never)
}

/** @internal The groups of these rows that were saved. @throws HaversackError as `Table.query` */
export function groupsOf(all: Query<object>, value: unknown): Groups<object> {
  const from = new Saved(all.source.table.name)
  const found = from.members(value, 'groups', GROUPS)
  from.isAbout(found['table'], 'groups')
  const query = from.filtered(all, found['where'], 'groups.where')
  const by = from.texts(found['by'], 'groups.by')
  const values = Object.entries(from.object(found['values'], 'groups.values'))
  const aggregates = values.map(([name, one]) => {
    const place = `groups.values.${name}`
    const { op, column } = from.members(one, place, ['op', 'column'])
    const of = column === undefined ? undefined : from.text(column, `${place}.column`)
    return [name, new Aggregate(from.text(op, `${place}.op`) as AggregateOp, of)] as const
  })
  const grouped = query.groupBy(...(by as never[]))
  const made = grouped.aggregate(Object.fromEntries(aggregates) as Aggregates<object>)
  let groups = made as unknown as Groups<object>
  for (const condition of from.conditions(found['having'], 'groups.having')) {
    groups = groups.having(condition as Filter<object>)
  }
  groups = from.inPages<Groups<object>>(groups, found, 'groups')
  groups.check()
  return groups
}

const QUERY = ['table', 'where', 'order', 'after', 'limit', 'offset', 'with']
const GROUPS = ['table', 'where', 'by', 'values', 'having', 'order', 'limit', 'offset']

/** What is ordered and comes in pages. */
interface Paged<Q> {
  orderBy(...parts: never[]): Q
  limit(count: number): Q
  offset(count: number): Q
}

/** What a value of JSON is taken for. */
type Members = { readonly [name: string]: unknown }

/** Reads what was saved: each call names the place, for whoever has to mend it. */
class Saved {
  constructor(
    /** The table that it is about. */
    private readonly table: string,
  ) {}

  /** @throws where what was saved is about another table */
  isAbout(table: unknown, place: string): void {
    if (table === undefined || table === this.table) return
    throw this.refuse(`${place} is about ${this.text(table, `${place}.table`)}, not ${this.table}`)
  }

  object(value: unknown, place: string): Members {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Members
    }
    throw this.refuse(`${place} is an object, not ${describe(value)}`)
  }

  /** An object with no other members than these. */
  members(value: unknown, place: string, known: readonly string[]): Members {
    const found = this.object(value, place)
    const other = Object.keys(found).find((name) => !known.includes(name))
    if (other === undefined) return found
    throw this.refuse(`${place} has no "${other}", but ${known.join(', ')}`)
  }

  list(value: unknown, place: string): readonly unknown[] {
    if (value === undefined) return []
    if (!Array.isArray(value)) throw this.refuse(`${place} is an array, not ${describe(value)}`)
    return value
  }

  text(value: unknown, place: string): string {
    if (typeof value === 'string') return value
    throw this.refuse(`${place} is a text, not ${describe(value)}`)
  }

  texts(value: unknown, place: string): string[] {
    return this.list(value, place).map((one) => this.text(one, place))
  }

  /** These rows where they meet the conditions of a list. */
  filtered(query: Query<object>, value: unknown, place: string): Query<object> {
    for (const condition of this.conditions(value, place)) {
      query = query.where(condition as Filter<object>)
    }
    return query
  }

  /** Rows, or groups, in their order, and of these a page. */
  inPages<Q extends Paged<Q>>(all: Q, found: Members, place: string): Q {
    let some = all.orderBy(...(this.order(found['order'], `${place}.order`) as never[]))
    if (found['limit'] !== undefined) some = some.limit(found['limit'] as number)
    if (found['offset'] !== undefined) some = some.offset(found['offset'] as number)
    return some
  }

  /** Conditions, as `where` takes them. */
  conditions(value: unknown, place: string, depth = 0): object[] {
    if (depth > CONDITIONS_MAX) throw this.refuse(`${place}: conditions are nested too deeply`)
    return this.list(value, place).map((one, i) => this.condition(one, `${place}[${i}]`, depth))
  }

  private condition(value: unknown, place: string, depth: number): object {
    const found = this.members(value, place, CONDITION)
    const op = this.text(found['op'], `${place}.op`)
    const code = op === 'in' ? IN : OPS.indexOf(op as ShapeOp)
    // A number of a step that is no operator has a dot for a name.
    if (code < 0 || op === '.') throw this.refuse(`${place}.op: there is no "${op}"`)
    if (code >= AND && code <= EXISTS) {
      const of = this.conditions(found['of'], `${place}.of`, depth + 1)
      if (code === NOT && of.length !== 1) {
        throw this.refuse(`${place}.of: not is of one condition, not of ${of.length}`)
      }
      const relation =
        code === EXISTS ? this.text(found['relation'], `${place}.relation`) : undefined
      return new Predicate<never>(code, of, relation)
    }
    const column = this.text(found['column'], `${place}.column`)
    const steps =
      found['path'] === undefined ? undefined : this.texts(found['path'], `${place}.path`)
    const text = found['text'] === undefined ? undefined : this.textShape(found['text'], place)
    const [first, second] = this.compared(found, place, code)
    const list = code === IN ? this.list(found['values'], `${place}.values`) : undefined
    return { [column]: new Operator<unknown>(code, first, second, list, steps, text) }
  }

  /** What a condition compares with: one value, or two. */
  private compared(found: Members, place: string, code: number): readonly unknown[] {
    if (code === IN || code === IS_NULL || code === NOT_NULL) return []
    if (code === BETWEEN) {
      const bounds = this.list(found['values'], `${place}.values`)
      if (bounds.length === 2) return bounds
      throw this.refuse(`${place}.values: between has two, not ${bounds.length}`)
    }
    if (found['other'] !== undefined) {
      return [new Reference(this.text(found['other'], `${place}.other`))]
    }
    if (found['value'] === undefined) throw this.refuse(`${place} has no value`)
    return [found['value'], code >= SEARCH ? found['threshold'] : undefined]
  }

  private textShape(value: unknown, place: string): TextShape {
    return this.members(value, `${place}.text`, ['with', 'config', 'syntax']) as TextShape
  }

  /** What `orderBy` takes. */
  order(value: unknown, place: string): unknown[] {
    return this.list(value, place).map((one, i) => {
      const at = `${place}[${i}]`
      const found = this.members(one, at, ['column', 'direction', 'rank', 'value', 'text'])
      const column = this.text(found['column'], `${at}.column`)
      if (found['rank'] === undefined) return [column, found['direction'] ?? 'asc']
      const op = this.text(found['rank'], `${at}.rank`) as SavedRank['rank']
      if (!RANKS.includes(op)) throw this.refuse(`${at}.rank: there is no "${op}"`)
      const text = found['text'] === undefined ? undefined : this.textShape(found['text'], at)
      return new Rank(column, op, this.text(found['value'], `${at}.value`), text)
    })
  }

  refuse(problem: string): HaversackError {
    const details = { table: this.table }
    return new HaversackError('invalid_query', `a saved query: ${problem}`, details)
  }
}

const CONDITION = [
  'op',
  'column',
  'value',
  'values',
  'other',
  'path',
  'text',
  'threshold',
  'of',
  'relation',
]
const RANKS = ['search', 'similar', 'word_similar']
