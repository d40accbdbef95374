// What an application holds of a mutation that it made: its key, and two promises. The promises
// are made when somebody asks for them, so a write that nobody awaits never ends in an unhandled
// rejection; a rejected one shows in `db.sync.rejected` all the same.

import type { BindingEvent, MutateResult, WireValue } from './binding.js'
import { fromBinding, HaversackError, report } from './errors.js'

/** A promise that is made when asked for, before or after it is settled. */
class Latch {
  private promise: Promise<void> | undefined
  private resolve: (() => void) | undefined
  private reject: ((error: HaversackError) => void) | undefined
  private after: (() => void) | undefined
  private outcome: HaversackError | true | undefined

  get asked(): boolean {
    return this.promise !== undefined
  }

  get(): Promise<void> {
    return (this.promise ??= new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
      this.pass()
    }))
  }

  /** The first outcome counts. */
  settle(outcome: HaversackError | true): void {
    if (this.outcome !== undefined) return
    this.outcome = outcome
    this.pass()
    if (outcome === true) this.after?.()
  }

  /** Calls back when it has gone well; never otherwise. */
  onSuccess(after: () => void): void {
    if (this.outcome === true) after()
    else this.after = after
  }

  private pass(): void {
    if (this.outcome === true) this.resolve?.()
    else if (this.outcome !== undefined) this.reject?.(this.outcome)
  }
}

/** A mutation made here, visible at once. */
export class Write<Key, Row> {
  /** @internal */
  readonly whenDurable = new Latch()
  /** @internal */
  readonly whenSynced = new Latch()

  /** @internal */
  constructor(
    private made: MutateResult,
    private readonly keyOf: (made: MutateResult) => Key,
    private readonly read: () => Row | undefined,
  ) {
    this.currentKey = keyOf(made)
  }

  private currentKey: Key

  /** The mutation's number in this tab, from 1; 0 for a transaction without operations. */
  get local(): number {
    return this.made.local
  }

  /** The row's primary key; undefined for a transaction. Changes once where it is temporary. */
  get key(): Key {
    return this.currentKey
  }

  /**
   * Is a key of the rows temporary? So it is where a sequence makes the keys and no leased one was
   * left: it stands for the row on this device, and is replaced everywhere when keys are leased
   * again, at the latest before `synced` resolves. Nobody else ever sees it.
   */
  get temporary(): boolean {
    return this.made.temporary
  }

  /** The row as it is now; undefined when it is gone, and for a transaction. */
  get row(): Row | undefined {
    return this.read()
  }

  /** @internal */
  rekey(made: MutateResult): void {
    this.made = { ...this.made, ...made }
    this.currentKey = this.keyOf(this.made)
  }

  /**
   * Resolves when the mutation is in IndexedDB, flushed to disk. Rejects with a `HaversackError`:
   * `storage_quota`, `storage_failed` (the write was withdrawn), `closed`.
   */
  get durable(): Promise<void> {
    return this.whenDurable.get()
  }

  /**
   * Resolves when the mutation is in Postgres, which may be days later. Where others had changed
   * some of its columns, their values stand, and the lost ones are in `db.conflicts.lost`.
   *
   * Rejects with a `HaversackError`: `rejected` (Postgres refused it: `details` has SQLSTATE and
   * constraint), `conflict` (others were first in everything), `gone` (there is no such row any
   * more), any code of `durable`; `closed` when the database is closed before, and `store_upgraded` when
   * a tab with newer code has taken over, though the mutation is synced later.
   */
  get synced(): Promise<void> {
    return this.whenSynced.get()
  }
}

/** The key of the row of one of the application's operations, among those that hooks wrote too. */
export function keyAt(made: MutateResult, position: number): readonly WireValue[] | undefined {
  return made.keys[made.positions?.[position] ?? position] ?? undefined
}

type Settled = Extract<BindingEvent, { kind: 'settled' }>

/** The writes whose end is not known yet, by their number. */
export class Writes {
  private readonly open = new Map<number, Write<unknown, unknown>>()

  /** A write that the core has just applied. */
  made<Key, Row>(
    made: MutateResult,
    keyOf: (made: MutateResult) => Key,
    read: () => Row | undefined,
  ): Write<Key, Row> {
    const write = new Write(made, keyOf, read)
    this.open.set(made.local, write as Write<unknown, unknown>)
    return write
  }

  /** Rows of a write have other keys. */
  rekeyed(made: MutateResult): void {
    this.open.get(made.local)?.rekey(made)
  }

  /** A write of nothing, which is done already. */
  nothing(): Write<undefined, undefined> {
    const made = { local: 0, keys: [], temporary: false }
    const write = new Write<undefined, undefined>(
      made,
      () => undefined,
      () => undefined,
    )
    write.whenDurable.settle(true)
    write.whenSynced.settle(true)
    return write
  }

  durable(local: number): void {
    this.open.get(local)?.whenDurable.settle(true)
  }

  /** The write was withdrawn: reported to the page where nobody asked for its promises. */
  failed(local: number, error: HaversackError): void {
    const write = this.open.get(local)
    this.open.delete(local)
    if (write === undefined || !(write.whenDurable.asked || write.whenSynced.asked)) report(error)
    write?.whenDurable.settle(error)
    write?.whenSynced.settle(error)
  }

  settled(event: Settled): void {
    if (event.local === null) return
    const write = this.open.get(event.local)
    this.open.delete(event.local)
    write?.whenDurable.settle(true)
    write?.whenSynced.settle(verdict(event))
  }

  /** No verdict will be heard in this tab; what is on its way to the disk still says how that went. */
  freeze(reason: HaversackError): void {
    for (const write of this.open.values()) write.whenSynced.settle(reason)
  }

  /** Nothing more will be heard. */
  end(reason: HaversackError): void {
    for (const write of this.open.values()) {
      write.whenDurable.settle(reason)
      write.whenSynced.settle(reason)
    }
    this.open.clear()
  }
}

const SENTENCES = {
  conflict: 'someone else changed the same columns first; see db.conflicts.lost',
  gone: 'the row is gone, or was never visible to this user',
  rejected: 'Postgres refused the mutation',
} as const

function verdict({ outcome, error }: Settled): HaversackError | true {
  if (outcome === 'applied' || outcome === 'merged') return true
  const cause = error === null ? undefined : fromBinding(error)
  const message = cause?.message ?? SENTENCES[outcome]
  return new HaversackError(outcome, message, cause?.details ?? {}, 'none', cause)
}
