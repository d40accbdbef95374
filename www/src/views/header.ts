/** The bar at the top: the name, the search, and who is signed in. */

import { html, type TemplateResult } from 'lit-html'
import type { Agenda } from '../agenda'
import { filtersSet } from '../filters'
import * as icons from '../icons'

export function headerView(agenda: Agenda, signOut: () => void): TemplateResult {
  const { filter } = agenda
  const set = filtersSet(filter)
  return html`
    <header class="top">
      <h1 class="brand">
        <img src="/icons/icon.svg" alt="" width="28" height="28" />
        <span>Haversack</span> <em>Agenda</em>
      </h1>
      <div class="search" role="search">
        ${icons.search}
        <input
          id="search"
          type="search"
          data-testid="search"
          placeholder="Title or place"
          aria-label="Search titles and places"
          aria-keyshortcuts="/"
          autocomplete="off"
          .value=${filter.text}
          @input=${(e: InputEvent) => agenda.setFilter({ text: (e.target as HTMLInputElement).value })}
        />
        <kbd aria-hidden="true">/</kbd>
      </div>
      <button
        class="quiet narrow-only"
        data-testid="toggle-filters"
        aria-expanded=${agenda.filtersOpen}
        aria-controls="filters"
        @click=${() => agenda.toggleFilters()}
      >
        ${icons.filter}<span>Filters</span>${set > 0 ? html`<b class="badge">${set}</b>` : null}
      </button>
      <div class="who">
        <span class="initial" aria-hidden="true"
          >${agenda.session.user.name.slice(0, 1).toUpperCase()}</span
        >
        <span class="name" data-testid="user">${agenda.session.user.name}</span>
        <button class="quiet" data-testid="sign-out" @click=${signOut}>Sign out</button>
      </div>
    </header>
  `
}
