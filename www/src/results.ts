/**
 * The events that a filter shows, read a page at a time, so that ten thousand cost no more than
 * what is on the screen. Invariant: `count` and `at` always describe the same moment.
 */

import { lt, or, rank, search, wordSimilar, wordSimilarity } from 'haversack'
import type { AgendaEvent, Db } from './data'
import { predicate, type Filter } from './filters'
import { inSlices } from './schedule'

/** Rows per page: about three screens. */
const PAGE_ROWS = 100
/** Pages kept before the cache starts again; rows themselves are the library's. */
const PAGES_MAX = 60

type EventQuery = ReturnType<Db['events']['where']>

/** Titles and places are searched as one text. */
const BESIDE_TITLE = { with: ['location'] } as const

export class Results {
  count = 0
  /** No event has the words of the text: those shown have similar ones. */
  similar = false

  readonly #db: Db
  readonly #changed: () => void
  #query: EventQuery
  #filter: Filter
  #tagged: readonly number[] = []
  #pages = new Map<number, readonly AgendaEvent[]>()
  #closed = false
  #watchedPage = -1
  #stop: () => void = () => {}

  constructor(db: Db, filter: Filter, changed: () => void) {
    this.#db = db
    this.#changed = changed
    this.#filter = filter
    this.#query = this.#choose()
    this.#watch(0)
    this.#read()
  }

  /** Shows another filter. */
  show(filter: Filter, tagged: readonly number[]): void {
    this.#filter = filter
    this.#tagged = tagged
    this.#ask(this.#choose())
  }

  /** Reads again what may have changed. */
  refresh(): void {
    const before = this.similar
    const query = this.#choose()
    if (this.similar === before) this.#read()
    else this.#ask(query)
  }

  /** How the core finds what is shown, and how long that took. */
  explain() {
    return this.#query.limit(PAGE_ROWS).explain()
  }

  /** The event at a position; undefined past the end. */
  at(index: number): AgendaEvent | undefined {
    if (index < 0 || index >= this.count) return undefined
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
    this.#stop()
  }

  #ask(query: EventQuery): void {
    this.#query = query
    this.#watch(0)
    this.#read()
  }

  #read(): void {
    this.#pages.clear()
    this.count = this.#query.count()
    this.#changed()
  }

  /**
   * The query of the filter. A text is searched by its words, the best answers first; where no event has
   * them, by words that are similar, as a typo's are, or those of a word that is still being typed.
   */
  #choose(): EventQuery {
    const { order, descending } = this.#filter
    const direction = descending ? 'desc' : 'asc'
    const text = this.#filter.text.trim()
    const filtered = this.#filtered()
    this.similar = false
    if (text === '') return filtered.orderBy(order, direction)
    const exact = this.#exact(filtered, text)
    if (exact.first() !== undefined) {
      return exact.orderBy(rank('title', text, BESIDE_TITLE), [order, direction])
    }
    this.similar = true
    return filtered
      .where(or({ title: wordSimilar(text) }, { location: wordSimilar(text) }))
      .orderBy(wordSimilarity('title', text), [order, direction])
  }

  #filtered(): EventQuery {
    return this.#db.events.where(predicate(this.#filter, this.#tagged))
  }

  #exact(filtered: EventQuery, text: string): EventQuery {
    return filtered.where({ title: search(text, BESIDE_TITLE) })
  }

  #watch(page: number): void {
    this.#stop()
    this.#watchedPage = page
    const first = Math.max(0, page - 1) * PAGE_ROWS
    // The first call brings what has just been read.
    let known = true
    const refresh = (): void => {
      if (!known) this.refresh()
      known = false
    }
    const around = this.#query.limit(PAGE_ROWS * 3).offset(first)
    const stops = [around.live(refresh, { state: true })]
    // While nothing has the words, a row that gets them is none of those shown.
    if (this.similar) {
      const exact = this.#exact(this.#filtered(), this.#filter.text.trim()).limit(1)
      stops.push(exact.live(({ rows }) => rows.length > 0 && this.refresh()))
    }
    this.#stop = () => stops.forEach((stop) => stop())
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
}
