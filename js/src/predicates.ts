// Conditions put together: `and`, `or`, `not`. Plain data: what they mean is decided by the core.

import { AND, NOT, OR, Predicate } from './operators.js'
import type { Filter } from './types.js'

/** Rows that meet all of these; of none, every row. */
export function and<Row>(...members: readonly NoInfer<Filter<Row>>[]): Predicate<Row> {
  return new Predicate(AND, members)
}

/**
 * Rows that meet any of these; of none, no row.
 *
 * @example db.events.where(or({ status: 'active' }, { priority: gte(4), due_date: isNull() }))
 */
export function or<Row>(...members: readonly NoInfer<Filter<Row>>[]): Predicate<Row> {
  return new Predicate(OR, members)
}

/** Rows of which this is false. As in SQL, what compares with null is neither true nor false. */
export function not<Row>(member: NoInfer<Filter<Row>>): Predicate<Row> {
  return new Predicate(NOT, [member])
}
