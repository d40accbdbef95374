// The comparisons of `where`. Plain data: what they mean is decided by the core.

import type { TextShape } from './binding.js'
import type { JsonCondition, JsonValue } from './types.js'

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
export const ASC_NULLS_FIRST = 11
export const DESC_NULLS_LAST = 12
/** As operators again, whose values are texts, and JSON in texts. */
export const LIKE = 13
export const ILIKE = 14
export const MATCHES = 15
export const IMATCHES = 16
export const STARTS_WITH = 17
export const CONTAINS = 18
export const CONTAINED_IN = 19
export const OVERLAPS = 20
export const HAS_KEY = 21
export const HAS_ANY_KEY = 22
export const HAS_ALL_KEYS = 23
/** Groups: their steps tell how many members follow. */
export const AND = 24
export const OR = 25
export const NOT = 26
/** As a group, whose members are of a related table: the step tells how many, and the relation. */
export const EXISTS = 27
/** The column that the condition before is compared with, in place of a value. */
export const OTHER = 28
/** The path, as JSON, to what the condition before compares. */
export const PATH = 29
/** Related rows beside each row, as JSON. */
export const WITH = 30
/** Of the words of a text, and of how similar texts are. */
export const SEARCH = 31
export const SIMILAR = 32
export const WORD_SIMILAR = 33
/** How the condition before searches a text, as JSON. */
export const TEXT = 34
/** A rank in the order, as JSON. */
export const RANK = 35
/** The last, because a list's step also tells its length. */
export const IN = 36

declare const part: unique symbol

/** Marks what JSON or an array is tested for, which nothing is equal to. Never there at run time. */
export interface PartOf<out V> {
  readonly [part]: V
}

/** Another column of the row, to compare with. Made by `column`. */
export class Reference<out Name extends string = string> {
  /** @internal */
  constructor(readonly name: Name) {}
}

/**
 * Conditions put together. Made by `and`, `or` and `not`; as immutable as a query, so that it can be
 * kept and used in many.
 */
export class Predicate<in Row> {
  declare private readonly row: (row: Row) => void
  /** @internal */
  constructor(
    /** @internal */
    readonly code: number,
    /** @internal Each a predicate, or conditions by column. */
    readonly members: readonly unknown[],
    /** @internal The relation whose rows the members are about. */
    readonly relation?: string,
  ) {}
}

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
    /** @internal Where in a JSON column the value is that is compared. */
    readonly path?: readonly string[],
    /** @internal How a text is searched. */
    readonly text?: TextShape,
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

/**
 * Like `pattern`, in which `%` stands for any text, `_` for any character, and a backslash before
 * either for itself. Of columns of type text and varchar; capitals are not small letters.
 */
export function like(pattern: string): Operator<string> {
  return new Operator(LIKE, pattern, undefined, undefined)
}

/** As `like`, and capitals are small letters. */
export function ilike(pattern: string): Operator<string> {
  return new Operator(ILIKE, pattern, undefined, undefined)
}

/**
 * Matching a regular expression as Postgres reads it (`~`), anywhere unless `^` and `$` say where.
 * With `ignoreCase`, capitals are small letters (`~*`). Of columns of type text and varchar.
 *
 * @example db.events.where({ title: matches('^(call|write) ', { ignoreCase: true }) })
 */
export function matches(
  pattern: string,
  { ignoreCase = false }: { readonly ignoreCase?: boolean } = {},
): Operator<string> {
  return new Operator(ignoreCase ? IMATCHES : MATCHES, pattern, undefined, undefined)
}

/** Beginning with `text`. Of columns of type text and varchar. */
export function startsWith(text: string): Operator<string> {
  return new Operator(STARTS_WITH, text, undefined, undefined)
}

/** Holding all that `value` holds: Postgres's `@>` of jsonb and arrays. */
export function contains<const V>(value: V): Operator<PartOf<V>> {
  return parts(CONTAINS, value)
}

/** Holding nothing but what `value` holds: Postgres's `<@` of jsonb and arrays. */
export function containedIn<const V>(value: V): Operator<PartOf<V>> {
  return parts(CONTAINED_IN, value)
}

/** Having an element in common with `values`: Postgres's `&&` of arrays. */
export function overlaps<const V extends readonly unknown[]>(values: V): Operator<PartOf<V>> {
  return parts(OVERLAPS, values)
}

/** A JSON object with this member, or an array with this text: Postgres's `?` of jsonb. */
export function hasKey(key: string): Operator<PartOf<string>> {
  return parts(HAS_KEY, key)
}

/** As `hasKey`, of at least one of these: Postgres's `?|`. */
export function hasAnyKey(keys: readonly string[]): Operator<PartOf<readonly string[]>> {
  return parts(HAS_ANY_KEY, keys)
}

/** As `hasKey`, of each of these: Postgres's `?&`. */
export function hasAllKeys(keys: readonly string[]): Operator<PartOf<readonly string[]>> {
  return parts(HAS_ALL_KEYS, keys)
}

/**
 * What a JSON column holds at a path of members' names and elements' numbers: Postgres's `#>`. A
 * value, as by `eq` to `oneOf`, is compared with it as JSON, in Postgres's order of jsonb; `like`,
 * `matches` and the others for texts see it as text, as `#>>` does. `isNull()` is true where nothing
 * is there; `null` is JSON's null.
 *
 * @example db.events.where({ custom_fields: at('color', 'red') })
 * @example db.events.where({ custom_fields: at(['size', 0], gte(2)) })
 */
export function at(
  path: string | number | readonly (string | number)[],
  condition: JsonCondition,
): Operator<PartOf<JsonValue>> {
  const steps = (Array.isArray(path) ? path : [path]).map(String)
  const { code, first, second, list } =
    condition instanceof Operator
      ? condition
      : { code: EQ, first: condition, second: undefined, list: undefined }
  return new Operator<unknown>(code, first, second, list, steps) as Operator<PartOf<JsonValue>>
}

function parts<V>(code: number, value: V): Operator<PartOf<V>> {
  return new Operator<unknown>(code, value, undefined, undefined) as Operator<PartOf<V>>
}

/** Another column of the same row, to compare with: `{ ended: lt(column('started')) }`. */
export function column<const Name extends string>(name: Name): Reference<Name> {
  return new Reference(name)
}
