// Hooks: what the application does in the wake of a write, as triggers do on the server. It drives
// the write step by step and calls them between the steps; the core does the steps and knows no hook.
// Invariant: whatever a hook throws, nothing has happened.

import type { ErrorCode } from './codes.js'
import type { MutateResult, MutationOp, WireValue } from './binding.js'
import type { Database } from './database.js'
import { HaversackError } from './errors.js'
import type { Replica } from './replica.js'
import type { Rows } from './rows.js'
import { wireValues } from './table.js'
import type { Operand, TablesOf, TableType, Timestamp } from './types.js'
import { toWire } from './values.js'

/** How deep hooks may cause one another. */
const DEPTH_MAX = 16

/** What a `before` hook makes of a row. */
export interface Completion<T extends TableType> {
  /** Columns as a trigger of the server will set them: shown here, not sent. */
  readonly predicted?: { readonly [C in keyof T['row']]?: Operand<T['row'][C]> }
  /** Columns that no trigger sets: sent as if the application had given them. */
  readonly written?: T['update']
}

/** Hooks that run before a row is checked and written. */
export interface BeforeHooks<T extends TableType, All extends TablesOf<All>> {
  /** `row`: as it would be, with defaults, keys and identity filled in. */
  insert?(row: T['row'], context: HookContext<All>): Completion<T> | void
  update?(row: T['row'], old: T['row'], context: HookContext<All>): Completion<T> | void
  delete?(old: T['row'], context: HookContext<All>): void
}

/** Hooks that run after a row was written, and after what foreign keys did in its wake. */
export interface AfterHooks<T extends TableType, All extends TablesOf<All>> {
  insert?(row: T['row'], context: HookContext<All>): void
  update?(row: T['row'], old: T['row'], context: HookContext<All>): void
  delete?(old: T['row'], context: HookContext<All>): void
}

/** The hooks of one table. */
export interface TableHooks<T extends TableType, All extends TablesOf<All>> {
  readonly before?: BeforeHooks<T, All>
  readonly after?: AfterHooks<T, All>
}

/** Hooks by table. */
export type Hooks<All extends TablesOf<All>> = {
  readonly [K in keyof All]?: TableHooks<All[K], All>
}

/** A table as a hook writes it. */
export interface HookTable<T extends TableType> {
  /** Gives the new row, with its key. */
  insert(values: T['insert'] & { readonly [C in keyof T['row']]?: Operand<T['row'][C]> }): T['row']
  update(key: T['key'], set: { readonly [C in keyof T['row']]?: Operand<T['row'][C]> }): void
  delete(key: T['key']): void
}

/** What a hook is given. */
export interface HookContext<All extends TablesOf<All>> {
  /** The time of the write. */
  readonly now: Timestamp
  /** The database, to be read; it shows what the transaction has done so far. */
  readonly db: Database<All>
  /** Writes what a trigger of the server will write too: shown here, not sent. */
  readonly predicted: { readonly [K in keyof All]: HookTable<All[K]> }
  /** Writes what no trigger of the server writes: sent with the mutation. */
  readonly written: { readonly [K in keyof All]: HookTable<All[K]> }
}

/**
 * Hooks of a schema, checked against its types.
 *
 * @example
 * defineHooks<Tables>({ notes: { before: { update: (_row, _old, { now }) => ({ predicted: { updated_at: now } }) } } })
 */
export function defineHooks<All extends TablesOf<All>>(hooks: Hooks<All>): Hooks<All> {
  return hooks
}

/** Why a hook refuses a write, as Postgres would say it. */
export interface Refusal {
  /** A sentence for people. */
  readonly message: string
  /** Postgres's SQLSTATE; `P0001`, as of a trigger's RAISE, by default. */
  readonly sqlstate?: string
  readonly constraint?: string
  readonly table?: string
  readonly column?: string
}

const CODES: { readonly [sqlstate: string]: ErrorCode } = {
  '22001': 'value_too_long',
  '22003': 'out_of_range',
  '23001': 'foreign_key_violation',
  '23502': 'not_null_violation',
  '23503': 'foreign_key_violation',
  '23505': 'unique_violation',
  '23514': 'check_violation',
  '42501': 'permission_denied',
}

/** Refuses a write from within a hook: the whole transaction is undone, and the caller gets the error. */
export function refuse(refusal: Refusal): never {
  const { message, sqlstate = 'P0001', ...rest } = refusal
  throw new HaversackError(CODES[sqlstate] ?? 'rejected', message, { sqlstate, ...rest })
}

type Row = { readonly [column: string]: unknown }
/** Hooks of tables that are not known by type. */
export type AnyHooks = {
  readonly [table: string]:
    | {
        readonly before?: { readonly [op: string]: AnyHook | undefined }
        readonly after?: { readonly [op: string]: AnyHook | undefined }
      }
    | undefined
}
type AnyHook = (...args: unknown[]) => unknown
type AnyContext = HookContext<{ [table: string]: TableType }>
type Kind = 'sent' | 'foreseen'

/** Runs writes with the hooks of a database. */
export class HookRunner {
  private running = false
  private depth = 0
  /** How many operations of the write are sent so far. */
  private sent = 0
  private context: AnyContext | undefined

  /** @throws HaversackError `config_invalid`: hooks of a table that is not there, or that are none */
  constructor(
    private readonly replica: Replica,
    private readonly hooks: AnyHooks,
    private readonly db: unknown,
  ) {
    for (const [table, { before, after } = {}] of Object.entries(hooks)) {
      if (!replica.tables.some((rows) => rows.table.name === table)) {
        throw invalid(`hooks are given for ${table}, which is no synced table`)
      }
      for (const [op, hook] of [...Object.entries(before ?? {}), ...Object.entries(after ?? {})]) {
        if (!['insert', 'update', 'delete'].includes(op) || typeof hook !== 'function') {
          throw invalid(`${table}: "${op}" is no hook; there are insert, update and delete`)
        }
      }
    }
  }

  /** May a hook have to run for these operations? Foreign keys may lead from any update or delete to any table. */
  concerns(ops: readonly MutationOp[]): boolean {
    if (this.running)
      throw misused('a hook writes by `predicted` and `written` of its context only')
    return ops.some((op) => op.op !== 'insert' || this.hooks[op.table] !== undefined)
  }

  /** Applies operations, and what hooks add to them, as one mutation. */
  run(ops: readonly MutationOp[]): MutateResult {
    this.running = true
    this.sent = 0
    try {
      const now = this.replica.call((client) => client.begin_steps())
      this.context = this.makeContext(now)
      const made: (Row | undefined)[] = []
      const positions = ops.map((op) => {
        const position = this.sent
        made.push(this.write(this.resolved(op, ops, made), 'sent'))
        return position
      })
      const text = this.replica.call((client) => client.commit_steps())
      return { ...(JSON.parse(text) as MutateResult), positions }
    } catch (thrown) {
      if (!this.replica.closed) this.replica.call((client) => client.withdraw_steps())
      throw thrown
    } finally {
      this.running = false
      this.depth = 0
      this.replica.closed || this.replica.refresh()
    }
  }

  /** An operation with the keys of earlier inserts in place of references to them. */
  private resolved(
    op: MutationOp,
    ops: readonly MutationOp[],
    made: readonly (Row | undefined)[],
  ): MutationOp {
    if (op.op === 'delete' || op.refs === undefined) return op
    const { refs, ...rest } = op
    const values: { [column: string]: WireValue } = {}
    for (const [column, position] of Object.entries(refs)) {
      const rows = this.replica.table(ops[position]!.table)
      const [key, ...others] = rows.table.primary_key
      if (others.length > 0)
        throw misused(`${column} refers to a row with a key of several columns`)
      values[column] = toWire(rows.table.name, rows.columns.get(key!), key!, made[position]?.[key!])
    }
    return rest.op === 'insert'
      ? { ...rest, values: { ...rest.values, ...values } }
      : { ...rest, set: { ...rest.set, ...values } }
  }

  /** Does one operation with all that follows from it, and gives its row. */
  private write(op: MutationOp, kind: Kind): Row | undefined {
    if (this.depth >= DEPTH_MAX) {
      throw misused(`hooks cause one another more than ${DEPTH_MAX} times in a row`)
    }
    this.depth++
    const completed = this.before(op, kind)
    if (kind === 'sent') this.sent++
    const changes = this.replica.call((client) => client.step(JSON.stringify(completed)))
    this.replica.refresh()
    for (let i = 3; i + 2 < changes.length; i += 3) this.followed(changes, i)
    this.after(changes, 0)
    this.depth--
    return changes[2] as Row | undefined
  }

  /** What hooks make of an operation before it is done. */
  private before(op: MutationOp, kind: Kind): MutationOp {
    const hook = this.hooks[op.table]?.before?.[op.op]
    const bare = kind === 'foreseen' ? { ...op, foreseen: true } : op
    if (hook === undefined) return bare
    const [old, row] = this.replica.call((client) => client.sketch(JSON.stringify(bare)))
    if (op.op === 'delete') {
      // Where there is no such row, the step says so.
      if (old !== undefined) this.call(hook, op.table, [old])
      return bare
    }
    if (row === undefined) return bare
    const args = op.op === 'insert' ? [row] : [row, old]
    return this.completed(bare, this.call(hook, op.table, args), kind)
  }

  private completed(op: MutationOp, completion: unknown, kind: Kind): MutationOp {
    if (op.op === 'delete' || completion === undefined || completion === null) return op
    const { predicted = {}, written = {} } = completion as Completion<TableType>
    const rows = this.replica.table(op.table)
    const foreseen = wireValues(rows, predicted)
    const given = wireValues(rows, written)
    // Of an operation that is foreseen as a whole, so is every column.
    const values = kind === 'sent' ? given : { ...given, ...foreseen }
    const rest = kind === 'sent' && Object.keys(foreseen).length > 0 ? { predicted: foreseen } : {}
    return op.op === 'insert'
      ? { ...op, values: { ...op.values, ...values }, ...rest }
      : { ...op, set: { ...op.set, ...values }, ...rest }
  }

  /** The hooks of a row that foreign keys have changed. */
  private followed(changes: readonly (number | object | undefined)[], at: number): void {
    const rows = this.replica.tables[changes[at] as number]!
    const [old, row] = [changes[at + 1] as Row | undefined, changes[at + 2] as Row | undefined]
    const before = this.hooks[rows.table.name]?.before
    if (old !== undefined && row !== undefined && before?.update !== undefined) {
      const key = this.keyOf(rows, row)
      const bare = { op: 'update', table: rows.table.name, key, set: {} } as const
      const completed = this.completed(
        { ...bare, foreseen: true },
        this.call(before.update, rows.table.name, [row, old]),
        'foreseen',
      )
      if (completed.op === 'update' && Object.keys(completed.set).length > 0) {
        const done = this.replica.call((client) => client.step(JSON.stringify(completed)))
        this.replica.refresh()
        return this.after([changes[at]!, old, done[2]], 0)
      }
    } else if (old !== undefined && row === undefined && before?.delete !== undefined) {
      this.call(before.delete, rows.table.name, [old])
    }
    this.after(changes, at)
  }

  private after(changes: readonly (number | object | undefined)[], at: number): void {
    const { table } = this.replica.tables[changes[at] as number]!
    const [, old, row] = changes.slice(at, at + 3)
    const op = old === undefined ? 'insert' : row === undefined ? 'delete' : 'update'
    // A row that was gone before it was there.
    if (old === undefined && row === undefined) return
    const hook = this.hooks[table.name]?.after?.[op]
    if (hook === undefined) return
    this.call(hook, table.name, op === 'update' ? [row, old] : [row ?? old])
  }

  private call(hook: AnyHook, table: string, args: readonly unknown[]): unknown {
    const result = hook(...args, this.context)
    if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function') {
      // What it rejects with comes of the same mistake and is not reported beside it.
      ;(result as PromiseLike<unknown>).then(undefined, () => {})
      throw misused(`a hook of ${table} gave a promise; hooks are synchronous`)
    }
    return result
  }

  private keyOf(rows: Rows, row: Row): WireValue[] {
    return rows.table.primary_key.map((name) =>
      toWire(rows.table.name, rows.columns.get(name), name, row[name]),
    )
  }

  private makeContext(now: number): AnyContext {
    const tables = (kind: Kind): object =>
      Object.fromEntries(
        this.replica.tables.map((rows) => [rows.table.name, this.table(rows, kind)]),
      )
    return {
      // Microseconds, as rows have them.
      now: new Date(now).toISOString().replace('Z', '000Z') as Timestamp,
      db: this.db as AnyContext['db'],
      predicted: tables('foreseen') as AnyContext['predicted'],
      written: tables('sent') as AnyContext['written'],
    }
  }

  private table(rows: Rows, kind: Kind): HookTable<TableType> {
    const table = rows.table.name
    const write = (op: MutationOp): Row | undefined => {
      if (!this.running) throw misused('the write whose hook this was is over')
      return this.write(op, kind)
    }
    return {
      insert: (values) => write({ op: 'insert', table, values: wireValues(rows, values) })!,
      update: (key, set) =>
        void write({
          op: 'update',
          table,
          key: this.replica.key(rows, key),
          set: wireValues(rows, set),
        }),
      delete: (key) => void write({ op: 'delete', table, key: this.replica.key(rows, key) }),
    }
  }
}

function misused(message: string): HaversackError {
  return new HaversackError('hook_misused', message)
}

function invalid(message: string): HaversackError {
  return new HaversackError('config_invalid', message)
}
