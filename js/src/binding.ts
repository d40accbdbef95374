// The interface of the WebAssembly module, declared by hand: what TypeScript may rely on.
// `wasm.d.ts` and `open.ts` hold the generated glue to it. It declares, and does nothing.

import type { ErrorCode } from './codes.js'
import type { ErrorDetails, Recovery } from './errors.js'

/** What `init` gives. */
export interface WasmExports {
  readonly memory: WebAssembly.Memory
}

/** The glue that wasm-bindgen writes with `--target web`. */
export interface BindingModule {
  default(options?: { module_or_path: WasmSource }): Promise<WasmExports>
  core_version(): string
  readonly Client: {
    open(options: BindingOptions): Promise<BindingClient>
    /** A database without store and server, for tests; the seed is that of its random bytes. */
    in_memory(
      schema: string,
      identity: string | undefined,
      now: () => number,
      seed: number | undefined,
      onEvent: (event: BindingEvent) => void,
    ): MemoryClient
  }
}

/** Where the module's bytes come from. */
export type WasmSource = string | URL | Response | BufferSource | WebAssembly.Module

/** What `Client.open` takes. */
export interface BindingOptions {
  /** The canonical schema as JSON text. */
  schema: string
  /** The endpoint's base address, absolute, without a slash at its end. */
  url: string
  token: () => Promise<string>
  /** Called synchronously; may call back. */
  onEvent: (event: BindingEvent) => void
}

/** A replica. Synchronous methods throw a `BindingError`, asynchronous ones reject with one. */
export interface BindingClient {
  /** The slot of the row with this key of one int2 or int4 column, or −1. */
  find_int(table: number, key: number): number
  /** The slot of the row with this key of one text or uuid column, or −1. */
  find_text(table: number, key: string): number
  /** The slot of the row with any key, as a JSON array; bigints as decimal text. */
  find_key(table: number, keyJson: string): number
  /** Where the row of a key, as for `find_key`, stands with the server: a position in `ROW_STATES`. */
  row_state(table: number, keyJson: string): number
  /** Slot, state, slot, state, …: the rows that are not acknowledged; some may come twice. */
  row_states(table: number): Uint32Array
  /** The rows at these slots, frozen. */
  rows(table: number, slots: Uint32Array): object[]
  len(table: number): number
  /** A plan for a `QueryShape` as JSON. */
  compile(shapeJson: string): number
  /** Makes room for so many parameters, and for so many bytes of their texts. */
  reserve(params: number, bytes: number): void
  /**
   * Where parameters are written: two f64 each, a number and −1, anything and the length of a text
   * in bytes, or, of null, anything and −2. `reserve` moves it.
   */
  params_ptr(): number
  /** Where the texts of parameters are written as UTF-8, one after the other. `reserve` moves it. */
  text_ptr(): number
  /**
   * Runs a plan with the parameters written before; the number of hits, or −1 for an error. The
   * first f64 of the parameters is then where the hits are, as u32 in the module's memory.
   */
  run(plan: number, params: number): number
  /** The error of the last `run` or `count`. */
  take_error(): unknown
  /** As `run`, but gives the number alone. */
  count(plan: number, params: number): number
  /**
   * Puts a query, with the parameters written before, to Postgres: its rows, frozen; undefined where
   * there is no server.
   */
  fetch(plan: number, params: number): Promise<object[] | undefined>
  /** As `fetch`, the groups of a grouping as `run_grouping` gives them. */
  fetch_groups(plan: number, params: number): Promise<string | undefined>
  /** A plan for a `GroupingShape` as JSON. */
  compile_grouping(shapeJson: string): number
  /** Runs it as `run`: an array of arrays, the columns grouped by and the values, as JSON; '' for an error. */
  run_grouping(plan: number, params: number): string
  /**
   * What the last run of a plan found beside its rows: for each relation in turn how many rows each row
   * has, the slots of all of these, and what is beside them.
   */
  joined(plan: number): Uint32Array
  /**
   * The relations of a table as JSON: an array of name, position of the other table, and whether there
   * may be several rows.
   */
  relations(table: number): string
  explain(plan: number): string
  /** Table, slot, table, slot, …: rows that are no longer what `rows` gave. */
  take_dirty(): Uint32Array
  /**
   * Watches a query whose last run was with the parameters written before; of a grouping, by its plan.
   * `known` is its watch from before, or −1. Gives the watch, or −1 for an error.
   */
  watch(known: number, plan: number, groups: boolean, params: number): number
  unwatch(watch: number): void
  /** The watches that changes concern, up to the last `take_dirty`. */
  take_concerned(): Uint32Array
  /** Applies operations as one mutation; `MutateResult` as JSON. */
  mutate(opsJson: string): string
  /** Begins a write in steps; gives its time, in milliseconds since 1970. */
  begin_steps(): number
  /** The row that an operation would change: as it is, and as it would be, which hooks may complete. */
  sketch(opJson: string): (object | undefined)[]
  /** Does a step; what it changed, its own row first: table, old row, new row, … */
  step(opJson: string): (number | object | undefined)[]
  /** Makes one mutation of the steps; `MutateResult` as JSON. Withdraws them where it fails. */
  commit_steps(): string
  /** Undoes the steps; nothing where there are none. */
  withdraw_steps(): void
  sync_now(): void
  status(): string
  pending(): string
  rejected(): string
  lost(): string
  dismiss_rejected(seq: number): Promise<void>
  /** Writes operations again in the place of a refused mutation; gives `MutateResult` as JSON. */
  retry(seq: number, ops: string): string
  dismiss_lost(id: number): Promise<void>
  flush(): Promise<void>
  /** A `BindingStanding` as JSON; undefined of a database in memory, and before the first sign-in. */
  standing(): Promise<string | undefined>
  close(): Promise<void>
}

/** A replica in memory alone. */
export interface MemoryClient extends BindingClient {
  /** Replaces all rows by those of another one, of the same tables. */
  take_rows(other: MemoryClient): void
  /** Gives back its memory; nothing may be called afterwards. */
  free(): void
}

/**
 * What a query asks, without its values. Parameters are numbered from 0: those of `where` in their
 * order, then `limit`, then `offset`; booleans are the numbers 0 and 1. All conditions must hold; a
 * group (`and`, `or`, `not`) takes the `n` that follow as its own. Order ends in the primary key,
 * which the core appends.
 */
export interface QueryShape {
  readonly table: string
  readonly where: readonly ShapeCondition[]
  readonly order: readonly ShapeOrder[]
  /** Only rows after a place, as a parameter for each column of the whole order? */
  readonly after?: boolean
  /** The rows of other tables that are wanted beside each row. */
  readonly with?: readonly ShapeRelated[]
  /** Is there a limit, as a number parameter? */
  readonly limit: boolean
  /** Is there an offset, as a number parameter? */
  readonly offset: boolean
}

/** Rows of another table beside each row of a `QueryShape`. */
export interface ShapeRelated {
  readonly relation: string
  readonly query: QueryShape
}

/** A column that a `QueryShape` orders by. */
export interface ShapeOrder {
  readonly column: string
  readonly descending: boolean
  /** Absent: as Postgres does by default. */
  readonly nulls_first?: boolean
  /** The operator that is ranked by; absent: by the column itself. */
  readonly rank?: ShapeOp
  /** How the column's text is searched. */
  readonly text?: TextShape
}

/** How a text is searched; what is absent is as usual. */
export interface TextShape {
  /** Further columns that are searched with it. */
  readonly with?: readonly string[]
  readonly config?: string
  readonly syntax?: 'web' | 'plain' | 'phrase' | 'operators'
}

/** Rows made of many rows, without the values compared with. */
export interface GroupingShape {
  readonly table: string
  readonly where: readonly ShapeCondition[]
  readonly by: readonly string[]
  readonly values: readonly ShapeAggregate[]
  readonly having: readonly ShapeCondition[]
  readonly order: readonly ShapeOrder[]
  readonly limit: boolean
  readonly offset: boolean
}

/** A value made of many rows. */
export interface ShapeAggregate {
  readonly name: string
  readonly op: AggregateOp
  readonly column?: string
}

/** How a value is made of many rows. */
export type AggregateOp = 'count' | 'sum' | 'avg' | 'min' | 'max' | 'array'

/** A condition of a `QueryShape`, or the head of a group. */
export interface ShapeCondition {
  /** Of a group, none. */
  readonly column?: string
  readonly op: ShapeOp
  /**
   * How many values an `in` has, or members a group; other operators have one value, `between` two,
   * the null ones none.
   */
  readonly n?: number
  /** The column that is compared with, in place of a value. */
  readonly other?: string
  /** Where in a jsonb the value is that is compared. */
  readonly path?: readonly string[]
  /** How a text is searched. */
  readonly text?: TextShape
}

/** How a condition compares. */
export type ShapeOp =
  | ('eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte' | 'between' | 'is_null' | 'not_null' | 'in')
  | (
      | 'like'
      | 'ilike'
      | 'matches'
      | 'imatches'
      | 'starts_with'
      | 'contains'
      | 'contained_in'
      | 'overlaps'
    )
  | ('has_key' | 'has_any_key' | 'has_all_keys' | 'and' | 'or' | 'not' | 'exists')
  | ('search' | 'similar' | 'word_similar')

/** What `explain` gives as JSON, about the last run. */
export interface BindingExplanation {
  readonly table: string
  readonly strategy:
    'none' | 'primary_key' | 'ordered' | 'range' | 'merged' | 'text' | 'json' | 'ranked'
  readonly index: readonly string[]
  readonly schema_index?: string
  readonly examined: number
  readonly returned: number
}

/** A value in an operation: bigint as decimal text, bytes as `\x…`, dates as ISO text. */
export type WireValue =
  null | boolean | number | string | readonly WireValue[] | { readonly [key: string]: WireValue }

/** One row operation of a mutation, by column name. */
export type MutationOp =
  | {
      readonly op: 'insert'
      readonly table: string
      readonly values: { readonly [column: string]: WireValue }
      /** Columns that take the key of an earlier insert: its position in the mutation. */
      readonly refs?: { readonly [column: string]: number }
      /** What a hook foresees that the server will make of columns; not sent. */
      readonly predicted?: { readonly [column: string]: WireValue }
      /** The whole operation is what a hook foresees; not sent. */
      readonly foreseen?: boolean
    }
  | {
      readonly op: 'update'
      readonly table: string
      readonly key: readonly WireValue[]
      readonly set: { readonly [column: string]: WireValue }
      /** Values that new ones replace, where others were shown than those confirmed here. */
      readonly base?: { readonly [column: string]: WireValue }
      readonly refs?: { readonly [column: string]: number }
      /** What a hook foresees that the server will make of columns; not sent. */
      readonly predicted?: { readonly [column: string]: WireValue }
      /** The whole operation is what a hook foresees; not sent. */
      readonly foreseen?: boolean
    }
  | {
      readonly op: 'delete'
      readonly table: string
      readonly key: readonly WireValue[]
      readonly foreseen?: boolean
    }

/** What `mutate` gives. */
export interface MutateResult {
  /** The mutation's number in this tab, as events name it. */
  readonly local: number
  /** The key of each operation's row, of those that hooks wrote too. */
  readonly keys: readonly (readonly WireValue[] | null)[]
  /** Is any of the keys one that will be replaced? */
  readonly temporary: boolean
  /** Where the application's own operations stand among all, if not at the same place. */
  readonly positions?: readonly number[]
}

/** What the binding throws. */
export interface BindingError {
  readonly code: ErrorCode
  readonly message: string
  readonly recovery: Recovery
  readonly details?: ErrorDetails
}

/** What became of a mutation at the server. */
export type Outcome = 'applied' | 'merged' | 'conflict' | 'gone' | 'rejected'

/** What the binding tells. */
export type BindingEvent =
  /** Rows that queries see have changed: `take_dirty`. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'durable'; readonly local: number }
  /** IndexedDB refused the write, which was withdrawn. */
  | {
      readonly kind: 'failed'
      readonly local: number
      readonly error: BindingError
    }
  /** Rows of a write have the keys of their sequence in the place of temporary ones. */
  | ({ readonly kind: 'rekeyed' } & MutateResult)
  | {
      readonly kind: 'settled'
      readonly local: number | null
      readonly seq: number
      readonly outcome: Outcome
      readonly error: BindingError | null
    }
  | { readonly kind: 'status' }
  | { readonly kind: 'rejected' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'closed'; readonly error: BindingError | null }

/** What `status` gives as JSON. */
export interface BindingStatus {
  readonly state: 'starting' | 'offline' | 'syncing' | 'online' | 'signed-out' | 'closed'
  readonly user: string | null
  readonly pending: number
  readonly lastSync: number | null
  readonly progress: { readonly done: number; readonly total: number } | null
  readonly leader: boolean
  readonly error: BindingError | null
}

/** An element of `rejected`. */
export interface BindingRejected {
  readonly seq: number
  readonly at: number
  readonly ops: readonly MutationOp[]
  readonly error: BindingError
  readonly rejectedAt: number
  /** The number of the refused mutation without which this one can't succeed. */
  readonly blockedBy: number | null
}

/** An element of `pending`. */
export interface BindingPending {
  readonly seq: number | null
  readonly local: number | null
  readonly at: number
  readonly ops: readonly MutationOp[]
  readonly unverified: readonly string[]
}

/** An element of `lost`. */
export interface BindingLost {
  readonly id: number
  readonly seq: number
  readonly table: string
  readonly key: readonly WireValue[]
  readonly column: string | null
  readonly base: WireValue
  readonly mine: WireValue
  /** Of a row that went with a deletion: its values by column. */
  readonly theirs: WireValue
  readonly winner: 'mine' | 'theirs' | 'nobody'
  /** Does it wait for a decision? */
  readonly open: boolean
  readonly at: number
}

/** What `standing` gives as JSON: of the record that IndexedDB has. */
export interface BindingStanding {
  readonly replica: string
  readonly fingerprint: string
  readonly cursor?: string | null
  readonly epoch?: string | null
  readonly judged: number
  readonly patch: number
  readonly renew: readonly string[]
}
