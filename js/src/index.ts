/**
 * Haversack: the part of your Postgres that your users carry with them.
 *
 * @packageDocumentation
 */

export { coreVersion, open } from './open.js'
export type { OpenOptions } from './open.js'
export {
  at,
  between,
  column,
  containedIn,
  contains,
  eq,
  gt,
  gte,
  hasAllKeys,
  hasAnyKey,
  hasKey,
  ilike,
  isNull,
  like,
  lt,
  lte,
  matches,
  ne,
  notNull,
  oneOf,
  overlaps,
  startsWith,
} from './operators.js'
export type { Operator, PartOf, Predicate, Reference } from './operators.js'
export { rank, search, similar, similarity, wordSimilar, wordSimilarity } from './search.js'
export type { Rank, SearchOptions } from './search.js'
export { and, not, or } from './predicates.js'
export { array, avg, count, max, min, sum } from './groups.js'
export type { Aggregate, Aggregates, AggregateValue, GroupBy, Groups, Made } from './groups.js'
export { HaversackError } from './errors.js'
export type { ErrorDetails, Recovery } from './errors.js'
export type { ErrorCode } from './codes.js'
export { toDate } from './types.js'
export type * from './types.js'
export type { Database, DatabaseMembers } from './database.js'
export type { Table } from './table.js'
export type { Explanation } from './explanation.js'
export type { InspectedError, InspectedQuery, Inspection, Standing } from './inspection.js'
export type { Query } from './query.js'
export type { SavedCondition, SavedGroups, SavedOrder, SavedQuery, SavedRank } from './saved.js'
export type { Changes } from './changes.js'
export type { LiveOptions, LiveResult, Observer, Stop } from './live.js'
export { meta } from './state.js'
export type { RowMeta, RowState } from './state.js'
export { defineHooks, refuse } from './hooks.js'
export type {
  AfterHooks,
  BeforeHooks,
  Completion,
  HookContext,
  Hooks,
  HookTable,
  Refusal,
  TableHooks,
} from './hooks.js'
export type { Write } from './write.js'
export type { NewRow, Transaction, TransactionTable } from './transaction.js'
export type {
  Choice,
  Conflicts,
  LostValue,
  OpenConflict,
  PendingMutation,
  RejectedMutation,
  Resolution,
  Sync,
  SyncStatus,
} from './sync.js'
export type { MutationOp, ShapeOp, TextShape, WasmSource, WireValue } from './binding.js'
