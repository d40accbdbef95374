/** One event in the list, as it is read and as it is edited in place. */

import { meta, type RowState } from 'haversack'
import { html, type TemplateResult } from 'lit-html'
import type { Agenda } from '../agenda'
import type { AgendaEvent, EventChange } from '../data'
import { statusNamed, STATUSES } from '../filters'
import { dayOf, fullDate, leaf, timestampOf } from '../format'
import * as icons from '../icons'
import { ROW_PX } from './list'

export function rowView(
  agenda: Agenda,
  event: AgendaEvent,
  index: number,
  now: string,
): TemplateResult {
  const editing = agenda.editing === event.event_id
  const classes = [
    'row',
    `is-${event.status}`,
    index === agenda.cursor ? 'at-cursor' : '',
    event.event_id === agenda.selected ? 'selected' : '',
    editing ? 'editing' : '',
  ]
  return html`<div
    id="row-${index}"
    class=${classes.join(' ')}
    role="row"
    aria-rowindex=${index + 1}
    aria-selected=${event.event_id === agenda.selected}
    data-testid="event"
    data-event-id=${event.event_id}
    .style=${`transform: translateY(${index * ROW_PX}px)`}
    @click=${() => (editing ? undefined : agenda.openEvent(index))}
    @dblclick=${() => agenda.editInPlace(event.event_id)}
  >
    ${editing ? editor(agenda, event) : reading(agenda, event, now)}
  </div>`
}

const STATES: Record<Exclude<RowState, 'acknowledged'>, string> = {
  pending: 'Not sent yet',
  sent: 'Being sent',
  rejected: 'Refused',
  conflict: 'In conflict',
}

/** Where an event stands with the server; nothing where there is nothing to say. */
function stateMark(state: RowState): TemplateResult | null {
  if (state === 'acknowledged') return null
  const words = STATES[state]
  return html`<span
    class="standing is-${state}"
    role="img"
    data-testid="state"
    data-state=${state}
    aria-label=${words}
    title=${words}
  ></span>`
}

function reading(agenda: Agenda, event: AgendaEvent, now: string): TemplateResult {
  const done = event.status === 'completed'
  const day = leaf(event, now)
  return html`
    <div role="gridcell" class="cell-check">
      <button
        class="tick"
        role="checkbox"
        tabindex="-1"
        data-testid="complete"
        aria-checked=${done}
        aria-label="Completed: ${event.title}"
        @click=${(e: Event) => {
          e.stopPropagation()
          // The focus stays with the list, because this element may soon be another event's.
          document.getElementById('rows')?.focus({ preventScroll: true })
          agenda.setCompleted(event, !done)
        }}
      >
        ${done ? icons.check : null}
      </button>
    </div>
    <div role="gridcell" class="leaf ${day?.overdue ? 'overdue' : ''}">
      ${
        day
          ? html`<b aria-hidden="true">${day.day}</b
              ><span aria-hidden="true">${day.weekday}<br />${day.month}</span
              ><span class="sr"
                >${fullDate(dayOf(event.due_date))}${day.overdue ? ', overdue' : ''}</span
              >`
          : html`<span class="sr">no date</span>`
      }
    </div>
    <div role="gridcell" class="what">
      <span class="headed"
        ><span class="title" data-testid="title">${event.title}</span
        >${stateMark(meta(event).state)}</span
      >
      <span class="meta">
        ${event.location === null ? null : html`<span class="place">${event.location}</span>`}
        ${agenda.tags
          .of(event.event_id)
          .map(
            (tag) =>
              html`<span class="tag small" .style=${`--tag: ${tag.color}`}>${tag.name}</span>`,
          )}
      </span>
    </div>
    <div role="gridcell" class="cell-priority">${priorityBars(event.priority)}</div>
    <div role="gridcell" class="cell-status">
      ${
        event.status === 'active' || done
          ? html`<span class="sr">${event.status}</span>`
          : html`<span class="pill status-${event.status}">${event.status}</span>`
      }
    </div>
  `
}

/** The priority as five bars. 1 is lowest, 5 is highest. */
export function priorityBars(priority: number | null): TemplateResult {
  if (priority === null) return html`<span class="sr">no priority</span>`
  const name = `Priority ${priority} of 5`
  return html`<span class="bars p${priority}" role="img" aria-label=${name} title=${name}></span>`
}

function editor(agenda: Agenda, event: AgendaEvent): TemplateResult {
  const save = (e: SubmitEvent): void => {
    e.preventDefault()
    const change = changedFields(event, new FormData(e.target as HTMLFormElement))
    agenda.editInPlace(null)
    if (Object.keys(change).length > 0) agenda.change(event.event_id, change)
    document.getElementById('rows')?.focus()
  }
  return html`<div role="gridcell">
    <form class="inplace" data-testid="inplace" @submit=${save}>
      <input
        name="title"
        required
        maxlength="255"
        aria-label="Title"
        data-testid="inplace-title"
        data-autofocus
        .value=${event.title}
      />
      <input
        name="day"
        type="date"
        aria-label="Due date"
        data-testid="inplace-day"
        .value=${dayOf(event.due_date) ?? ''}
      />
      <input
        name="location"
        maxlength="200"
        aria-label="Place"
        placeholder="Place"
        data-testid="inplace-location"
        .value=${event.location ?? ''}
      />
      <select name="priority" aria-label="Priority" data-testid="inplace-priority">
        <option value="" .selected=${event.priority === null}>–</option>
        ${[1, 2, 3, 4, 5].map(
          (n) => html`<option value=${n} .selected=${n === event.priority}>${n}</option>`,
        )}
      </select>
      <select name="status" aria-label="Status" data-testid="inplace-status">
        ${STATUSES.map((s) => html`<option .selected=${s === event.status}>${s}</option>`)}
      </select>
      <button class="primary" aria-label="Save" data-testid="inplace-save">${icons.check}</button>
      <button
        type="button"
        class="quiet"
        aria-label="Cancel"
        @click=${() => {
          agenda.editInPlace(null)
          document.getElementById('rows')?.focus()
        }}
      >
        ${icons.cross}
      </button>
    </form>
  </div>`
}

/** Only what was changed is written: another column may have been changed by someone else. */
function changedFields(event: AgendaEvent, fields: FormData): EventChange {
  const text = (name: string): string => String(fields.get(name) ?? '').trim()
  const priority = text('priority') === '' ? null : Number(text('priority'))
  const location = text('location') === '' ? null : text('location')
  const day = text('day')
  return {
    ...(text('title') !== event.title && { title: text('title') }),
    ...(day !== (dayOf(event.due_date) ?? '') && { due_date: timestampOf(day, event.due_date) }),
    ...(location !== event.location && { location }),
    ...(priority !== event.priority && { priority }),
    ...(text('status') !== event.status && { status: statusNamed(text('status')) }),
  }
}
