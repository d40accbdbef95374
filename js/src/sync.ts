// What the application sees of syncing: its status, what waits, what was refused, what lost.
// The core syncs by itself; nothing here decides anything.

import type {
  BindingLost,
  BindingPending,
  BindingRejected,
  BindingStatus,
  MutationOp,
} from './binding.js'
import { fromBinding, report } from './errors.js'
import type { HaversackError } from './errors.js'
import { guard } from './live.js'
import type { Stop } from './live.js'
import type { Replica } from './replica.js'
import { publicKey, Table } from './table.js'
import type { TableType } from './types.js'
import { fromWire } from './values.js'
import type { Write } from './write.js'

/** Where the replica stands. A new object whenever something of it changes. */
export interface SyncStatus {
  /**
   * `starting`: nothing was tried yet. `offline`: the endpoint can't be reached, or refuses.
   * `syncing`: a sync is under way. `online`: the last one succeeded. `signed-out`: no token.
   * `closed`: nothing happens any more; `error` says why, where it was not the application's wish.
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
  /** Forgets it. Resolves when that is durable; rejects with `storage_failed` or `closed`. */
  dismiss(): Promise<void>
}

/** A value that lost against someone else's. */
export interface LostValue {
  /** Tells it apart. */
  readonly id: number
  /** The table. */
  readonly table: string
  /** The row's primary key. */
  readonly key: unknown
  /** The column; null where a delete lost. */
  readonly column: string | null
  /** The value that lost. */
  readonly mine: unknown
  /** The server's value at that time. */
  readonly theirs: unknown
  /** When it lost, in milliseconds since 1970. */
  readonly at: number
  /**
   * Writes the value again (or deletes the row again), now against the server's value, and
   * forgets that it lost once the write is durable. Throws as `Table.update`.
   */
  reapply(): Write<unknown, unknown>
  /** Forgets it. Resolves when that is durable; rejects with `storage_failed` or `closed`. */
  dismiss(): Promise<void>
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
    return Object.freeze({ ...raw, error: fromBinding(raw.error), dismiss })
  }
}

/** `db.conflicts` */
export class Conflicts {
  private readonly listeners = new Listeners()
  private readonly lostNow: Snapshot<BindingLost[], readonly LostValue[]>

  /** @internal */
  constructor(private readonly replica: Replica) {
    this.lostNow = new Snapshot(
      () => replica.call((client) => client.lost()),
      (raw) => Object.freeze(raw.map((one) => this.loss(one))),
    )
  }

  /** The values that lost, until they are reapplied or dismissed. */
  get lost(): readonly LostValue[] {
    return this.lostNow.get(this.replica.closed) ?? []
  }

  /**
   * Calls back, in a microtask, when `lost` may have changed.
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
    const dismiss = (): Promise<void> =>
      this.replica.callAsync((client) => client.dismiss_lost(raw.id))
    const reapply = (): Write<unknown, unknown> => {
      const row = { table: raw.table, key: raw.key }
      const write = new Table<TableType>(this.replica, rows).apply(
        raw.column === null
          ? { op: 'delete', ...row }
          : { op: 'update', ...row, set: { [raw.column]: raw.mine } },
      )
      // Forgotten only when the new write can't be lost any more. Where that fails the value
      // stays in the list, and the write's own promises say why.
      write.whenDurable.onSuccess(() => void dismiss().catch(report))
      return write
    }
    return Object.freeze({
      id: raw.id,
      table: raw.table,
      key: publicKey(rows, raw.key),
      column: raw.column,
      mine: fromWire(column, raw.mine),
      theirs: fromWire(column, raw.theirs),
      at: raw.at,
      reapply,
      dismiss,
    })
  }
}
