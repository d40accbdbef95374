/** The line at the bottom: connection, what waits to be sent, the last sync, what needs a look. */

import { html, type TemplateResult } from 'lit-html'
import type { Agenda } from '../agenda'
import { age, count, plural } from '../format'
import * as icons from '../icons'

const STATES = {
  starting: 'Starting',
  offline: 'Offline',
  syncing: 'Syncing',
  online: 'Online',
  'signed-out': 'Signed out',
  closed: 'Closed',
} as const

export function statusView(agenda: Agenda, now: number): TemplateResult {
  const { status } = agenda.db.sync
  const { attention } = agenda
  const need = attention === 1 ? 'needs a look' : 'need a look'
  const said = `${count(attention)} ${need}`
  return html`<footer class="status" data-testid="status" data-state=${status.state}>
    <span class="state state-${status.state}" role="status">
      <i aria-hidden="true"></i>
      <span
        >${STATES[status.state]}${
          status.state === 'offline'
            ? html`<span class="wide-only">, changes are kept here</span>`
            : null
        }</span
      >
    </span>
    ${status.progress ? progress(status.progress) : null}
    <span data-testid="pending" data-pending=${status.pending}>
      ${status.pending === 0 ? 'Everything sent' : `${plural(status.pending, 'change')} to send`}
    </span>
    <span class="wide-only" data-testid="last-sync">
      ${status.lastSync === null ? 'Never synced' : `Synced ${age(status.lastSync, now)}`}
    </span>
    ${
      status.state === 'offline' || status.state === 'signed-out'
        ? html`<button class="retry" data-testid="sync-now" @click=${() => agenda.syncNow()}>
            Try now
          </button>`
        : null
    }
    <span class="spring"></span>
    ${
      attention > 0
        ? html`<button
            class="attention"
            data-testid="attention"
            aria-expanded=${agenda.panel === 'attention'}
            aria-label=${said}
            @click=${() => agenda.togglePanel('attention')}
          >
            ${icons.warning}<span>${count(attention)} <span class="wide-only">${need}</span></span>
          </button>`
        : null
    }
    <button
      class="quiet"
      data-testid="inside"
      aria-keyshortcuts="i"
      aria-expanded=${agenda.panel === 'inside'}
      @click=${() => agenda.togglePanel('inside')}
    >
      Inside
    </button>
    <button class="quiet wide-only" aria-keyshortcuts="?" @click=${() => agenda.toggleHelp(true)}>
      Keys <kbd aria-hidden="true">?</kbd>
    </button>
  </footer>`
}

function progress({ done, total }: { done: number; total: number }): TemplateResult {
  return html`<span class="progress">
    <progress max=${Math.max(total, 1)} .value=${done} aria-label="First sync"></progress>
    ${count(done)} of ${count(total)}
  </span>`
}
