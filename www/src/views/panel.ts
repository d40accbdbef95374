/** The head of a panel at the side: its title, and what closes it. */

import { html, type TemplateResult } from 'lit-html'
import type { Agenda } from '../agenda'
import * as icons from '../icons'

export function panelHead(agenda: Agenda, title: string, closeId: string): TemplateResult {
  return html`<div class="panel-head">
    <h2>${title}</h2>
    <button
      class="quiet"
      aria-label="Close"
      data-testid=${closeId}
      @click=${() => agenda.togglePanel('none')}
    >
      ${icons.cross}
    </button>
  </div>`
}
