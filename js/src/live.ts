// Live queries: run again when a change concerns them, as the core tells, and told only of what differs.

import { compare } from './changes.js'
import type { Changes } from './changes.js'
import { report, toHaversackError } from './errors.js'
import type { HaversackError } from './errors.js'
import type { InspectedQuery } from './inspection.js'
import type { Replica } from './replica.js'
import type { Rows } from './rows.js'
import type { SavedGroups, SavedQuery } from './saved.js'
import { sameItems } from './same.js'

/** Ends what the call that returned it began. Calling it again does nothing. */
export type Stop = () => void

/** A result of a live query. */
export interface LiveResult<Row> {
  /** The rows, in order; a new frozen array, in it the same objects for unchanged rows. */
  readonly rows: readonly Row[]
  /** What changed since the last call; at first, all rows are `added`. */
  readonly changes: Changes<Row>
  /** Are these all the rows that the user can see, and not only those that the replica holds? */
  readonly complete: boolean
}

/** Who is told of a live query: a function, or an object that is also told of its end. */
export type Observer<Row> =
  | ((result: LiveResult<Row>) => void)
  | {
      readonly next: (result: LiveResult<Row>) => void
      readonly error?: (error: HaversackError) => void
    }

/** What a live query is asked for beside the rows. */
export interface LiveOptions {
  /**
   * Call back also when nothing but a row's state has changed, as `meta(row).state` tells it? A row
   * whose state has changed is `updated` and a new object then; one that is not acknowledged is
   * another object than `get` gives. By default only contents count.
   */
  readonly state?: boolean
}

/** What can be asked again whenever a table changes. */
export interface Watched<Row> {
  /** The table's rows. */
  readonly source: Rows
  /** The result now; what did not change is the same object. */
  rows(): readonly Row[]
  /** What tells results apart, as a key of a `Map`. */
  identity(row: Row): unknown
  /** Watches what `rows` just gave; `known` is its watch from before, or −1. */
  watch(known: number): number
  /** What it asks, as JSON. */
  toJSON(): SavedQuery | SavedGroups
}

/** One subscription. */
interface Live {
  readonly query: Watched<object>
  readonly state: boolean
  readonly next: (result: LiveResult<object>) => void
  readonly error: ((error: HaversackError) => void) | undefined
  /** The last result; undefined before the first. */
  last: readonly object[] | undefined
  /** The core's watch; −1 before the first result. */
  watch: number
  stopped: boolean
  /** What it cost so far. */
  readonly cost: Cost
}

type Cost = { -readonly [K in 'asked' | 'told' | 'milliseconds' | 'last']: InspectedQuery[K] }

/** The live queries of one database. */
export class LiveQueries {
  private readonly byTable = new Map<Rows, Set<Live>>()
  private readonly byWatch = new Map<number, Live>()
  private readonly waiting = new Set<Live>()
  private scheduled = false
  /** Is the next task going to call back as well? */
  private scheduledApart = false

  constructor(private readonly replica: Replica) {}

  /** Begins a live query. */
  add<Row>(query: Watched<Row>, observer: Observer<Row>, { state = false }: LiveOptions): Stop {
    const { next, error } = typeof observer === 'function' ? { next: observer } : observer
    const live = {
      query,
      state,
      next,
      error,
      last: undefined,
      watch: -1,
      stopped: false,
      cost: { asked: 0, told: 0, milliseconds: 0, last: 0 },
    } as unknown as Live
    let lives = this.byTable.get(query.source)
    if (lives === undefined) this.byTable.set(query.source, (lives = new Set()))
    lives.add(live)
    this.schedule(live)
    return () => this.stop(live)
  }

  /**
   * Changes concern the queries of these watches; `apart`, when so much has changed that the page should
   * get its turn before they are asked again.
   */
  touch(watches: Uint32Array, apart: boolean): void {
    for (const watch of watches) {
      const live = this.byWatch.get(watch)
      if (live !== undefined) this.schedule(live, apart)
    }
  }

  /** Each with what it asks and costs. */
  inspect(): InspectedQuery[] {
    const queries: InspectedQuery[] = []
    for (const lives of this.byTable.values()) {
      for (const { query, last, cost } of lives) {
        queries.push({ query: query.toJSON(), rows: last?.length ?? null, ...cost })
      }
    }
    return queries
  }

  /** The states of rows may have changed. */
  touchStates(): void {
    for (const [rows, lives] of this.byTable) {
      const asking = [...lives].filter((live) => live.state)
      if (asking.length > 0 && this.replica.call((client) => rows.stateChanged(client))) {
        for (const live of asking) this.schedule(live)
      }
    }
  }

  /** No result will change any more; `error` says why where it was not the application's wish. */
  end(error: HaversackError | undefined): void {
    const lives = [...this.byTable.values()].flatMap((set) => [...set])
    for (const live of lives) {
      this.stop(live)
      // Without an observer of errors nothing is said: the cause is in `db.sync.status`.
      if (error !== undefined && live.error !== undefined) guard(live.error.bind(live), error)
    }
  }

  private stop(live: Live): void {
    live.stopped = true
    if (live.watch >= 0) {
      this.byWatch.delete(live.watch)
      this.replica.unwatch(live.watch)
      live.watch = -1
    }
    this.waiting.delete(live)
    this.byTable.get(live.query.source)?.delete(live)
  }

  private schedule(live: Live, apart = false): void {
    this.waiting.add(live)
    if (apart) {
      if (this.scheduled || this.scheduledApart) return
      this.scheduledApart = true
      inNextTask(() => this.flush())
    } else if (!this.scheduled) {
      this.scheduled = true
      queueMicrotask(() => this.flush())
    }
  }

  private flush(): void {
    this.scheduled = false
    this.scheduledApart = false
    const lives = [...this.waiting]
    this.waiting.clear()
    // A callback may write, which schedules the next flush, and may stop any of these.
    for (const live of lives) if (!live.stopped) this.run(live)
  }

  private run(live: Live): void {
    const { cost } = live
    const start = performance.now()
    const result = this.ask(live)
    cost.asked++
    cost.last = performance.now() - start
    cost.milliseconds += cost.last
    if (result === undefined) return
    cost.told++
    guard(live.next, result)
  }

  /** What a query gives now; none where that is what it gave, or where it ends. */
  private ask(live: Live): LiveResult<object> | undefined {
    const source = live.query.source
    let rows: readonly object[]
    try {
      rows = live.query.rows()
      live.watch = live.query.watch(live.watch)
      this.byWatch.set(live.watch, live)
      if (live.state) rows = this.replica.call((client) => source.withStates(client, rows))
    } catch (thrown) {
      if (live.stopped || this.replica.closed) return undefined
      this.stop(live)
      guard(live.error ?? report, toHaversackError(thrown))
      return undefined
    }
    const last = live.last
    if (last !== undefined && sameItems(last, rows)) return undefined
    live.last = Object.freeze(rows)
    return {
      rows,
      changes: compare((row) => live.query.identity(row), last ?? [], rows),
      complete: true,
    }
  }
}

/** Calls in a task of its own; a timer would wait for a second where the page is hidden. */
function inNextTask(work: () => void): void {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    work()
  }
  port2.postMessage(null)
}

/** Calls an observer; what it throws is the page's affair and nobody else's. */
export function guard<T>(observer: (value: T) => void, value: T): void {
  try {
    observer(value)
  } catch (thrown) {
    report(thrown)
  }
}
