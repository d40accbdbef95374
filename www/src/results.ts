/**
 * The events that a filter shows, read a page at a time, so that ten thousand cost no more than
 * what is on the screen. Invariant: `count` and `at` always describe the same moment.
 */

import { lt } from 'haversack'
import type { AgendaEvent, Db } from './data'
import { predicate, type Filter } from './filters'
import { inSlices } from './schedule'

/** Rows per page: about three screens. */
const PAGE_ROWS = 100
/** Rows that one step of a text search reads. */
const SEARCH_ROWS = 200
/** Pages kept before the cache starts again; rows themselves are the library's. */
const PAGES_MAX = 60

type EventQuery = ReturnType<typeof eventQuery>

function eventQuery(db: Db, filter: Filter, tagged: readonly number[]) {
  const query = db.events.where(predicate(filter, tagged))
  return query.orderBy(filter.order, filter.descending ? 'desc' : 'asc')
}

export class Results {
  count = 0
  /** A text search is still looking. */
  searching = false

  readonly #db: Db
  readonly #changed: () => void
  #query: EventQuery
  #filter: Filter
  #text = ''
  /** Keys of the events that contain the text; null while no text is asked for. */
  #found: number[] | null = null
  #pages = new Map<number, readonly AgendaEvent[]>()
  #search = 0
  #searchAgain = false
  #closed = false
  #watchedPage = -1
  #stop: () => void = () => {}

  constructor(db: Db, filter: Filter, changed: () => void) {
    this.#db = db
    this.#changed = changed
    this.#filter = filter
    this.#query = eventQuery(db, filter, [])
    this.show(filter, [])
  }

  /** Shows another filter. */
  show(filter: Filter, tagged: readonly number[]): void {
    this.#filter = filter
    this.#query = eventQuery(this.#db, filter, tagged)
    this.#text = filter.text.trim().toLocaleLowerCase()
    this.#found = null
    this.#search += 1
    this.searching = false
    this.#watch(0)
    this.refresh()
  }

  /** Reads again what may have changed. */
  refresh(): void {
    this.#pages.clear()
    if (this.#text === '') this.count = this.#query.count()
    // A search that is under way ends before it is made anew, or a stream of changes would never
    // let one end.
    else if (this.searching) this.#searchAgain = true
    else void this.#searchText()
    this.#changed()
  }

  /** The event at a position; undefined past the end. */
  at(index: number): AgendaEvent | undefined {
    if (index < 0 || index >= this.count) return undefined
    if (this.#found !== null) {
      const key = this.#found[index]
      return key === undefined ? undefined : this.#db.events.get(key)
    }
    return this.#page(Math.floor(index / PAGE_ROWS))[index % PAGE_ROWS]
  }

  /** How many events are due before a moment; null where the list is in another order. */
  before(moment: string): number | null {
    const { order, descending, text } = this.#filter
    if (order !== 'due_date' || descending || text.trim() !== '') return null
    return this.#query.where({ due_date: lt(moment) }).count()
  }

  /** The position of an event; -1 where the filter does not show it. */
  async find(key: number): Promise<number> {
    let index = 0
    let position = -1
    await inSlices(
      () => {
        const last = Math.min(index + PAGE_ROWS, this.count)
        for (; index < last; index += 1) {
          if (this.at(index)?.event_id === key) {
            position = index
            return true
          }
        }
        return index >= this.count
      },
      () => this.#closed,
    )
    return position
  }

  /** Keeps a live query on the rows around a position, so that what is visible is never stale. */
  watchAround(index: number): void {
    const page = Math.floor(index / PAGE_ROWS)
    if (Math.abs(page - this.#watchedPage) >= 1) this.#watch(page)
  }

  close(): void {
    this.#closed = true
    this.#search += 1
    this.#stop()
  }

  #watch(page: number): void {
    this.#stop()
    this.#watchedPage = page
    const first = Math.max(0, page - 1) * PAGE_ROWS
    // The first call brings what has just been read.
    let known = true
    this.#stop = this.#query
      .limit(PAGE_ROWS * 3)
      .offset(first)
      .live(
        () => {
          if (!known) this.refresh()
          known = false
        },
        { state: true },
      )
  }

  #page(number: number): readonly AgendaEvent[] {
    const known = this.#pages.get(number)
    if (known) return known
    if (this.#pages.size >= PAGES_MAX) this.#pages.clear()
    const rows = this.#query
      .limit(PAGE_ROWS)
      .offset(number * PAGE_ROWS)
      .rows()
    this.#pages.set(number, rows)
    return rows
  }

  async #searchText(): Promise<void> {
    const mine = ++this.#search
    const text = this.#text
    const found: number[] = []
    let offset = 0
    this.searching = true
    const ended = await inSlices(
      () => {
        const rows = this.#query.limit(SEARCH_ROWS).offset(offset).rows()
        for (const row of rows) if (contains(row, text)) found.push(row.event_id)
        offset += rows.length
        return rows.length < SEARCH_ROWS
      },
      () => mine !== this.#search,
    )
    if (!ended) return
    this.searching = false
    this.#found = found
    this.count = found.length
    this.#changed()
    if (!this.#searchAgain) return
    this.#searchAgain = false
    void this.#searchText()
  }
}

function contains(event: AgendaEvent, text: string): boolean {
  return (
    event.title.toLocaleLowerCase().includes(text) ||
    (event.location?.toLocaleLowerCase().includes(text) ?? false)
  )
}
