/** The locations that occur, with how often: what the location filter offers. Counted in slices. */

import type { Db } from './data'
import { debounced, inSlices } from './schedule'

const ROWS_PER_STEP = 500
/** Counting again can wait until a burst of changes is over. */
const RECOUNT_DELAY_MS = 1500

export interface Place {
  name: string
  events: number
}

export class Places {
  all: readonly Place[] = []
  /** Counts again, some time after the last request. */
  readonly recount: () => void

  readonly #db: Db
  readonly #changed: () => void
  #run = 0

  constructor(db: Db, changed: () => void) {
    this.#db = db
    this.#changed = changed
    this.recount = debounced(RECOUNT_DELAY_MS, () => void this.count())
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
    this.#run += 1
  }
}
