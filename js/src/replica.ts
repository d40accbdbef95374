// The core as the other modules see it: every call goes through here, so that every error is a
// HaversackError, a module that has trapped is never called again, and no object of a row outlives
// its content. It decides nothing.

import type {
  BindingClient,
  BindingExplanation,
  MutateResult,
  MutationOp,
  WireValue,
} from './binding.js'
import { HaversackError, isBindingError, report, toHaversackError } from './errors.js'
import type { HookRunner } from './hooks.js'
import { Input } from './input.js'
import { Beside } from './joins.js'
import type { Param } from './input.js'
import { LiveQueries } from './live.js'
import { Rows } from './rows.js'
import type { Shape } from './shape.js'
import { databases, ROW_STATES } from './state.js'
import type { RowState } from './state.js'
import type { KeyPart, SchemaTable } from './types.js'
import { describe, toWire } from './values.js'
import { Writes } from './write.js'

/** A WebAssembly instance, which all databases of a page share. */
export class Instance {
  /** Why it can't be used any more: it has trapped. */
  trapped: HaversackError | undefined
  /** Told when it traps. */
  readonly users = new Set<Replica>()

  constructor(
    /** @internal */
    readonly memory: WebAssembly.Memory,
  ) {}

  /** Marks it as trapped and tells everybody who uses it. */
  trap(cause: unknown): HaversackError {
    const said = cause instanceof Error ? cause.message : String(cause)
    this.trapped ??= new HaversackError(
      'internal',
      `Haversack stopped working (${said}); reload the page. What was durable is kept.`,
      { hint: 'reload the page' },
      'retry',
      cause,
    )
    const trapped = this.trapped
    for (const user of [...this.users]) user.end(trapped)
    return trapped
  }
}

/** So many rows changed at once by others are a task's work, before anything is asked anew. */
const ROWS_APART = 1_000

/** One browser database. */
export class Replica {
  readonly tables: readonly Rows[]
  readonly live = new LiveQueries(this)
  readonly writes = new Writes()
  /** Called when the database has ended, with the reason where it is not the application's wish. */
  onEnd: (error: HaversackError | undefined) => void = () => {}
  /** The application's hooks, if it has any. */
  hooks: HookRunner | undefined
  private readonly byName: ReadonlyMap<string, Rows>
  private readonly input: Input
  /** Plans of groupings, by their shapes as JSON. */
  private readonly groupings = new Map<string, number>()
  private ended: HaversackError | undefined

  constructor(
    private readonly instance: Instance,
    private readonly client: BindingClient,
    tables: readonly SchemaTable[],
  ) {
    this.input = new Input(client, instance.memory)
    this.tables = tables.map((table, position) => new Rows(position, table, this))
    this.byName = new Map(this.tables.map((rows) => [rows.table.name, rows]))
    instance.users.add(this)
    databases.add(this)
  }

  /** The memory of the module, in bytes. */
  get memory(): number {
    return this.instance.memory.buffer.byteLength
  }

  /** @throws HaversackError `unknown_table` */
  table(name: string): Rows {
    const rows = this.byName.get(name)
    if (rows === undefined) {
      const hint = `the schema has ${[...this.byName.keys()].join(', ')}`
      throw new HaversackError('unknown_table', `there is no synced table "${name}"`, {
        table: name,
        hint,
      })
    }
    return rows
  }

  /** The rows that a query gives. */
  select(
    rows: Rows,
    shape: Shape,
    params: readonly Param[],
    after: boolean,
    limit: number,
    offset: number,
  ): object[] {
    if (this.ended !== undefined) throw this.ended
    try {
      const client = this.client
      const input = this.input
      const plan = this.plan(shape, after, limit, offset)
      const hits = client.run(plan, input.write(params, limit, offset))
      if (hits < 0) throw client.take_error()
      // Making an index may have made the memory grow.
      if (input.words.length === 0) input.view()
      const words = input.words
      const first = input.numbers[input.at]! >>> 2
      const cached = rows.cached
      const result = new Array<object>(hits)
      let missing: number[] | undefined
      for (let i = 0; i < hits; i++) {
        const row = cached[words[first + i]!]
        if (row === undefined) (missing ??= []).push(i)
        else result[i] = row
      }
      if (missing !== undefined) {
        // After a write a few of many. Fetching may grow the memory or reuse the list of hits.
        const slots = Uint32Array.from(missing, (i) => words[first + i]!)
        const fetched = rows.at(client, slots)
        missing.forEach((i, n) => void (result[i] = fetched[n]!))
      }
      return result
    } catch (thrown) {
      throw this.failure(thrown)
    }
  }

  /**
   * The rows that Postgres gives for a query. Those that are here just so are the replica's own objects;
   * for others, the replica is behind, or ahead.
   */
  async fetch(
    rows: Rows,
    shape: Shape,
    params: readonly Param[],
    after: boolean,
    limit: number,
    offset: number,
  ): Promise<readonly object[]> {
    const found = await this.callAsync((client) =>
      client.fetch(this.plan(shape, after, limit, offset), this.input.write(params, limit, offset)),
    )
    if (found === undefined) {
      return Object.freeze(this.select(rows, shape, params, after, limit, offset))
    }
    const joined = this.call((client) => {
      const slots = found.map((row) => this.slot(client, rows, rows.key(row)))
      const here = rows.at(client, Uint32Array.from(slots.filter((slot) => slot >= 0)))
      let next = 0
      return found.map((row, i) => rows.own(row, slots[i]! < 0 ? undefined : here[next++]))
    })
    if (joined.some((row, i) => row === found[i])) this.call((client) => client.sync_now())
    return Object.freeze(joined)
  }

  /** What the last run of a query found beside its rows. */
  beside(shape: Shape, after: boolean, limit: number, offset: number): Beside {
    return this.call(
      (client) => new Beside(client, client.joined(this.plan(shape, after, limit, offset))),
    )
  }

  /** The relations of a table: where each leads, and whether there may be several rows. */
  relations(rows: Rows): Map<string, { readonly rows: Rows; readonly many: boolean }> {
    const text = this.call((client) => client.relations(rows.position))
    const all = JSON.parse(text) as [name: string, table: number, many: boolean][]
    return new Map(all.map(([name, table, many]) => [name, { rows: this.tables[table]!, many }]))
  }

  /** The plan of a grouping. */
  grouping(shape: string): number {
    return this.call((client) => {
      let plan = this.groupings.get(shape)
      if (plan === undefined) {
        plan = client.compile_grouping(shape)
        this.groupings.set(shape, plan)
      }
      return plan
    })
  }

  /** The groups that Postgres makes, each an array. */
  async fetchGroups(
    shape: string,
    params: readonly Param[],
    limit: number,
    offset: number,
  ): Promise<WireValue[][]> {
    const text = await this.callAsync((client) =>
      client.fetch_groups(this.grouping(shape), this.input.write(params, limit, offset)),
    )
    if (text === undefined) return this.groups(shape, params, limit, offset)
    return JSON.parse(text) as WireValue[][]
  }

  /** The groups that a grouping makes, each an array. */
  groups(shape: string, params: readonly Param[], limit: number, offset: number): WireValue[][] {
    const text = this.call((client) => {
      const plan = this.grouping(shape)
      const groups = client.run_grouping(plan, this.input.write(params, limit, offset))
      if (groups === '') throw client.take_error()
      return groups
    })
    return JSON.parse(text) as WireValue[][]
  }

  /** How many rows a query gives. */
  count(
    shape: Shape,
    params: readonly Param[],
    after: boolean,
    limit: number,
    offset: number,
  ): number {
    return this.call((client) => {
      const plan = this.plan(shape, after, limit, offset)
      const count = client.count(plan, this.input.write(params, limit, offset))
      if (count < 0) throw client.take_error()
      return count
    })
  }

  /** Watches a query that was just run; gives its watch, in the place of the one from before. */
  watch(
    known: number,
    shape: Shape,
    params: readonly Param[],
    after: boolean,
    limit: number,
    offset: number,
  ): number {
    const plan = this.plan(shape, after, limit, offset)
    return this.watchPlan(known, plan, false, params, limit, offset)
  }

  /** As `watch`, for a grouping. */
  watchGroups(
    known: number,
    shape: string,
    params: readonly Param[],
    limit: number,
    offset: number,
  ): number {
    return this.watchPlan(known, this.groupings.get(shape)!, true, params, limit, offset)
  }

  private watchPlan(
    known: number,
    plan: number,
    groups: boolean,
    params: readonly Param[],
    limit: number,
    offset: number,
  ): number {
    return this.call((client) => {
      const watch = client.watch(known, plan, groups, this.input.write(params, limit, offset))
      if (watch < 0) throw client.take_error()
      return watch
    })
  }

  /** Watches a query no more. */
  unwatch(watch: number): void {
    if (this.ended === undefined) this.call((client) => client.unwatch(watch))
  }

  /** Runs a query, and tells how the core answered it. */
  explain(
    shape: Shape,
    params: readonly Param[],
    after: boolean,
    limit: number,
    offset: number,
  ): BindingExplanation {
    const text = this.call((client) => {
      const plan = this.plan(shape, after, limit, offset)
      if (client.run(plan, this.input.write(params, limit, offset)) < 0) throw client.take_error()
      return client.explain(plan)
    })
    return JSON.parse(text) as BindingExplanation
  }

  /** The row with this key. */
  get(rows: Rows, key: KeyPart | readonly KeyPart[]): object | undefined {
    if (this.ended !== undefined) throw this.ended
    try {
      const client = this.client
      const slot = this.slot(client, rows, key)
      return slot < 0 ? undefined : rows.one(client, slot)
    } catch (thrown) {
      throw this.failure(thrown)
    }
  }

  /** The slot of the row with this key, or −1. */
  private slot(client: BindingClient, rows: Rows, key: KeyPart | readonly KeyPart[]): number {
    if (rows.keyKind === 'int' && typeof key === 'number') {
      // What isn't an i32 is nobody's key, but would be cut down to one on its way.
      return key === (key | 0) ? client.find_int(rows.position, key) : -1
    }
    if (rows.keyKind === 'text' && typeof key === 'string') {
      return client.find_text(rows.position, key)
    }
    return client.find_key(rows.position, JSON.stringify(this.key(rows, key)))
  }

  /** Where the row of a key stands with the server. */
  state(rows: Rows, key: KeyPart | readonly KeyPart[]): RowState {
    const text = JSON.stringify(this.key(rows, key))
    return ROW_STATES[this.call((client) => client.row_state(rows.position, text))]!
  }

  /** Where a row stands, or stood when the database ended: whoever draws it last must not fail. */
  stateOf(rows: Rows, row: object): RowState {
    const key = rows.key(row)
    if (this.ended === undefined) return this.state(rows, key)
    if (this.instance.trapped !== undefined) return 'acknowledged'
    return ROW_STATES[this.client.row_state(rows.position, JSON.stringify(this.key(rows, key)))]!
  }

  /** A key as operations carry it. */
  key(rows: Rows, key: unknown): (string | number | boolean)[] {
    const columns = rows.table.primary_key
    const parts: readonly unknown[] = Array.isArray(key) ? key : [key]
    if (parts.length !== columns.length) {
      throw keyMismatch(rows, `has the columns ${columns.join(', ')}, not ${parts.length} values`)
    }
    return parts.map((part, i) => {
      const name = columns[i]!
      const value = toWire(rows.table.name, rows.columns.get(name), name, part)
      const expected = rows.keyKind === 'int' ? 'number' : rows.keyKind === 'text' ? 'string' : ''
      if (value === null || typeof value === 'object' || (expected && typeof value !== expected)) {
        throw keyMismatch(rows, `can't be ${describe(part)}`)
      }
      return value
    })
  }

  /** Applies operations as one mutation. */
  mutate(ops: readonly MutationOp[]): MutateResult {
    if (this.hooks?.concerns(ops) === true) return this.hooks.run(ops)
    const text = JSON.stringify(ops)
    const result = JSON.parse(this.call((client) => client.mutate(text))) as MutateResult
    this.refresh()
    return result
  }

  /**
   * Forgets the objects of rows that have changed, and has the live queries run that they concern: in a
   * microtask, or, when others have changed many rows, in a task of its own.
   */
  refresh(byOthers = false): void {
    const dirty = this.call((client) => client.take_dirty())
    for (let i = 0; i + 1 < dirty.length; i += 2) {
      const rows = this.tables[dirty[i]!]!
      rows.invalidate(dirty[i + 1]!)
    }
    if (dirty.length > 0) {
      const apart = byOthers && dirty.length >= 2 * ROWS_APART
      this.live.touch(
        this.call((client) => client.take_concerned()),
        apart,
      )
    }
    this.live.touchStates()
  }

  /** Calls the core, once, with its errors as ours. */
  call<R>(use: (client: BindingClient) => R): R {
    if (this.ended !== undefined) throw this.ended
    try {
      return use(this.client)
    } catch (thrown) {
      throw this.failure(thrown)
    }
  }

  /** As `call`, for what ends later. */
  async callAsync<R>(use: (client: BindingClient) => Promise<R>): Promise<R> {
    if (this.ended !== undefined) throw this.ended
    try {
      return await use(this.client)
    } catch (thrown) {
      // A promise can also reject with what a browser's own interface threw.
      throw thrown instanceof WebAssembly.RuntimeError
        ? this.trap(thrown)
        : toHaversackError(thrown)
    }
  }

  /** Nothing works after this; `error` says why, or is absent where the application closed it. */
  end(error: HaversackError | undefined): void {
    if (this.ended !== undefined) return
    const reason = error ?? new HaversackError('closed', 'the database was closed')
    this.ended = reason
    this.instance.users.delete(this)
    databases.delete(this)
    for (const rows of this.tables) rows.end()
    this.writes.end(reason)
    this.live.end(error)
    try {
      this.onEnd(error)
    } catch (thrown) {
      report(thrown)
    }
  }

  /** Is nothing possible any more? */
  get closed(): boolean {
    return this.ended !== undefined
  }

  /** Compiles a query. */
  check(shape: Shape, after: boolean, limit: number, offset: number): void {
    this.call(() => this.plan(shape, after, limit, offset))
  }

  private plan(shape: Shape, after: boolean, limit: number, offset: number): number {
    const variant = (limit >= 0 ? 1 : 0) + (offset > 0 ? 2 : 0) + (after ? 4 : 0)
    const plan = shape.plans[variant]!
    if (plan >= 0) return plan
    const text = JSON.stringify(shape.describe(after, limit >= 0, offset > 0))
    return (shape.plans[variant] = this.client.compile(text))
  }

  private failure(thrown: unknown): HaversackError {
    if (isBindingError(thrown) || thrown instanceof HaversackError) return toHaversackError(thrown)
    // Anything else is the module stopping half-way: what it holds can't be trusted.
    return this.trap(thrown)
  }

  /** The module has stopped half-way: no database of the page may use it again. */
  trap(cause: unknown): HaversackError {
    return this.instance.trap(cause)
  }
}

function keyMismatch(rows: Rows, problem: string): HaversackError {
  const table = rows.table.name
  return new HaversackError('type_mismatch', `the key of ${table} ${problem}`, {
    table,
  })
}
