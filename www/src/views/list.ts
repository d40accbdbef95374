/**
 * The list: only the rows on the screen exist in the document, however many there are.
 * Rows have one fixed height, so that a position is a multiplication.
 */

import { html, nothing, type TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'
import type { Agenda } from '../agenda'
import { monthOf, plural, today } from '../format'
import * as icons from '../icons'
import { rowView } from './row'

/** The height of a row in CSS pixels, as in list.css. */
export const ROW_PX = 60
/** Rows drawn above and below what is visible. */
const OVERSCAN_ROWS = 5

/** Where the list is scrolled to; kept outside the document, so that drawing never reads layout. */
export class Viewport {
  top = 0
  height = 800
  #element: HTMLElement | null = null

  /** Follows an element's size and scrolling. */
  attach(element: HTMLElement, changed: () => void): void {
    if (this.#element === element) return
    this.#element = element
    this.height = element.clientHeight
    element.addEventListener(
      'scroll',
      () => {
        this.top = element.scrollTop
        changed()
      },
      { passive: true },
    )
    new ResizeObserver(() => {
      this.height = element.clientHeight
      changed()
    }).observe(element)
  }

  /** Scrolls to a row: to the top with it, or just enough for it to be seen whole. True where it moved. */
  reveal(index: number, atTop: boolean): boolean {
    const first = index * ROW_PX
    const top = this.#element?.scrollTop ?? this.top
    let wanted = top
    if (first < top || atTop) wanted = first
    else if (first + ROW_PX > top + this.height) wanted = first + ROW_PX - this.height
    if (wanted === top) return false
    if (this.#element) this.#element.scrollTop = wanted
    this.top = this.#element?.scrollTop ?? wanted
    return true
  }

  get rows(): number {
    return Math.max(1, Math.floor(this.height / ROW_PX))
  }
}

export function listView(agenda: Agenda, viewport: Viewport): TemplateResult {
  const { results } = agenda
  const first = Math.max(0, Math.floor(viewport.top / ROW_PX) - OVERSCAN_ROWS)
  const last = Math.min(results.count, first + viewport.rows + 2 * OVERSCAN_ROWS + 2)
  results.watchAround(first)
  const slots = viewport.rows + 2 * OVERSCAN_ROWS + 3
  const rows = []
  const now = today()
  for (let index = first; index < last; index += 1) {
    const event = results.at(index)
    if (event) rows.push({ index, event })
  }
  return html`
    <section class="list" aria-label="Events">
      ${addForm(agenda)} ${listHead(agenda, viewport)}
      <div
        id="rows"
        class="rows"
        role="grid"
        tabindex="0"
        aria-label="Events"
        aria-rowcount=${results.count}
        aria-activedescendant=${
          rows.some((r) => r.index === agenda.cursor) ? `row-${agenda.cursor}` : ''
        }
      >
        <div class="rail" role="presentation" .style=${`height: ${results.count * ROW_PX}px`}>
          ${repeat(
            rows,
            // A row that leaves lends its elements to one that comes; only the row that is being
            // edited has its own, because they hold what was typed.
            ({ event, index }) => (event.event_id === agenda.editing ? 'edited' : index % slots),
            ({ index, event }) => rowView(agenda, event, index, now),
          )}
        </div>
        ${results.count === 0 ? emptyView(agenda) : null}
      </div>
      ${explanation(agenda)}
    </section>
  `
}

function listHead(agenda: Agenda, viewport: Viewport): TemplateResult {
  const { results, filter } = agenda
  const top = results.at(Math.floor(viewport.top / ROW_PX))
  const label = filter.order === 'due_date' && top ? monthOf(top) : 'Events'
  return html`<div class="list-head">
    <h2>${label}</h2>
    ${
      filter.order === 'due_date' && !filter.descending
        ? html`<button
            class="quiet"
            data-testid="today"
            aria-keyshortcuts="t"
            @click=${() => agenda.goToToday()}
          >
            Today
          </button>`
        : null
    }
    <p
      data-testid="count"
      data-count=${results.count}
      data-similar=${results.similar ? '' : nothing}
      role="status"
    >
      ${plural(results.count, 'event')}${results.similar && results.count > 0 ? ' with similar words' : ''}
    </p>
  </div>`
}

function addForm(agenda: Agenda): TemplateResult {
  const submit = (e: SubmitEvent): void => {
    e.preventDefault()
    const form = e.target as HTMLFormElement
    const fields = new FormData(form)
    const title = String(fields.get('title') ?? '').trim()
    if (title === '') return
    agenda.add(title, String(fields.get('day') ?? ''))
    form.reset()
  }
  return html`<form class="add" @submit=${submit}>
    ${icons.plus}
    <input
      id="new-title"
      name="title"
      maxlength="255"
      data-testid="new-title"
      placeholder="Add an event"
      aria-label="Title of a new event"
      aria-keyshortcuts="n"
      autocomplete="off"
    />
    <input name="day" type="date" data-testid="new-day" aria-label="Due date of the new event" />
    <button class="primary" data-testid="new-add">Add</button>
  </form>`
}

/** How the core finds what is shown: asked only while somebody looks. */
function explanation(agenda: Agenda): TemplateResult {
  const toggle = (e: Event): void => agenda.explain((e.target as HTMLDetailsElement).open)
  return html`<details class="explanation" ?open=${agenda.explaining} @toggle=${toggle}>
    <summary data-testid="explain">How this is found</summary>
    ${agenda.explaining ? html`<p data-testid="explanation">${agenda.results.explain().text}</p>` : null}
  </details>`
}

function emptyView(agenda: Agenda): TemplateResult {
  const { status } = agenda.db.sync
  if (status.progress || (status.lastSync === null && status.state !== 'offline')) {
    return html`<p class="empty">Packing your haversack…</p>`
  }
  return html`<div class="empty">
    <p>Nothing here.</p>
    <button class="quiet" @click=${() => agenda.clearFilters()}>Clear filters</button>
  </div>`
}
