// `useLive` for React: the rows of a query, kept live while the component is mounted.

import { useState, useSyncExternalStore } from 'react'

import type { HaversackError } from './errors.js'
import type { Observer, Stop } from './live.js'
import { sameItems } from './same.js'

/** What can be asked and kept live: a query, a table, groups. */
export interface LiveSource<Row> {
  rows(): readonly Row[]
  live(observer: Observer<Row>): Stop
  /** @internal What tells it from others: two that ask the same have equal parts. */
  asks(): readonly unknown[]
}

const NONE: readonly never[] = []

/**
 * The rows of a query, now and whenever they change. The query may be made anew in every render: as long
 * as it asks the same, the component stays subscribed, and the array stays the same (`===`) until the
 * result changes. It is read synchronously, so that the first render has the rows.
 *
 * `null` and `undefined`, as before the database is open, give `initial`, which is also what a server
 * renders, and the browser where it takes that over.
 *
 * A query that can't be answered throws its `HaversackError` in the render, for an error boundary.
 *
 * @example const events = useLive(db.events.where({ status }).orderBy('due_date').limit(50))
 */
export function useLive<Row>(
  query: LiveSource<Row> | null | undefined,
  initial: readonly Row[] = NONE,
): readonly Row[] {
  const [held, hold] = useState(() => new Store(query, initial))
  let store = held
  if (!store.isOf(query)) {
    store = new Store(query, initial)
    hold(store)
  }
  return useSyncExternalStore(store.subscribe, store.read, store.readInitial)
}

/** What one component is subscribed to. */
class Store<Row> {
  private readonly asks: readonly unknown[] | undefined
  private rows: readonly Row[] | undefined
  private error: HaversackError | undefined

  constructor(
    private readonly query: LiveSource<Row> | null | undefined,
    private readonly initial: readonly Row[],
  ) {
    this.asks = query?.asks()
  }

  isOf(query: LiveSource<Row> | null | undefined): boolean {
    if (query === this.query) return true
    const asks = query?.asks()
    return asks !== undefined && this.asks !== undefined && sameItems(asks, this.asks)
  }

  readonly subscribe = (changed: () => void): Stop => {
    if (this.query == null) return () => undefined
    return this.query.live({
      next: ({ rows }) => {
        if (this.rows !== undefined && sameItems(this.rows, rows)) return
        this.rows = rows
        changed()
      },
      error: (error) => {
        this.error = error
        changed()
      },
    })
  }

  readonly read = (): readonly Row[] => {
    if (this.error !== undefined) throw this.error
    if (this.query == null) return this.initial
    return (this.rows ??= Object.freeze(this.query.rows().slice()))
  }

  readonly readInitial = (): readonly Row[] => this.initial
}
