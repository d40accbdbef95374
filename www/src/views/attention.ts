/** What did not go as the user meant: writes that Postgres refused, and values that lost. */

import { html, type TemplateResult } from 'lit-html'
import type { Agenda } from '../agenda'
import type { LostValue, RejectedMutation } from '../data'
import { moment, valueText } from '../format'
import * as icons from '../icons'
import { name, sentence } from '../sentences'

export function attentionView(agenda: Agenda): TemplateResult {
  const { rejected } = agenda.db.sync
  const { lost } = agenda.db.conflicts
  return html`<aside class="panel" aria-label="Needs a look" data-testid="attention-panel">
    <div class="panel-head">
      <h2>Needs a look</h2>
      <button
        class="quiet"
        aria-label="Close"
        data-testid="attention-close"
        @click=${() => agenda.togglePanel('none')}
      >
        ${icons.cross}
      </button>
    </div>
    <div class="panel-body">
      ${
        rejected.length + lost.length === 0
          ? html`<p class="empty">Nothing. Every change went through.</p>`
          : null
      }
      ${
        rejected.length > 0
          ? html`<h3>Refused by the server</h3>
              <p class="hint">These changes were taken back here too. Nothing waits for them.</p>
              <ul class="cards">
                ${rejected.map((mutation) => rejectedCard(agenda, mutation))}
              </ul>`
          : null
      }
      ${
        lost.length > 0
          ? html`<h3>Changed elsewhere first</h3>
              <p class="hint">The server's value stands. Yours is kept until you decide.</p>
              <ul class="cards">
                ${lost.map((value) => lostCard(agenda, value))}
              </ul>`
          : null
      }
    </div>
  </aside>`
}

function rejectedCard(agenda: Agenda, mutation: RejectedMutation): TemplateResult {
  const { details, message, code } = mutation.error
  return html`<li class="card" data-testid="rejected" data-seq=${mutation.seq}>
    <p class="card-what">${sentence(agenda.db, mutation.ops)}</p>
    <p data-testid="rejected-reason">${message}</p>
    <dl class="facts">
      ${details.sqlstate ? fact('SQLSTATE', details.sqlstate, 'rejected-sqlstate') : fact('Code', code, 'rejected-code')}
      ${details.constraint ? fact('Rule', details.constraint, 'rejected-constraint') : null}
      ${fact('Made', moment(mutation.at), 'rejected-at')}
    </dl>
    <div class="card-actions">
      <button
        class="quiet"
        data-testid="dismiss-rejected"
        @click=${() => void agenda.dismissRejected(mutation)}
      >
        ${icons.check}Understood
      </button>
    </div>
  </li>`
}

function lostCard(agenda: Agenda, value: LostValue): TemplateResult {
  return html`<li class="card" data-testid="lost" data-column=${value.column ?? ''}>
    <p class="card-what">
      ${name(agenda.db, value.table, value.key)}${
        value.column === null
          ? html`: you deleted it, someone else had changed it`
          : html`: <b>${value.column.replaceAll('_', ' ')}</b>`
      }
    </p>
    ${
      value.column === null
        ? null
        : html`<dl class="facts versus">
            ${fact('Yours', valueText(value.mine), 'lost-mine')}
            ${fact('Theirs', valueText(value.theirs), 'lost-theirs')}
          </dl>`
    }
    <div class="card-actions">
      <button class="primary" data-testid="reapply" @click=${() => void agenda.reapply(value)}>
        ${icons.undo}${value.column === null ? 'Delete anyway' : 'Use mine'}
      </button>
      <button
        class="quiet"
        data-testid="dismiss-lost"
        @click=${() => void agenda.dismissLost(value)}
      >
        Keep theirs
      </button>
    </div>
  </li>`
}

function fact(name: string, text: string, testId: string): TemplateResult {
  return html`<div>
    <dt>${name}</dt>
    <dd data-testid=${testId}>${text}</dd>
  </div>`
}
