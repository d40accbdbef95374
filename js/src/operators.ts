// The comparisons of `where`. Plain data: what they mean is decided by the core.

/** The operators' numbers, the steps of a query's shape. */
export const EQ = 0
export const NE = 1
export const LT = 2
export const LTE = 3
export const GT = 4
export const GTE = 5
export const BETWEEN = 6
export const IS_NULL = 7
export const NOT_NULL = 8
/** Not operators: steps of `orderBy`, numbered along with them. */
export const ASC = 9
export const DESC = 10
/** The last, because a list's step also tells its length. */
export const IN = 11

/** A comparison of a column with values of type `V`. Made by `eq`, `between` and the others. */
export class Operator<out V> {
  /** @internal */
  constructor(
    /** @internal */
    readonly code: number,
    /** The value, or the lower bound. */
    readonly first: V | undefined,
    /** The upper bound of `between`. */
    readonly second: V | undefined,
    /** The values of `oneOf`. */
    readonly list: readonly V[] | undefined,
  ) {}
}

/** Equal to `value`. The same as giving the value itself. */
export function eq<const V>(value: V): Operator<V> {
  return new Operator(EQ, value, undefined, undefined)
}

/** Different from `value`. As in SQL, null is not different from anything: add it by `isNull`. */
export function ne<const V>(value: V): Operator<V> {
  return new Operator(NE, value, undefined, undefined)
}

/** Less than `value`. */
export function lt<const V>(value: V): Operator<V> {
  return new Operator(LT, value, undefined, undefined)
}

/** Less than or equal to `value`. */
export function lte<const V>(value: V): Operator<V> {
  return new Operator(LTE, value, undefined, undefined)
}

/** Greater than `value`. */
export function gt<const V>(value: V): Operator<V> {
  return new Operator(GT, value, undefined, undefined)
}

/** Greater than or equal to `value`. */
export function gte<const V>(value: V): Operator<V> {
  return new Operator(GTE, value, undefined, undefined)
}

/** At least `low` and at most `high`: both bounds belong to it. */
export function between<const L, const H>(low: L, high: H): Operator<L | H> {
  return new Operator<L | H>(BETWEEN, low, high, undefined)
}

/** One of `values`; with an empty array, no row. */
export function oneOf<const V>(values: readonly V[]): Operator<V> {
  return new Operator<V>(IN, undefined, undefined, values)
}

const NULL = new Operator<never>(IS_NULL, undefined, undefined, undefined)
const SOME = new Operator<never>(NOT_NULL, undefined, undefined, undefined)

/** Null. The same as giving `null` itself. */
export function isNull(): Operator<never> {
  return NULL
}

/** Anything but null. */
export function notNull(): Operator<never> {
  return SOME
}
