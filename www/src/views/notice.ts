/** What is said for a moment: a deletion with its undo, a refusal. And the list of keys. */

import { html, type TemplateResult } from 'lit-html'
import type { Agenda } from '../agenda'
import * as icons from '../icons'

export function noticeView(agenda: Agenda): TemplateResult {
  const { notice } = agenda
  return html`<div class="notices" role=${notice?.urgent ? 'alert' : 'status'}>
    ${
      notice
        ? html`<div class="notice ${notice.urgent ? 'urgent' : ''}" data-testid="notice">
            <span>${notice.text}</span>
            ${
              notice.action
                ? html`<button data-testid="notice-action" @click=${notice.action.run}>
                    ${notice.action.label}
                  </button>`
                : null
            }
            <button aria-label="Close" @click=${() => agenda.hideNotice()}>${icons.cross}</button>
          </div>`
        : null
    }
  </div>`
}

const KEYS: readonly (readonly [string, string])[] = [
  ['↑ ↓ or k j', 'Move through the list'],
  ['Enter or e', 'Edit the event in place'],
  ['o', 'Open everything about it'],
  ['x', 'Complete it, or take that back'],
  ['Delete', 'Delete it'],
  ['n', 'Add an event'],
  ['t', 'Go to today'],
  ['/', 'Search'],
  ['i', 'See what the database is busy with'],
  ['Escape', 'Close what is open'],
]

export function helpView(agenda: Agenda): TemplateResult {
  return html`<div class="help" role="dialog" aria-modal="true" aria-labelledby="help-title">
    <div class="help-box">
      <div class="sheet-head">
        <h2 id="help-title">Keys</h2>
        <button
          class="quiet"
          data-autofocus
          aria-label="Close"
          @click=${() => agenda.toggleHelp(false)}
        >
          ${icons.cross}
        </button>
      </div>
      <dl>
        ${KEYS.map(
          ([keys, what]) =>
            html`<div>
              <dt>${keys}</dt>
              <dd>${what}</dd>
            </div>`,
        )}
      </dl>
    </div>
  </div>`
}
