// Writes conditions behind a query's shape, and what they compare with among its parameters.

import { HaversackError } from './errors.js'
import type { Param } from './input.js'
import {
  AND,
  BETWEEN,
  CONTAINS,
  EQ,
  EXISTS,
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
  SEARCH,
  TEXT,
  WORD_SIMILAR,
} from './operators.js'
import type { Rows } from './rows.js'
import { CONDITIONS_MAX, LIST_MAX, paramsOfList, stepOfList } from './shape.js'
import type { Shape } from './shape.js'
import { describe, textOf, toWire } from './values.js'

/** Writes conditions on the rows of one table. */
export class Conditions {
  constructor(
    private readonly source: Rows,
    /** What they compare with. */
    readonly params: Param[],
  ) {}

  /** All of these, a predicate or conditions by column. */
  write(shape: Shape, conditions: object, depth = 0): Shape {
    if (conditions instanceof Predicate) {
      return this.group(shape, conditions as Predicate<never>, depth)
    }
    for (const column in conditions) {
      shape = this.condition(shape, column, (conditions as Record<string, unknown>)[column])
    }
    return shape
  }

  /** A group, with its members after it. */
  private group(shape: Shape, { code, members, relation }: Predicate<never>, depth: number): Shape {
    if (depth > CONDITIONS_MAX) throw this.refuse('', 'the conditions are nested too deeply')
    const count = members.length
    // The members of a relation are conditions of its table.
    const related =
      relation === undefined ? this : new Conditions(this.source.way(relation).rows, this.params)
    shape = shape.then(code, code === EXISTS ? JSON.stringify([count, relation]) : String(count))
    for (const member of members) {
      if (member === null || typeof member !== 'object') {
        throw this.refuse('', `a group is of conditions, not of ${describe(member)}`)
      }
      if (!(member instanceof Predicate)) {
        const conditions = Object.keys(member).length
        if (conditions !== 1) shape = shape.then(AND, String(conditions))
      }
      shape = related.write(shape, member, depth + 1)
    }
    return shape
  }

  private condition(shape: Shape, column: string, condition: unknown): Shape {
    const params = this.params
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
    if (path !== undefined) return this.at(shape, column, condition, path)
    if (code === IS_NULL || code === NOT_NULL) return shape.then(code, column)
    if (code === IN) return this.list(shape, column, list!)
    if (first instanceof Reference) return shape.then(code, column).then(OTHER, first.name)
    if (code >= SEARCH && code <= WORD_SIMILAR) return this.words(shape, column, condition)
    if (code >= LIKE) {
      params.push(this.part(column, code, first))
      return shape.then(code, column)
    }
    params.push(this.param(column, first))
    if (code === BETWEEN) params.push(this.param(column, second))
    return shape.then(code, column)
  }

  /** A condition on the words of a text, or on how similar it is. */
  private words(
    shape: Shape,
    column: string,
    { code, first, second, text }: Operator<unknown>,
  ): Shape {
    this.params.push(this.part(column, code, first))
    if (code !== SEARCH) {
      if (second !== undefined && typeof second !== 'number') {
        throw this.refuse(column, `a threshold is a number, not ${describe(second)}`)
      }
      this.params.push(second ?? null)
    }
    const next = shape.then(code, column)
    return text === undefined ? next : next.then(TEXT, JSON.stringify(text))
  }

  /** A condition on what is at a path: its values are JSON, but those of texts. */
  private at(
    shape: Shape,
    column: string,
    { code, first, second, list }: Operator<unknown>,
    path: readonly string[],
  ): Shape {
    const params = this.params
    const { table, columns } = this.source
    const json = (value: unknown) =>
      JSON.stringify(toWire(table.name, columns.get(column), column, value))
    if (first instanceof Reference) throw this.refuse(column, 'JSON is not compared with a column')
    let next: Shape
    if (code === IN) {
      next = this.list(shape, column, list!, json)
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
    column: string,
    list: readonly unknown[],
    toParam = (value: unknown) => this.param(column, value),
  ): Shape {
    if (!Array.isArray(list) || list.length > LIST_MAX) {
      throw this.refuse(column, `oneOf takes an array of at most ${LIST_MAX} values`)
    }
    const step = stepOfList(list.length)
    const length = paramsOfList(step)
    for (let i = 0; i < length; i++) this.params.push(toParam(list[Math.min(i, list.length - 1)]))
    return shape.then(step, column)
  }

  /** A value to compare a column with, as a parameter. */
  param(column: string, value: unknown): Param {
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

  /** What says that the conditions can't be asked. */
  refuse(column: string, problem: string): HaversackError {
    const table = this.source.table.name
    const place = column === '' ? table : `${table}.${column}`
    return new HaversackError('invalid_query', `${place}: ${problem}`, {
      table,
      ...(column !== '' && { column }),
    })
  }
}
