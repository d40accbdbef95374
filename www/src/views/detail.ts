/** Everything about one event. Each field is written when it is left, and by itself. */

import { html, nothing, type TemplateResult } from 'lit-html'
import { keyed } from 'lit-html/directives/keyed.js'
import type { Agenda } from '../agenda'
import type { AgendaEvent, EventChange } from '../data'
import { statusNamed, STATUSES } from '../filters'
import { dayOf, fullDate, moment, timeOf, timestampOf } from '../format'
import * as icons from '../icons'

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement

export function detailView(agenda: Agenda): TemplateResult {
  const { event } = agenda
  return html`<aside class="panel" aria-label="Event" data-testid="detail">
    <div class="panel-head">
      <button
        class="quiet"
        aria-label="Close"
        data-testid="detail-close"
        @click=${() => agenda.togglePanel('none')}
      >
        <span class="narrow-only">${icons.back}</span><span class="wide-only">${icons.cross}</span>
      </button>
      ${
        event
          ? html`<button
              class="quiet danger"
              data-testid="delete"
              aria-keyshortcuts="Delete"
              @click=${() => agenda.delete(event)}
            >
              ${icons.trash}Delete
            </button>`
          : null
      }
    </div>
    ${
      event
        ? keyed(event.event_id, fields(agenda, event))
        : html`<p class="empty">This event is gone.</p>`
    }
  </aside>`
}

function fields(agenda: Agenda, event: AgendaEvent): TemplateResult {
  const write = (change: EventChange): void => agenda.change(event.event_id, change)
  const text = (e: Event): string => (e.target as Field).value.trim()
  return html`
    <div class="panel-body">
      <div class="headline">
        <button
          class="tick"
          role="checkbox"
          data-testid="detail-complete"
          aria-checked=${event.status === 'completed'}
          aria-label="Completed"
          @click=${() => agenda.setCompleted(event, event.status !== 'completed')}
        >
          ${icons.check}
        </button>
        <textarea
          id="detail-title"
          class="big"
          rows="1"
          maxlength="255"
          aria-label="Title"
          data-testid="detail-title"
          .value=${event.title}
          @keydown=${leaveOnEnter}
          @change=${(e: Event) => {
            const title = text(e)
            if (title === '') (e.target as Field).value = event.title
            else write({ title })
          }}
        ></textarea>
      </div>
      <p class="when">${fullDate(dayOf(event.due_date))} ${timeOf(event.due_date)}</p>
      <div class="grid2">
        <label class="field"
          >Due<input
            type="date"
            data-testid="detail-day"
            .value=${dayOf(event.due_date) ?? ''}
            @change=${(e: Event) => write({ due_date: timestampOf(text(e), event.due_date) })}
        /></label>
        <label class="field"
          >Status<select
            data-testid="detail-status"
            @change=${(e: Event) => write({ status: statusNamed(text(e)) })}
          >
            ${STATUSES.map((s) => html`<option .selected=${s === event.status}>${s}</option>`)}
          </select></label
        >
        <label class="field"
          >Priority<select
            data-testid="detail-priority"
            @change=${(e: Event) => write({ priority: text(e) === '' ? null : Number(text(e)) })}
          >
            <option value="" .selected=${event.priority === null}>none</option>
            ${PRIORITIES.map(
              ([n, name]) =>
                html`<option value=${n} .selected=${n === event.priority}>${n} ${name}</option>`,
            )}
          </select></label
        >
        <label class="field"
          >Budget<input
            type="number"
            min="0"
            step="0.01"
            inputmode="decimal"
            data-testid="detail-budget"
            .value=${event.budget === null ? '' : String(event.budget)}
            @keydown=${leaveOnEnter}
            @change=${(e: Event) => write({ budget: text(e) === '' ? null : Number(text(e)) })}
        /></label>
      </div>
      <label class="field"
        >Place<input
          maxlength="200"
          data-testid="detail-location"
          .value=${event.location ?? ''}
          @keydown=${leaveOnEnter}
          @change=${(e: Event) => write({ location: text(e) === '' ? null : text(e) })}
      /></label>
      ${tagField(agenda, event)}
      <label class="field"
        >Notes<textarea
          rows="5"
          data-testid="detail-description"
          .value=${event.description ?? ''}
          @change=${(e: Event) => write({ description: text(e) === '' ? null : text(e) })}
        ></textarea>
      </label>
      <p class="fineprint">
        No. <span data-testid="detail-id">${event.event_id}</span>${
          event.updated_at === null ? nothing : html` · last changed ${moment(event.updated_at)}`
        }
      </p>
    </div>
  `
}

const PRIORITIES = [
  [1, 'lowest'],
  [2, 'low'],
  [3, 'normal'],
  [4, 'high'],
  [5, 'highest'],
] as const

function leaveOnEnter(e: KeyboardEvent): void {
  if (e.key !== 'Enter') return
  e.preventDefault()
  ;(e.target as HTMLElement).blur()
}

function tagField(agenda: Agenda, event: AgendaEvent): TemplateResult {
  const tags = agenda.tags.of(event.event_id)
  const others = agenda.tags.all.filter((tag) => !tags.includes(tag))
  const submit = (e: SubmitEvent): void => {
    e.preventDefault()
    const form = e.target as HTMLFormElement
    const name = String(new FormData(form).get('tag') ?? '').trim()
    if (name === '') return
    agenda.assignTag(event.event_id, name)
    form.reset()
  }
  return html`<div class="field" role="group" aria-label="Tags">
    <span class="label" aria-hidden="true">Tags</span>
    <div class="tags" data-testid="detail-tags">
      ${tags.map(
        (tag) =>
          html`<span class="tag" .style=${`--tag: ${tag.color}`}
            >${tag.name}<button
              aria-label="Remove tag ${tag.name}"
              data-testid="remove-tag-${tag.tag_id}"
              @click=${() => agenda.removeTag(event.event_id, tag.tag_id)}
            >
              ${icons.cross}
            </button></span
          >`,
      )}
      <form class="add-tag" @submit=${submit}>
        <input
          name="tag"
          list="known-tags"
          maxlength="100"
          placeholder="Add a tag"
          aria-label="Add a tag"
          data-testid="add-tag"
          autocomplete="off"
        />
        <datalist id="known-tags">
          ${others.map((tag) => html`<option value=${tag.name}></option>`)}
        </datalist>
      </form>
    </div>
  </div>`
}
