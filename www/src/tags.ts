/** The user's tags and which event has which. Few enough to be held whole and live. */

import type { Db, Tag } from './data'

/** Colours for new tags; each keeps AA contrast as a dot on both papers. */
const COLORS = [
  '#b4532a',
  '#5f7a4a',
  '#2f6f8f',
  '#8a5a9e',
  '#a3771f',
  '#b03a5b',
  '#3f7f78',
] as const

export class Tags {
  all: readonly Tag[] = []

  readonly #db: Db
  readonly #stops: (() => void)[]
  #byEvent = new Map<number, Tag[]>()
  #assigned: readonly { taggable_id: number; tag_id: number }[] = []

  constructor(db: Db, changed: () => void) {
    this.#db = db
    const settle = (): void => {
      this.#byEvent = this.#group()
      changed()
    }
    this.#stops = [
      db.tags.orderBy('name').live(({ rows }) => {
        this.all = rows
        settle()
      }),
      db.tag_assignments.where({ taggable_type: 'event' }).live(({ rows }) => {
        this.#assigned = rows
        settle()
      }),
    ]
  }

  of(event: number): readonly Tag[] {
    return this.#byEvent.get(event) ?? []
  }

  /** The keys of the events that have a tag. */
  eventsWith(tag: number): number[] {
    return this.#assigned.filter((a) => a.tag_id === tag).map((a) => a.taggable_id)
  }

  assign(event: number, tag: number): void {
    if (this.of(event).some((t) => t.tag_id === tag)) return
    this.#db.tag_assignments.insert({ taggable_type: 'event', taggable_id: event, tag_id: tag })
  }

  remove(event: number, tag: number): void {
    this.#db.tag_assignments.delete(['event', event, tag])
  }

  /** Puts the tag of this name on an event, and makes the tag where there is none. */
  assignByName(event: number, name: string): void {
    const known = this.all.find((t) => t.name.toLowerCase() === name.toLowerCase())
    if (known) return this.assign(event, known.tag_id)
    const color = COLORS[this.all.length % COLORS.length] ?? COLORS[0]
    this.#db.transaction((tx) => {
      const made = tx.tags.insert({ name, color })
      tx.tag_assignments.insert({
        taggable_type: 'event',
        taggable_id: event,
        tag_id: made,
      })
    })
  }

  close(): void {
    for (const stop of this.#stops) stop()
  }

  #group(): Map<number, Tag[]> {
    const tags = new Map(this.all.map((tag) => [tag.tag_id, tag]))
    const grouped = new Map<number, Tag[]>()
    for (const { taggable_id, tag_id } of this.#assigned) {
      const tag = tags.get(tag_id)
      if (!tag) continue
      const list = grouped.get(taggable_id)
      if (list) list.push(tag)
      else grouped.set(taggable_id, [tag])
    }
    return grouped
  }
}
