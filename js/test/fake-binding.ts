// A stand-in for the WebAssembly module, so that the TypeScript half can be tested without one.
// It holds rows in arrays, answers queries by looking at every row, knows no constraint and never
// syncs; tests tell it what "the server" says. What it shares with the real one is the interface
// of js/src/binding.ts. The real one is tested in Chromium.

import type {
  BindingClient,
  BindingError,
  BindingEvent,
  BindingLost,
  BindingPending,
  BindingRejected,
  BindingStatus,
  MutationOp,
  QueryShape,
  WireValue,
} from '../src/binding.js'
import { makeDatabase } from '../src/database.js'
import type { Database } from '../src/database.js'
import { Instance } from '../src/replica.js'
import { ROW_STATES } from '../src/state.js'
import type { RowState } from '../src/state.js'
import type { SchemaTable } from '../src/types.js'
import { schema } from './schema.js'
import type { Tables } from './schema.js'

type FakeRow = Record<string, WireValue>

/** What a call of `mutate` gave, for tests to look at. */
export interface Made {
  readonly local: number
  readonly ops: readonly MutationOp[]
}

/** Where the fake's hits are in its memory. */
const HITS_AT = 64

export class FakeClient implements BindingClient {
  readonly memory = new WebAssembly.Memory({ initial: 1 })
  /** What was compiled, by plan. */
  readonly shapes: QueryShape[] = []
  /** The parameters of the last `run` or `count`. */
  params: (number | string | null)[] = []
  readonly made: Made[] = []
  /** How often each method was called that a test counts. */
  readonly calls = { rows: 0, run: 0, dismissed: [] as number[] }
  /** Thrown by the next call of `run`, `find_int` or `mutate`. */
  thrown: unknown
  /** Does the memory grow, and so detach its views, whenever rows are read? */
  growOnRows = false
  now: BindingStatus = {
    state: 'online',
    user: 'ann',
    pending: 0,
    lastSync: null,
    progress: null,
    leader: true,
    error: null,
  }
  readonly waiting: BindingPending[] = []
  refused: BindingRejected[] = []
  losses: BindingLost[] = []
  onEvent: (event: BindingEvent) => void = () => {}
  private readonly data: (FakeRow | undefined)[][]
  private dirty: number[] = []
  /** The tables with changes since the last `take_concerned`. */
  private changed = new Set<number>()
  /** By watch, the table. */
  private readonly watches: (number | undefined)[] = []
  private next = 1
  private hits = 0
  private paramsAt = 0
  private textAt = HITS_AT + 32768

  constructor(readonly tables: readonly SchemaTable[]) {
    this.data = tables.map(() => [])
  }

  /** Puts rows where the server would, all at once: not by a mutation of ours. */
  arrive(table: string, ...rows: FakeRow[]): void {
    const t = this.position(table)
    for (const row of rows) {
      const found = this.slot(t, this.keyOf(t, row))
      const slot = found >= 0 ? found : this.data[t]!.length
      this.data[t]![slot] = row
      this.dirty.push(t, slot)
    }
    this.onEvent({ kind: 'changed' })
  }

  find_int(table: number, key: number): number {
    this.maybeThrow()
    // As the glue does with an i32: anything else is cut down to one.
    return this.slot(table, [key | 0])
  }

  find_text(table: number, key: string): number {
    return this.slot(table, [key])
  }

  find_key(table: number, keyJson: string): number {
    return this.slot(table, JSON.parse(keyJson) as WireValue[])
  }

  /** Where rows stand, by table and key as JSON; for tests to say, with what event they like. */
  readonly states = new Map<string, RowState>()

  row_state(table: number, keyJson: string): number {
    return ROW_STATES.indexOf(
      this.states.get(`${this.tables[table]!.name} ${keyJson}`) ?? 'acknowledged',
    )
  }

  row_states(table: number): Uint32Array {
    const states = this.data[table]!.flatMap((row, slot) => {
      if (row === undefined) return []
      const state = this.row_state(table, JSON.stringify(this.keyOf(table, row)))
      return state === 0 ? [] : [slot, state]
    })
    return Uint32Array.from(states)
  }

  rows(table: number, slots: Uint32Array): object[] {
    this.calls.rows++
    const columns = this.tables[table]!.columns
    const rows = Array.from(slots, (slot) => {
      const row: Record<string, unknown> = structuredClone(this.data[table]![slot]!)
      for (const { name, type } of columns) {
        if (type.name === 'int8') row[name] = BigInt(row[name] as string)
      }
      return Object.freeze(row)
    })
    if (this.growOnRows) this.memory.grow(1)
    return rows
  }

  len(table: number): number {
    return this.data[table]!.filter((row) => row !== undefined).length
  }

  compile(shapeJson: string): number {
    const shape = JSON.parse(shapeJson) as QueryShape
    const columns = this.tables[this.position(shape.table)]!.columns
    for (const { column } of [...shape.where, ...shape.order]) {
      if (column !== undefined && !columns.some(({ name }) => name === column)) {
        throw bindingError('unknown_column', { table: shape.table, column })
      }
    }
    return this.shapes.push(shape) - 1
  }

  reserve(params: number, bytes: number): void {
    // Elsewhere each time, as a real allocation may be.
    this.paramsAt = (this.textAt + bytes + 7) & ~7
    this.textAt = this.paramsAt + params * 16
    const missing = this.textAt + bytes - this.memory.buffer.byteLength
    if (missing > 0) this.memory.grow(Math.ceil(missing / 65536))
  }

  params_ptr(): number {
    return this.paramsAt
  }

  text_ptr(): number {
    return this.textAt
  }

  private read(count: number): void {
    const numbers = new Float64Array(this.memory.buffer, this.paramsAt, count * 2)
    let at = this.textAt
    this.params = Array.from({ length: count }, (_, i) => {
      const length = numbers[i * 2 + 1]!
      if (length < 0) return numbers[i * 2]!
      const bytes = new Uint8Array(this.memory.buffer, at, length)
      at += length
      return new TextDecoder().decode(bytes)
    })
  }

  run(plan: number, params: number): number {
    this.maybeThrow()
    this.calls.run++
    if (this.failure !== undefined) return -1
    this.read(params)
    const hits = this.answer(this.shapes[plan]!)
    this.hits = hits.length
    new Uint32Array(this.memory.buffer, HITS_AT, hits.length).set(hits)
    if (this.paramsAt > 0) new Float64Array(this.memory.buffer, this.paramsAt)[0] = HITS_AT
    return hits.length
  }

  /** What the next `run` answers with, once. */
  failure: unknown

  take_error(): unknown {
    const failure = this.failure
    this.failure = undefined
    return failure
  }

  count(plan: number, params: number): number {
    this.read(params)
    return this.answer(this.shapes[plan]!).length
  }

  /** What Postgres answers to the next `fetch`; nothing where there is no server. */
  server: object[] | undefined

  async fetch(plan: number, params: number): Promise<object[] | undefined> {
    this.maybeThrow()
    if (this.shapes[plan] === undefined) throw new Error('no such plan')
    this.read(params)
    return this.server?.map((row) => Object.freeze(row))
  }

  joined(): Uint32Array {
    return new Uint32Array(0)
  }

  relations(): string {
    return '[]'
  }

  explain(plan: number): string {
    const { table } = this.shapes[plan]!
    const examined = this.len(this.position(table))
    return JSON.stringify({ table, strategy: 'range', index: [], examined, returned: this.hits })
  }

  take_dirty(): Uint32Array {
    const dirty = Uint32Array.from(this.dirty)
    this.dirty = []
    for (let i = 0; i < dirty.length; i += 2) this.changed.add(dirty[i]!)
    return dirty
  }

  watch(known: number, plan: number): number {
    const watch = known < 0 ? this.watches.length : known
    this.watches[watch] = this.position(this.shapes[plan]!.table)
    return watch
  }

  unwatch(watch: number): void {
    this.watches[watch] = undefined
  }

  /** Every watch of a table with a change. */
  take_concerned(): Uint32Array {
    const tables = this.changed
    this.changed = new Set()
    const ids = [...this.watches.keys()]
    return Uint32Array.from(ids.filter((id) => tables.has(this.watches[id]!)))
  }

  compile_grouping(): number {
    throw new Error('the fake has no groups')
  }

  run_grouping(): string {
    throw new Error('the fake has no groups')
  }

  fetch_groups(): Promise<string | undefined> {
    throw new Error('the fake has no groups')
  }

  begin_steps(): number {
    throw new Error('the fake has no steps')
  }

  sketch(): [] {
    throw new Error('the fake has no steps')
  }

  step(): [] {
    throw new Error('the fake has no steps')
  }

  commit_steps(): string {
    throw new Error('the fake has no steps')
  }

  withdraw_steps(): void {
    throw new Error('the fake has no steps')
  }

  mutate(opsJson: string): string {
    this.maybeThrow()
    const ops = JSON.parse(opsJson) as MutationOp[]
    const local = this.next++
    const keys: WireValue[][] = []
    for (const op of ops) keys.push(this.applyOp(op, keys))
    this.made.push({ local, ops })
    this.onEvent({ kind: 'changed' })
    return JSON.stringify({ local, keys, temporary: false })
  }

  sync_now(): void {
    this.now = { ...this.now, state: 'syncing' }
    this.onEvent({ kind: 'status' })
  }

  status(): string {
    return JSON.stringify(this.now)
  }

  pending(): string {
    return JSON.stringify(this.waiting)
  }

  rejected(): string {
    return JSON.stringify(this.refused)
  }

  lost(): string {
    return JSON.stringify(this.losses)
  }

  async dismiss_rejected(seq: number): Promise<void> {
    this.refused = this.refused.filter((one) => one.seq !== seq)
    this.onEvent({ kind: 'rejected' })
  }

  retry(seq: number, opsJson: string): string {
    this.maybeThrow()
    this.refused = this.refused.filter((one) => one.seq !== seq)
    return this.mutate(opsJson)
  }

  async dismiss_lost(id: number): Promise<void> {
    this.calls.dismissed.push(id)
    this.losses = this.losses.filter((one) => one.id !== id)
    this.onEvent({ kind: 'lost' })
  }

  async flush(): Promise<void> {}

  async standing(): Promise<undefined> {}

  async close(): Promise<void> {
    this.onEvent({ kind: 'closed', error: null })
  }

  private maybeThrow(): void {
    const thrown = this.thrown
    this.thrown = undefined
    if (thrown !== undefined) throw thrown
  }

  private position(table: string): number {
    return this.tables.findIndex(({ name }) => name === table)
  }

  private keyOf(t: number, row: FakeRow): WireValue[] {
    return this.tables[t]!.primary_key.map((column) => row[column]!)
  }

  private slot(t: number, key: readonly WireValue[]): number {
    const wanted = JSON.stringify(key)
    return this.data[t]!.findIndex(
      (row) => row !== undefined && JSON.stringify(this.keyOf(t, row)) === wanted,
    )
  }

  private applyOp(op: MutationOp, keys: readonly (readonly WireValue[])[]): WireValue[] {
    const t = this.position(op.table)
    const rows = this.data[t]!
    const refs = op.op === 'delete' ? {} : (op.refs ?? {})
    const referred = Object.fromEntries(
      Object.entries(refs).map(([column, position]) => [column, keys[position]![0]!]),
    )
    if (op.op === 'insert') {
      const blank = Object.fromEntries(this.tables[t]!.columns.map(({ name }) => [name, null]))
      const key = this.tables[t]!.primary_key[0]!
      const row: FakeRow = { ...blank, [key]: rows.length + 1, ...op.values, ...referred }
      for (const { name, type } of this.tables[t]!.columns) {
        if (type.name === 'int8') row[name] = String(row[name] ?? 0)
      }
      this.dirty.push(t, rows.push(row) - 1)
      return this.keyOf(t, row)
    }
    const slot = this.slot(t, op.key)
    if (slot < 0) throw bindingError('row_not_found', { table: op.table })
    rows[slot] = op.op === 'update' ? { ...rows[slot]!, ...op.set, ...referred } : undefined
    this.dirty.push(t, slot)
    return [...op.key]
  }

  private answer(shape: QueryShape): number[] {
    const rows = this.data[this.position(shape.table)]!
    let next = 0
    const tests = shape.where.map(({ column, op, n, other }) => {
      // What groups and columns side by side mean is the core's to say.
      if (column === undefined || other !== undefined) return () => true
      const count = n ?? (op === 'between' ? 2 : op === 'is_null' || op === 'not_null' ? 0 : 1)
      const values = this.params.slice(next, (next += count))
      return (row: FakeRow) => matches(op, row[column]!, values)
    })
    const limit = shape.limit ? Number(this.params[next++]) : Infinity
    const offset = shape.offset ? Number(this.params[next++]) : 0
    const hits = rows.flatMap((row, slot) =>
      row !== undefined && tests.every((test) => test(row)) ? [slot] : [],
    )
    for (const { column, descending } of shape.order.toReversed()) {
      hits.sort((a, b) => order(rows[a]![column]!, rows[b]![column]!) * (descending ? -1 : 1))
    }
    return hits.slice(offset, offset + limit)
  }
}

function matches(op: string, value: WireValue, params: (number | string | null)[]): boolean {
  if (op === 'is_null') return value === null
  if (value === null) return false
  if (op === 'not_null') return true
  if (op === 'in') return params.some((param) => order(value, param) === 0)
  const first = order(value, params[0]!)
  switch (op) {
    case 'eq':
      return first === 0
    case 'ne':
      return first !== 0
    case 'lt':
      return first < 0
    case 'lte':
      return first <= 0
    case 'gt':
      return first > 0
    case 'gte':
      return first >= 0
    case 'between':
      return first >= 0 && order(value, params[1]!) <= 0
    default:
      // What patterns and containment mean is the core's to say.
      return true
  }
}

function order(a: WireValue, b: WireValue): number {
  const [x, y] = typeof a === 'boolean' ? [Number(a), b] : [a, b]
  return x === y ? 0 : x === null || (y !== null && x > y) ? 1 : -1
}

/** An error as the real binding throws it. */
export function bindingError(code: BindingError['code'], details: object = {}): BindingError {
  return { code, message: `the fake binding says ${code}`, recovery: 'none', details }
}

/** A database on a fake binding. */
export interface Fake {
  readonly db: Database<Tables>
  readonly client: FakeClient
  readonly instance: Instance
  readonly send: (event: BindingEvent) => void
}

/** Opens a database on a fake binding, on its own instance or on another's. */
export function openFake(shared?: Instance): Fake {
  const client = new FakeClient(schema.tables)
  const instance = shared ?? new Instance(client.memory)
  const { database, onEvent } = makeDatabase<Tables>(instance, client, schema.tables)
  client.onEvent = onEvent
  return { db: database, client, instance, send: onEvent }
}

/** Waits until microtasks that were scheduled by now have run. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

/** Collects what is reported to the page while `during` runs. */
export async function reported(during: () => void | Promise<void>): Promise<unknown[]> {
  const errors: unknown[] = []
  const before = globalThis.reportError
  globalThis.reportError = (error: unknown) => void errors.push(error)
  try {
    await during()
    await settled()
  } finally {
    globalThis.reportError = before
  }
  return errors
}
