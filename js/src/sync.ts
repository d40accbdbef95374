// What the application sees of syncing: its status, what waits, what was refused, what lost.
// The core syncs by itself; nothing here decides anything.

import type {
  BindingLost,
  BindingPending,
  BindingRejected,
  BindingStatus,
  MutateResult,
  MutationOp,
  WireValue,
} from './binding.js'
import { fromBinding, HaversackError, report } from './errors.js'
import { guard } from './live.js'
import type { Stop } from './live.js'
import type { Replica } from './replica.js'
import type { Rows } from './rows.js'
import { publicKey, Table, wireValues } from './table.js'
import type { TableType } from './types.js'
import { fromWire, toWire } from './values.js'
import type { Write } from './write.js'

/** Where the replica stands. A new object whenever something of it changes. */
export interface SyncStatus {
  /**
   * `starting`: nothing was tried yet. `offline`: the endpoint can't be reached, or refuses.
   * `syncing`: a sync is under way. `online`: the last one succeeded. `signed-out`: no token.
   * `closed`: nothing happens any more; `error` says why, where it was not the application's wish. With
   * `store_upgraded` rows can still be read: a tab with newer code has taken over, so reload this one.
   */
  readonly state: BindingStatus['state']
  /** The user, as tokens name it; null before the first token. */
  readonly user: string | null
  /** How many mutations wait to be acknowledged. */
  readonly pending: number
  /** When the last sync succeeded, in milliseconds since 1970; null before the first. */
  readonly lastSync: number | null
  /** Rows received and expected while a first sync runs. */
  readonly progress: { readonly done: number; readonly total: number } | null
  /** Does this tab sync for all tabs? */
  readonly leader: boolean
  /** Why the last sync failed. */
  readonly error: HaversackError | null
}

/** A mutation that is not acknowledged yet. */
export interface PendingMutation {
  /** Its number in the replica; null until it is durable. */
  readonly seq: number | null
  /** Its number in this tab, as in `Write.local`; null for other tabs' and earlier ones. */
  readonly local: number | null
  /** When it was made, in milliseconds since 1970. */
  readonly at: number
  /** What it does. */
  readonly ops: readonly MutationOp[]
  /**
   * The constraints about which nothing certain could be said here, because the rows that they
   * depend on may be on the server alone, or because only the server can evaluate them.
   */
  readonly unverified: readonly string[]
}

/** A mutation that Postgres refused, and whose effect was undone here. */
export interface RejectedMutation {
  /** Its number in the replica. */
  readonly seq: number
  /** When it was made, in milliseconds since 1970. */
  readonly at: number
  /** What it would have done. */
  readonly ops: readonly MutationOp[]
  /** Why it was refused; `details` has SQLSTATE and constraint. */
  readonly error: HaversackError
  /** When it was refused, in milliseconds since 1970. */
  readonly rejectedAt: number
  /**
   * The `seq` of another refused mutation without which this one can't succeed: it makes the row that
   * this one changes or refers to. Null where there is none: then this one is refused by itself.
   */
  readonly blockedBy: number | null
  /**
   * Writes it again, as a new mutation that is visible at once and goes to the end of the queue; `edit`
   * may give other operations, one by one. Those that it blocks follow, in their old order; one of them
   * that is refused at once stays rejected. Hooks do not run again: what they had written is among the
   * operations.
   *
   * @throws HaversackError as the operations themselves; it is kept then, as it was
   */
  retry(edit?: (op: MutationOp, position: number) => MutationOp): Write<undefined, undefined>
  /** Forgets it. Resolves when that is durable; rejects with `storage_failed` or `closed`. */
  dismiss(): Promise<void>
}

/** A value that lost: this replica's own against someone else's, or the other way round. */
export interface LostValue {
  /** Tells it apart. */
  readonly id: number
  /** The table. */
  readonly table: string
  /** The row's primary key. */
  readonly key: unknown
  /** The column; null where a deletion met an edit. */
  readonly column: string | null
  /** The value that was written here. */
  readonly mine: unknown
  /**
   * The server's value at that time. Where a deletion won, the row that it took: an object of the
   * values that an insert can bring back.
   */
  readonly theirs: unknown
  /** Which of them stands. By the policy `server_wins` it is always theirs. */
  readonly winner: 'mine' | 'theirs'
  /** When it lost, in milliseconds since 1970. */
  readonly at: number
  /**
   * Writes the value that lost (or deletes the row again, or brings it back), now against the
   * server's value, and forgets that it lost once the write is durable. Throws as `Table.update`.
   */
  reapply(): Write<unknown, unknown>
  /** Forgets it. Resolves when that is durable; rejects with `storage_failed` or `closed`. */
  dismiss(): Promise<void>
}

/** How an open conflict ends: by one of both values, or by another. */
export type Choice = 'mine' | 'theirs' | { readonly value: unknown }

/** A decision on its way. */
export interface Resolution {
  /** Resolves when the decision is on disk, and the conflict forgotten. Rejects as `Write.durable`. */
  readonly durable: Promise<void>
  /** Resolves when Postgres has it. Rejects as `Write.synced`. */
  readonly synced: Promise<void>
}

/** A column under the policy `manual` that two changed; the row shows the server's value. */
export interface OpenConflict {
  /** Tells it apart. */
  readonly id: number
  /** The table. */
  readonly table: string
  /** The row's primary key. */
  readonly key: unknown
  /** The column. */
  readonly column: string
  /** The value from which both came. */
  readonly base: unknown
  /** The value that was written here. */
  readonly mine: unknown
  /** The value that the server has. */
  readonly theirs: unknown
  /** When the conflict was found, in milliseconds since 1970. */
  readonly at: number
  /**
   * Decides. Anything but `'theirs'` is a new write on top of theirs: should someone have changed
   * the column once more, it is asked again. The conflict is forgotten once the decision is durable.
   *
   * @throws HaversackError as `Table.update`
   */
  resolve(choice: Choice): Resolution
}

/** What is read from the core as JSON, and stays the same object while the text does. */
class Snapshot<Raw, Value> {
  private text = ''
  private value: Value | undefined

  constructor(
    private readonly read: () => string,
    private readonly make: (raw: Raw) => Value,
  ) {}

  /** The value now; the last one where the database is closed. */
  get(closed: boolean): Value | undefined {
    if (closed) return this.value
    const text = this.read()
    if (this.value === undefined || text !== this.text) {
      this.value = this.make(JSON.parse(text) as Raw)
      this.text = text
    }
    return this.value
  }
}

/** Functions to call when something has changed, once for all changes made in one go. */
class Listeners {
  private readonly all = new Set<{ readonly call: () => void }>()
  private scheduled = false

  add(call: () => void): Stop {
    // Wrapped, so that one function can be added twice and removed once.
    const listener = { call }
    this.all.add(listener)
    return () => void this.all.delete(listener)
  }

  notify(): void {
    if (this.scheduled) return
    this.scheduled = true
    queueMicrotask(() => {
      this.scheduled = false
      for (const listener of [...this.all]) {
        if (this.all.has(listener)) guard(listener.call, undefined)
      }
    })
  }
}

const STARTING: SyncStatus = Object.freeze({
  state: 'starting',
  user: null,
  pending: 0,
  lastSync: null,
  progress: null,
  leader: false,
  error: null,
})

/** `db.sync` */
export class Sync {
  private readonly listeners = new Listeners()
  private readonly statusNow: Snapshot<BindingStatus, SyncStatus>
  private readonly pendingNow: Snapshot<BindingPending[], readonly PendingMutation[]>
  private readonly rejectedNow: Snapshot<BindingRejected[], readonly RejectedMutation[]>
  private final: SyncStatus | undefined

  /** @internal */
  constructor(private readonly replica: Replica) {
    this.statusNow = new Snapshot(
      () => replica.call((client) => client.status()),
      (raw) =>
        Object.freeze({
          ...raw,
          error: raw.error === null ? null : fromBinding(raw.error),
        }),
    )
    this.pendingNow = new Snapshot(
      () => replica.call((client) => client.pending()),
      (raw) => Object.freeze(raw),
    )
    this.rejectedNow = new Snapshot(
      () => replica.call((client) => client.rejected()),
      (raw) => Object.freeze(raw.map((one) => this.rejection(one))),
    )
  }

  /** Where the replica stands; the same object until something of it changes. */
  get status(): SyncStatus {
    return this.final ?? this.statusNow.get(this.replica.closed) ?? STARTING
  }

  /** The mutations that wait to be acknowledged, in order. */
  get pending(): readonly PendingMutation[] {
    return this.pendingNow.get(this.replica.closed) ?? []
  }

  /** The mutations that Postgres refused, until they are dismissed. */
  get rejected(): readonly RejectedMutation[] {
    return this.rejectedNow.get(this.replica.closed) ?? []
  }

  /** Syncs at once instead of at the next occasion. @throws HaversackError `closed` */
  now(): void {
    this.replica.call((client) => client.sync_now())
  }

  /**
   * Calls back, in a microtask, when `status`, `pending` or `rejected` may have changed.
   *
   * @returns a function that ends it
   */
  onChange(callback: () => void): Stop {
    return this.listeners.add(callback)
  }

  /** @internal */
  notify(): void {
    this.listeners.notify()
  }

  /** @internal Takes note of the status while it can still be asked for. */
  remember(): void {
    this.statusNow.get(this.replica.closed)
  }

  /** @internal */
  end(error: HaversackError | undefined): void {
    const last = this.statusNow.get(true) ?? STARTING
    this.final = Object.freeze({
      ...last,
      state: 'closed',
      progress: null,
      error: error ?? null,
    })
    this.listeners.notify()
  }

  private rejection(raw: BindingRejected): RejectedMutation {
    const dismiss = (): Promise<void> =>
      this.replica.callAsync((client) => client.dismiss_rejected(raw.seq))
    const retry = (edit?: (op: MutationOp, position: number) => MutationOp) => {
      const blocked = this.blockedBy(raw.seq)
      const write = this.again(raw.seq, edit === undefined ? raw.ops : raw.ops.map(edit))
      for (const { seq, ops } of blocked) {
        try {
          this.again(seq, ops)
        } catch (thrown) {
          // It stays where it was, with what was wrong with it before.
          if (!(thrown instanceof HaversackError) || this.replica.closed) throw thrown
        }
      }
      return write
    }
    return Object.freeze({ ...raw, error: fromBinding(raw.error), retry, dismiss })
  }

  /** Those that are blocked by a refused mutation, and by those in turn, in their order. */
  private blockedBy(seq: number): RejectedMutation[] {
    const blockers = new Set([seq])
    return this.rejected.filter(
      (one) => one.blockedBy !== null && blockers.has(one.blockedBy) && blockers.add(one.seq),
    )
  }

  private again(seq: number, ops: readonly MutationOp[]): Write<undefined, undefined> {
    const text = JSON.stringify(ops.map((op) => this.onWire(op)))
    const made = JSON.parse(this.replica.call((client) => client.retry(seq, text))) as MutateResult
    this.replica.refresh()
    return this.replica.writes.made(
      made,
      () => undefined,
      () => undefined,
    )
  }

  /** An operation as it is listed, or as the application has edited it. */
  private onWire(op: MutationOp): MutationOp {
    const rows = this.replica.table(op.table)
    switch (op.op) {
      case 'insert':
        return { op: 'insert', table: op.table, values: wireValues(rows, op.values) }
      case 'update': {
        const [key, set] = [this.replica.key(rows, op.key), wireValues(rows, op.set)]
        return { op: 'update', table: op.table, key, set }
      }
      case 'delete':
        return { op: 'delete', table: op.table, key: this.replica.key(rows, op.key) }
    }
  }
}

/** `db.conflicts` */
export class Conflicts {
  private readonly listeners = new Listeners()
  private readonly now: Snapshot<
    BindingLost[],
    { readonly lost: readonly LostValue[]; readonly open: readonly OpenConflict[] }
  >

  /** @internal */
  constructor(private readonly replica: Replica) {
    this.now = new Snapshot(
      () => replica.call((client) => client.lost()),
      (raw) => ({
        lost: Object.freeze(raw.filter((one) => !one.open).map((one) => this.loss(one))),
        open: Object.freeze(raw.filter((one) => one.open).map((one) => this.conflict(one))),
      }),
    )
  }

  /** The values that lost, until they are reapplied or dismissed. */
  get lost(): readonly LostValue[] {
    return this.now.get(this.replica.closed)?.lost ?? []
  }

  /** The conflicts that wait for a decision, in the order in which they were found. */
  get open(): readonly OpenConflict[] {
    return this.now.get(this.replica.closed)?.open ?? []
  }

  /**
   * Calls back, in a microtask, when `lost` or `open` may have changed.
   *
   * @returns a function that ends it
   */
  onChange(callback: () => void): Stop {
    return this.listeners.add(callback)
  }

  /** @internal */
  notify(): void {
    this.listeners.notify()
  }

  private loss(raw: BindingLost): LostValue {
    const rows = this.replica.table(raw.table)
    const column = raw.column === null ? undefined : rows.columns.get(raw.column)
    const removed = raw.column === null && raw.winner === 'mine' && raw.theirs !== null
    return Object.freeze({
      id: raw.id,
      table: raw.table,
      key: publicKey(rows, raw.key),
      column: raw.column,
      mine: fromWire(column, raw.mine),
      theirs: removed ? publicValues(rows, raw.theirs) : fromWire(column, raw.theirs),
      winner: raw.winner === 'mine' ? 'mine' : 'theirs',
      at: raw.at,
      reapply: () => this.write(rows, raw, loser(raw)),
      dismiss: () => this.forget(raw),
    })
  }

  private conflict(raw: BindingLost): OpenConflict {
    const rows = this.replica.table(raw.table)
    const name = raw.column ?? ''
    const column = rows.columns.get(name)
    const resolve = (choice: Choice): Resolution => {
      if (choice === 'theirs') {
        const done = this.forget(raw)
        return { durable: done, synced: done }
      }
      const value =
        choice === 'mine'
          ? raw.mine
          : toWire(raw.table, column, name, (choice as { value: unknown }).value)
      return this.write(rows, raw, {
        op: 'update',
        table: raw.table,
        key: raw.key,
        set: { [name]: value },
        base: { [name]: raw.theirs },
      })
    }
    return Object.freeze({
      id: raw.id,
      table: raw.table,
      key: publicKey(rows, raw.key),
      column: name,
      base: fromWire(column, raw.base),
      mine: fromWire(column, raw.mine),
      theirs: fromWire(column, raw.theirs),
      at: raw.at,
      resolve,
    })
  }

  /** Writes, and forgets only when the new write can't be lost any more. Where that fails it stays
   * in the list, and the write's own promises say why. */
  private write(rows: Rows, raw: BindingLost, op: MutationOp): Write<unknown, unknown> {
    const write = new Table<TableType>(this.replica, rows).apply(op)
    write.whenDurable.onSuccess(() => void this.forget(raw).catch(report))
    return write
  }

  private forget(raw: BindingLost): Promise<void> {
    return this.replica.callAsync((client) => client.dismiss_lost(raw.id))
  }
}

/** What writes the value that lost. */
function loser(raw: BindingLost): MutationOp {
  const row = { table: raw.table, key: raw.key }
  const theirs = raw.winner === 'mine'
  if (raw.column !== null)
    return { op: 'update', ...row, set: { [raw.column]: theirs ? raw.theirs : raw.mine } }
  return theirs
    ? { op: 'insert', table: raw.table, values: raw.theirs as WireRow }
    : { op: 'delete', ...row }
}

type WireRow = { readonly [column: string]: WireValue }

function publicValues(rows: Rows, values: WireValue): object {
  const pairs = Object.entries(values as WireRow)
  return Object.freeze(
    Object.fromEntries(
      pairs.map(([name, value]) => [name, fromWire(rows.columns.get(name), value)]),
    ),
  )
}
