/** The locations that occur, with how often: what the location filter offers. Counted in slices. */

import type { Db } from './data'
import { Debounced, inSlices } from './schedule'

const ROWS_PER_STEP = 200
/** Counting again can wait until a burst of changes is over. */
const RECOUNT_DELAY_MS = 1500

export interface Place {
  name: string
  events: number
}

export class Places {
  all: readonly Place[] = []
  readonly #db: Db
  readonly #changed: () => void
  readonly #recount: Debounced
  #run = 0

  constructor(db: Db, changed: () => void) {
    this.#db = db
    this.#changed = changed
    this.#recount = new Debounced(RECOUNT_DELAY_MS, () => void this.count())
  }

  /** Counts again, some time after the last request. */
  recount(): void {
    this.#recount.request()
  }

  async count(): Promise<void> {
    const mine = ++this.#run
    const counts = new Map<string, number>()
    const events = this.#db.events.where({ deleted_at: null })
    let offset = 0
    const ended = await inSlices(
      () => {
        const rows = events.limit(ROWS_PER_STEP).offset(offset).rows()
        for (const { location } of rows) {
          if (location !== null) counts.set(location, (counts.get(location) ?? 0) + 1)
        }
        offset += rows.length
        return rows.length < ROWS_PER_STEP
      },
      () => mine !== this.#run,
    )
    if (!ended) return
    this.all = [...counts]
      .map(([name, events]) => ({ name, events }))
      .sort((a, b) => a.name.localeCompare(b.name))
    this.#changed()
  }

  close(): void {
    this.#recount.cancel()
    this.#run += 1
  }
}
