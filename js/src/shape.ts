// A query without its values, as a path in a tree: the same question asked again, with other
// values, arrives at the same node and finds its compiled plan there, so that building a query
// neither concatenates nor serialises text.

import type {
  QueryShape,
  ShapeCondition,
  ShapeOp,
  ShapeOrder,
  ShapeRelated,
  TextShape,
} from './binding.js'
import type { Made } from './joins.js'
import {
  AND,
  ASC,
  DESC,
  DESC_NULLS_LAST,
  EXISTS,
  IN,
  NOT,
  OR,
  OTHER,
  PATH,
  RANK,
  TEXT,
  WITH,
} from './operators.js'

/** The most values of a `oneOf`. */
export const LIST_MAX = 10_000

/** The most conditions of a query, groups of them included. */
export const CONDITIONS_MAX = 64

/** The operators' names, by their numbers. */
export const OPS =
  'eq ne lt lte gt gte between is_null not_null . . . . like ilike matches imatches starts_with contains contained_in overlaps has_key has_any_key has_all_keys and or not exists . . . search similar word_similar'.split(
    ' ',
  ) as ShapeOp[]

/** A node of the tree: a table's root, or a step after another node, on a column or for a group. */
export class Shape {
  /** Plans by `limited + offset * 2 + after * 4`; −1 where none was compiled yet. */
  readonly plans: number[] = [-1, -1, -1, -1, -1, -1, -1, -1]
  /** By row, what it is with the rows beside it. */
  made: WeakMap<object, Made> | undefined
  private readonly next: (Map<string, Shape> | undefined)[] = []

  constructor(
    readonly table: string,
    readonly parent: Shape | undefined,
    readonly step: number,
    /** The column; of a group, how many members follow, of `EXISTS` with the relation behind it. */
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

  /** The columns of the order, each once. */
  ordered(): Set<string> {
    const columns: string[] = []
    for (let node: Shape = this; node.parent !== undefined; node = node.parent) {
      if (node.step >= ASC && node.step <= DESC_NULLS_LAST) columns.push(node.column)
    }
    return new Set(columns.reverse())
  }

  /** What the core compiles. */
  describe(after: boolean, limit: boolean, offset: boolean): QueryShape {
    const where: ShapeCondition[] = []
    const order: ShapeOrder[] = []
    const related: ShapeRelated[] = []
    // What a condition has beside its values comes after it, and so before on the way back.
    let more: { other?: string; path?: string[]; text?: TextShape } = {}
    for (let node: Shape = this; node.parent !== undefined; node = node.parent) {
      const { step, column } = node
      if (step >= ASC && step <= DESC_NULLS_LAST) {
        const descending = step === DESC || step === DESC_NULLS_LAST
        const nulls_first = step === ASC || step === DESC ? undefined : !descending
        order.unshift({ column, descending, ...(nulls_first !== undefined && { nulls_first }) })
      } else if (step === RANK) {
        order.unshift(JSON.parse(column) as ShapeOrder)
      } else if (step === WITH) {
        related.unshift(JSON.parse(column) as ShapeRelated)
      } else if (step === OTHER) {
        more.other = column
      } else if (step === PATH) {
        more.path = JSON.parse(column) as string[]
      } else if (step === TEXT) {
        more.text = JSON.parse(column) as TextShape
      } else {
        where.unshift({ ...condition(step, column), ...more })
        more = {}
      }
    }
    return {
      table: this.table,
      where,
      order,
      ...(after && { after }),
      ...(related.length > 0 && { with: related }),
      limit,
      offset,
    }
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
  if (step === AND || step === OR || step === NOT) return { op: OPS[step]!, n: Number(column) }
  if (step === EXISTS) {
    const [n, relation] = JSON.parse(column) as [number, string]
    return { op: OPS[step]!, n, column: relation }
  }
  return { column, op: OPS[step]! }
}
