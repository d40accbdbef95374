/** The column of filters; on a small screen a sheet. */

import { html, type TemplateResult } from 'lit-html'
import type { Agenda } from '../agenda'
import {
  filtersSet,
  ORDERS,
  PERIODS,
  STATUSES,
  type Order,
  type Period,
  type Status,
} from '../filters'
import { count } from '../format'
import * as icons from '../icons'

const value = (e: Event): string => (e.target as HTMLInputElement | HTMLSelectElement).value
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

export function filtersView(agenda: Agenda): TemplateResult {
  return html`
    ${
      agenda.filtersOpen
        ? html`<div class="scrim narrow-only" @click=${() => agenda.toggleFilters()}></div>`
        : null
    }
    <section id="filters" class="filters ${agenda.filtersOpen ? 'open' : ''}" aria-label="Filters">
      <div class="sheet-head narrow-only">
        <h2>Filters</h2>
        <button class="quiet" aria-label="Close filters" @click=${() => agenda.toggleFilters()}>
          ${icons.cross}
        </button>
      </div>
      ${statusFilter(agenda)} ${periodFilter(agenda)} ${priorityFilter(agenda)}
      ${placeFilter(agenda)} ${tagFilter(agenda)} ${orderFields(agenda)}
      <button
        class="quiet wide"
        data-testid="clear-filters"
        ?disabled=${filtersSet(agenda.filter) === 0}
        @click=${() => agenda.clearFilters()}
      >
        Clear filters
      </button>
    </section>
  `
}

function statusFilter(agenda: Agenda): TemplateResult {
  const options: (Status | 'all')[] = ['all', ...STATUSES]
  return html`<fieldset class="choices">
    <legend>Status</legend>
    ${options.map(
      (status) =>
        html`<label class="choice"
          ><input
            type="radio"
            name="status"
            data-testid="filter-status-${status}"
            .checked=${agenda.filter.status === status}
            @change=${() => agenda.setFilter({ status })}
          /><span class="dot status-${status}"></span>${capital(status)}</label
        >`,
    )}
  </fieldset>`
}

function periodFilter(agenda: Agenda): TemplateResult {
  const { period, from, to } = agenda.filter
  return html`<div class="field">
    <label for="period">When</label>
    <select
      id="period"
      data-testid="filter-period"
      @change=${(e: Event) => agenda.setFilter({ period: value(e) as Period })}
    >
      ${Object.entries(PERIODS).map(
        ([key, text]) => html`<option value=${key} .selected=${key === period}>${text}</option>`,
      )}
    </select>
    ${
      period === 'custom'
        ? html`<div class="pair">
            <label
              >From<input
                type="date"
                data-testid="filter-from"
                .value=${from}
                @change=${(e: Event) => agenda.setFilter({ from: value(e) })}
            /></label>
            <label
              >to<input
                type="date"
                data-testid="filter-to"
                .value=${to}
                @change=${(e: Event) => agenda.setFilter({ to: value(e) })}
            /></label>
          </div>`
        : null
    }
  </div>`
}

function priorityFilter(agenda: Agenda): TemplateResult {
  const { priorityFrom, priorityTo } = agenda.filter
  const levels = [1, 2, 3, 4, 5]
  return html`<fieldset class="field">
    <legend>Priority</legend>
    <div class="pair">
      <label
        >From<select
          data-testid="filter-priority-from"
          @change=${(e: Event) => {
            const from = Number(value(e))
            agenda.setFilter({ priorityFrom: from, priorityTo: Math.max(from, priorityTo) })
          }}
        >
          ${levels.map((n) => html`<option value=${n} .selected=${n === priorityFrom}>${n}</option>`)}
        </select></label
      >
      <label
        >to<select
          data-testid="filter-priority-to"
          @change=${(e: Event) => {
            const to = Number(value(e))
            agenda.setFilter({ priorityTo: to, priorityFrom: Math.min(to, priorityFrom) })
          }}
        >
          ${levels.map((n) => html`<option value=${n} .selected=${n === priorityTo}>${n}</option>`)}
        </select></label
      >
    </div>
  </fieldset>`
}

function placeFilter(agenda: Agenda): TemplateResult {
  const { location } = agenda.filter
  const { all } = agenda.places
  const known = location === '' || all.some((place) => place.name === location)
  return html`<div class="field">
    <label for="place">Place</label>
    <select
      id="place"
      data-testid="filter-place"
      @change=${(e: Event) => agenda.setFilter({ location: value(e) })}
    >
      <option value="" .selected=${location === ''}>Anywhere</option>
      ${known ? null : html`<option value=${location} selected>${location}</option>`}
      ${all.map(
        (place) =>
          html`<option value=${place.name} .selected=${place.name === location}>
            ${place.name} (${count(place.events)})
          </option>`,
      )}
    </select>
  </div>`
}

function tagFilter(agenda: Agenda): TemplateResult | null {
  const { all } = agenda.tags
  if (all.length === 0) return null
  return html`<fieldset class="tagset">
    <legend>Tag</legend>
    ${all.map((tag) => {
      const on = agenda.filter.tag === tag.tag_id
      return html`<button
        class="tag"
        aria-pressed=${on}
        data-testid="filter-tag-${tag.tag_id}"
        .style=${`--tag: ${tag.color}`}
        @click=${() => agenda.setFilter({ tag: on ? null : tag.tag_id })}
      >
        ${tag.name}
      </button>`
    })}
  </fieldset>`
}

function orderFields(agenda: Agenda): TemplateResult {
  const { order, descending } = agenda.filter
  return html`<div class="field">
    <label for="order">Order by</label>
    <div class="joined">
      <select
        id="order"
        data-testid="order"
        @change=${(e: Event) => agenda.setFilter({ order: value(e) as Order })}
      >
        ${Object.entries(ORDERS).map(
          ([key, text]) => html`<option value=${key} .selected=${key === order}>${text}</option>`,
        )}
      </select>
      <button
        class="quiet"
        data-testid="order-direction"
        aria-label=${descending ? 'Descending; change to ascending' : 'Ascending; change to descending'}
        @click=${() => agenda.setFilter({ descending: !descending })}
      >
        ${descending ? icons.down : icons.up}
      </button>
    </div>
  </div>`
}
