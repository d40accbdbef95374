// Collects the operations of a transaction; they are applied together, after the callback.

import type { MutateResult, MutationOp } from './binding.js'
import { HaversackError } from './errors.js'
import type { Replica } from './replica.js'
import type { Rows } from './rows.js'
import { publicKey, wireValues } from './table.js'
import type { TablesOf, TableType } from './types.js'
import { keyAt } from './write.js'
import type { Write } from './write.js'

/** Names that are not tables of a transaction. */
export const TRANSACTION_NAMES = ['table', 'then'] as const
type TransactionName = (typeof TRANSACTION_NAMES)[number]

/**
 * A row that a transaction will insert. It can stand for its own key in later operations of the
 * same transaction, where a column of theirs refers to it; its key has one column then.
 */
export class NewRow<Key> {
  /** Never there: keeps other objects with a key from passing for one. */
  declare protected readonly brand: 'NewRow'
  /** @internal */
  assigned: { readonly key: Key } | undefined

  /** @internal */
  constructor(
    /** @internal */
    readonly transaction: Operations,
    /** @internal */
    readonly position: number,
  ) {}

  /**
   * The row's primary key, once the transaction has been applied.
   *
   * @throws HaversackError `transaction_misused` before that
   */
  get key(): Key {
    if (this.assigned === undefined) {
      throw misused('a new row has its key only when the transaction has been applied')
    }
    return this.assigned.key
  }
}

/** Values that may refer to rows inserted earlier in the transaction. */
export type WithNewRows<Values> = {
  [C in keyof Values]: Values[C] | NewRow<NonNullable<Values[C]>>
}

/** A table within a transaction: operations are noted, and applied after the callback. */
export class TransactionTable<T extends TableType> {
  /** @internal */
  constructor(
    private readonly replica: Replica,
    private readonly rows: Rows,
    private readonly operations: Operations,
  ) {}

  /** Notes an insert. Gives what stands for the new row until its key is known. */
  insert(values: WithNewRows<T['insert']>): NewRow<T['key']> {
    const { plain, refs } = this.operations.split(values)
    const newRow = new NewRow<T['key']>(this.operations, this.operations.list.length)
    this.operations.add({
      op: 'insert',
      table: this.rows.table.name,
      values: wireValues(this.rows, plain),
      ...refs,
    })
    this.operations.inserted.push([newRow, this.rows])
    return newRow
  }

  /** Notes an update. */
  update(key: T['key'], set: WithNewRows<T['update']>): void {
    const { plain, refs } = this.operations.split(set)
    this.operations.add({
      op: 'update',
      table: this.rows.table.name,
      key: this.replica.key(this.rows, key),
      set: wireValues(this.rows, plain),
      ...refs,
    })
  }

  /** Notes a delete. */
  delete(key: T['key']): void {
    this.operations.add({
      op: 'delete',
      table: this.rows.table.name,
      key: this.replica.key(this.rows, key),
    })
  }
}

/** The tables, as a transaction writes them. */
export type Transaction<T extends TablesOf<T>> = {
  /** The table of this name, also where the name is not a property here. */
  table<K extends keyof T & string>(name: K): TransactionTable<T[K]>
} & {
  readonly [K in Exclude<keyof T, TransactionName>]: TransactionTable<T[K]>
}

/** What a transaction has noted. */
export class Operations {
  readonly list: MutationOp[] = []
  readonly inserted: (readonly [NewRow<unknown>, Rows])[] = []
  /** False once the callback has returned. */
  open = true

  add(op: MutationOp): void {
    if (!this.open) throw misused('the transaction is over; its callback may not be asynchronous')
    this.list.push(op)
  }

  /** Separates references to rows of this transaction from values. */
  split(values: object): {
    plain: object
    refs: { refs?: { [column: string]: number } }
  } {
    let refs: { [column: string]: number } | undefined
    const plain: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(values) as [string, unknown][]) {
      if (!(value instanceof NewRow)) plain[name] = value
      else if (value.assigned !== undefined) plain[name] = value.key
      else if (value.transaction === this) (refs ??= {})[name] = value.position
      else throw misused(`${name} refers to a row of another transaction`)
    }
    return { plain, refs: refs === undefined ? {} : { refs } }
  }
}

/**
 * Runs a callback and applies what it noted as one mutation, or nothing where it throws.
 *
 * @throws HaversackError `transaction_misused` where the callback gives a promise; what the
 * callback throws; and as the operations themselves
 */
export function transact<T extends TablesOf<T>>(
  replica: Replica,
  callback: (tx: Transaction<T>) => unknown,
): Write<undefined, undefined> {
  const operations = new Operations()
  let result: unknown
  try {
    result = callback(tables<T>(replica, operations))
  } finally {
    operations.open = false
  }
  if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function') {
    // What it rejects with comes of the same mistake and is not reported beside it.
    ;(result as PromiseLike<unknown>).then(undefined, () => {})
    throw misused('the callback of a transaction must be synchronous, but gave a promise')
  }
  if (operations.list.length === 0) return replica.writes.nothing()
  const assign = (made: MutateResult): undefined => {
    for (const [newRow, rows] of operations.inserted) {
      newRow.assigned = { key: publicKey(rows, keyAt(made, newRow.position) ?? []) }
    }
  }
  return replica.writes.made(replica.mutate(operations.list), assign, () => undefined)
}

function tables<T extends TablesOf<T>>(replica: Replica, operations: Operations): Transaction<T> {
  const table = (name: string): TransactionTable<TableType> =>
    new TransactionTable(replica, replica.table(name), operations)
  const tx: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const rows of replica.tables)
    tx[rows.table.name] = new TransactionTable(replica, rows, operations)
  for (const name of TRANSACTION_NAMES) delete tx[name]
  tx.table = table
  return tx as unknown as Transaction<T>
}

function misused(message: string): HaversackError {
  return new HaversackError('transaction_misused', message)
}
