// A query without its values, as a path in a tree: the same question asked again, with other
// values, arrives at the same node and finds its compiled plan there, so that building a query
// neither concatenates nor serialises text.

import type { QueryShape, ShapeCondition, ShapeOp } from './binding.js'
import { ASC, DESC, IN } from './operators.js'

/** The most values of a `oneOf`. */
export const LIST_MAX = 10_000

const OPS: readonly ShapeOp[] = [
  'eq',
  'ne',
  'lt',
  'lte',
  'gt',
  'gte',
  'between',
  'is_null',
  'not_null',
]

/** A node of the tree: a table's root, or a step on a column after another node. */
export class Shape {
  /** Plans by `limited + offset * 2`; −1 where none was compiled yet. */
  readonly plans: number[] = [-1, -1, -1, -1]
  private readonly next: (Map<string, Shape> | undefined)[] = []

  constructor(
    readonly table: string,
    readonly parent: Shape | undefined,
    readonly step: number,
    readonly column: string,
  ) {}

  /** The node after this one. */
  then(step: number, column: string): Shape {
    let columns = this.next[step]
    if (columns === undefined) {
      while (this.next.length <= step) this.next.push(undefined)
      columns = this.next[step] = new Map<string, Shape>()
    }
    let shape = columns.get(column)
    if (shape === undefined) {
      shape = new Shape(this.table, this, step, column)
      columns.set(column, shape)
    }
    return shape
  }

  /** What the core compiles. */
  describe(limit: boolean, offset: boolean): QueryShape {
    const where: ShapeCondition[] = []
    const order: { column: string; descending: boolean }[] = []
    for (let node: Shape = this; node.parent !== undefined; node = node.parent) {
      if (node.step === ASC || node.step === DESC) {
        order.unshift({ column: node.column, descending: node.step === DESC })
      } else {
        where.unshift(condition(node.step, node.column))
      }
    }
    return { table: this.table, where, order, limit, offset }
  }
}

/**
 * The step of a list of `count` values: `IN` for none, `IN + 1 + k` for up to 2^k. Lists are padded
 * to that, so that few lengths make plans.
 */
export function stepOfList(count: number): number {
  return count === 0 ? IN : IN + 1 + (32 - Math.clz32(count - 1))
}

/** The number of parameters of the step of a list. */
export function paramsOfList(step: number): number {
  return step === IN ? 0 : Math.min(2 ** (step - IN - 1), LIST_MAX)
}

function condition(step: number, column: string): ShapeCondition {
  if (step >= IN) return { column, op: 'in', n: paramsOfList(step) }
  return { column, op: OPS[step]! }
}
