/**
 * What the page shows and what a person can do with it. Views read it, and call its methods.
 * It holds no copy of a row: every value comes from the database when it is drawn.
 */

import type {
  AgendaEvent,
  Db,
  EventChange,
  LostValue,
  MutationOp,
  OpenConflict,
  RejectedMutation,
  Tag,
} from './data'
import { EVERYTHING, type Filter } from './filters'
import { nowTimestamp, timestampOf, today } from './format'
import { Places } from './places'
import { Results } from './results'
import { Debounced } from './schedule'
import type { Session } from './session'
import { Tags } from './tags'

/** How long a notice with its undo stays. */
const NOTICE_MS = 8000
/** Typing is searched for when it pauses. */
const TYPING_PAUSE_MS = 120

export interface Notice {
  text: string
  action: { label: string; run: () => void } | null
  /** Something went wrong: announced at once. */
  urgent: boolean
}

export class Agenda {
  filter: Filter = EVERYTHING
  /** Position of the row that the keyboard is on. */
  cursor = 0
  selected: number | null = null
  /** The row that is being edited in place. */
  editing: number | null = null
  panel: 'none' | 'event' | 'attention' | 'inside' = 'none'
  filtersOpen = false
  /** Somebody looks at how the events are found. */
  explaining = false
  helpOpen = false
  notice: Notice | null = null
  /** The list scrolls to this position at the next drawing, then forgets it. */
  revealing: { index: number; atTop: boolean } | null = null

  readonly tags: Tags
  readonly results: Results
  readonly places: Places
  readonly #changed: () => void
  readonly #stopStatus: () => void
  readonly #stopConflicts: () => void
  readonly #search: Debounced
  #noticeTimer: ReturnType<typeof setTimeout> | undefined
  #closed = false
  /** A first sync is under way. */
  #arriving = false

  constructor(
    readonly db: Db,
    readonly session: Session,
    changed: () => void,
  ) {
    this.#changed = changed
    this.results = new Results(db, this.filter, changed)
    this.places = new Places(db, changed)
    this.tags = new Tags(db, () => this.#tagsChanged())
    this.#search = new Debounced(TYPING_PAUSE_MS, () => this.#show())
    this.#stopStatus = db.sync.onChange(() => this.#synced())
    this.#stopConflicts = db.conflicts.onChange(changed)
    void this.places.count()
    this.goToToday()
  }

  get event(): AgendaEvent | undefined {
    return this.selected === null ? undefined : this.db.events.get(this.selected)
  }

  /** How many rejected mutations, open conflicts and lost values wait for a look. */
  get attention(): number {
    const { lost, open } = this.db.conflicts
    return this.db.sync.rejected.length + open.length + lost.length
  }

  // ------------------------------------------------------------ what is shown

  setFilter(change: Partial<Filter>): void {
    this.filter = { ...this.filter, ...change }
    if ('text' in change) this.#search.request()
    else this.#show()
    this.#changed()
  }

  explain(shown: boolean): void {
    if (this.explaining === shown) return
    this.explaining = shown
    this.#changed()
  }

  clearFilters(): void {
    const { order, descending } = this.filter
    this.filter = { ...EVERYTHING, order, descending }
    this.#show()
  }

  /** Puts the keyboard on a row; the event panel, where it is open, follows. */
  moveTo(index: number): void {
    this.cursor = Math.max(0, Math.min(index, this.results.count - 1))
    this.editing = null
    this.revealing = { index: this.cursor, atTop: false }
    const event = this.results.at(this.cursor)
    if (event && this.panel === 'event') this.selected = event.event_id
    this.#changed()
  }

  /** Puts today at the top of a list that is in the order of days. */
  goToToday(): void {
    const index = this.results.before(timestampOf(today()) ?? '')
    if (index === null || this.results.count === 0) return
    this.cursor = Math.min(index, this.results.count - 1)
    this.revealing = { index: this.cursor, atTop: true }
    this.#changed()
  }

  openEvent(index: number): void {
    const event = this.results.at(index)
    if (!event) return
    this.cursor = index
    this.selected = event.event_id
    this.panel = 'event'
    this.#changed()
  }

  editInPlace(key: number | null): void {
    this.editing = key
    this.#changed()
  }

  togglePanel(panel: Agenda['panel']): void {
    this.panel = this.panel === panel ? 'none' : panel
    if (this.panel !== 'event') this.selected = null
    this.#changed()
  }

  toggleFilters(): void {
    this.filtersOpen = !this.filtersOpen
    this.#changed()
  }

  toggleHelp(open = !this.helpOpen): void {
    this.helpOpen = open
    this.#changed()
  }

  /** Closes the innermost thing that is open; false where nothing was. */
  dismiss(): boolean {
    if (this.helpOpen) this.helpOpen = false
    else if (this.editing !== null) this.editing = null
    else if (this.filtersOpen) this.filtersOpen = false
    else if (this.panel !== 'none') this.togglePanel('none')
    else return false
    this.#changed()
    return true
  }

  // ------------------------------------------------------------ what is done

  /** Adds an event and shows it. */
  add(title: string, day: string): void {
    this.#try(() => {
      const made = this.db.events.insert({
        title,
        due_date: timestampOf(day === '' ? today() : day),
        priority: 3,
      })
      void this.#reveal(made.key)
    })
  }

  change(key: number, change: EventChange): void {
    this.#try(() => this.db.events.update(key, change))
  }

  setCompleted(event: AgendaEvent, completed: boolean): void {
    this.change(event.event_id, {
      status: completed ? 'completed' : 'active',
      completed_date: completed ? nowTimestamp() : null,
    })
  }

  /** Deletes an event; the undo makes it again, tags included, under a new key. */
  delete(event: AgendaEvent): void {
    const tags = [...this.tags.of(event.event_id)]
    this.#try(() => {
      this.db.events.delete(event.event_id)
      if (this.selected === event.event_id) this.togglePanel('none')
      const run = (): void => this.#restore(event, tags)
      this.say(`Deleted “${event.title}”.`, { label: 'Undo', run })
    })
  }

  assignTag(event: number, name: string): void {
    this.#try(() => this.tags.assignByName(event, name))
  }

  removeTag(event: number, tag: number): void {
    this.#try(() => this.tags.remove(event, tag))
  }

  syncNow(): void {
    this.db.sync.now()
  }

  async dismissRejected(mutation: RejectedMutation): Promise<void> {
    await this.#settle(() => mutation.dismiss())
  }

  /** Writes a refused change once more, with what the person has corrected of its first row. */
  async retry(mutation: RejectedMutation, corrected: ReadonlyMap<string, string>): Promise<void> {
    const values = Object.fromEntries(corrected)
    const edit = (op: MutationOp, position: number): MutationOp => {
      if (position > 0 || op.op === 'delete') return op
      return op.op === 'insert'
        ? { ...op, values: { ...op.values, ...values } }
        : { ...op, set: { ...op.set, ...values } }
    }
    await this.#settle(() => mutation.retry(edit).durable)
  }

  /** Ends a conflict by one of both values. */
  async resolve(conflict: OpenConflict, choice: 'mine' | 'theirs'): Promise<void> {
    await this.#settle(() => conflict.resolve(choice).durable)
  }

  async dismissLost(value: LostValue): Promise<void> {
    await this.#settle(() => value.dismiss())
  }

  /** Writes the value that lost once more, now over the one that won. */
  async reapply(value: LostValue): Promise<void> {
    await this.#settle(() => value.reapply().durable)
  }

  say(text: string, action: Notice['action'] = null, urgent = false): void {
    clearTimeout(this.#noticeTimer)
    this.notice = { text, action, urgent }
    this.#noticeTimer = setTimeout(() => this.hideNotice(), NOTICE_MS)
    this.#changed()
  }

  hideNotice(): void {
    this.notice = null
    this.#changed()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#noticeTimer)
    this.#search.cancel()
    this.#stopStatus()
    this.#stopConflicts()
    this.tags.close()
    this.results.close()
    this.places.close()
    await this.db.close()
  }

  // ------------------------------------------------------------ inside

  #restore(event: AgendaEvent, tags: readonly Tag[]): void {
    this.#try(() => {
      let made: { readonly key: number } | undefined
      this.db.transaction((tx) => {
        const row = tx.events.insert({
          title: event.title,
          description: event.description,
          priority: event.priority,
          budget: event.budget,
          location: event.location,
          due_date: event.due_date,
          completed_date: event.completed_date,
          status: event.status,
          custom_fields: event.custom_fields,
          event_type_id: event.event_type_id,
        })
        for (const { tag_id } of tags) {
          tx.tag_assignments.insert({ taggable_type: 'event', taggable_id: row, tag_id })
        }
        made = row
      })
      this.hideNotice()
      if (made) void this.#reveal(made.key)
    })
  }

  /** Runs a write; what the rules refuse at once is said, in the words of the library. */
  #try(write: () => void): void {
    try {
      write()
      this.results.refresh()
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error), null, true)
    }
  }

  /** The database has ended, and not because this page closed it. */
  #ended(why: string | null): void {
    if (this.#closed || why === null) return
    this.say(why, { label: 'Reload', run: () => location.reload() }, true)
    clearTimeout(this.#noticeTimer)
  }

  async #settle(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
      this.results.refresh()
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error), null, true)
    }
  }

  async #reveal(key: number): Promise<void> {
    const index = await this.results.find(key)
    if (index >= 0) this.moveTo(index)
    else {
      const run = (): void => this.clearFilters()
      this.say('Added. The filters hide it.', { label: 'Clear filters', run })
    }
  }

  #show(): void {
    const tagged = this.filter.tag === null ? [] : this.tags.eventsWith(this.filter.tag)
    this.cursor = 0
    this.revealing = { index: 0, atTop: true }
    this.editing = null
    this.results.show(this.filter, tagged)
    this.goToToday()
  }

  #tagsChanged(): void {
    // The first call comes from inside the constructor, where nothing is filtered by tag.
    if (this.filter.tag !== null) this.#show()
    this.#changed()
  }

  #synced(): void {
    const { state, error } = this.db.sync.status
    if (state === 'closed') return this.#ended(error?.message ?? null)
    const wasEmpty = this.results.count === 0
    this.results.refresh()
    // The first rows of a first sync: begin where the user is.
    if (wasEmpty || this.#arriving) this.goToToday()
    this.#arriving = this.db.sync.status.progress !== null
    this.places.recount()
  }
}
