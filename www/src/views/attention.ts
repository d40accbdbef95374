/** What did not go as the user meant: writes that Postgres refused, and values that lost. */

import { html, type TemplateResult } from 'lit-html'
import type { Agenda } from '../agenda'
import type { LostValue, OpenConflict, RejectedMutation } from '../data'
import { moment, valueText } from '../format'
import * as icons from '../icons'
import { name, sentence } from '../sentences'
import { panelHead } from './panel'

export function attentionView(agenda: Agenda): TemplateResult {
  const { rejected } = agenda.db.sync
  const { lost, open } = agenda.db.conflicts
  return html`<aside class="panel" aria-label="Needs a look" data-testid="attention-panel">
    ${panelHead(agenda, 'Needs a look', 'attention-close')}
    <div class="panel-body">
      ${
        agenda.attention === 0
          ? html`<p class="empty">Nothing. Every change went through.</p>`
          : null
      }
      ${
        rejected.length > 0
          ? html`<h3>Refused by the server</h3>
              <p class="hint">
                These changes were taken back here too. Correct one and try it again, or let it go.
              </p>
              <ul class="cards">
                ${rejected.map((mutation) => rejectedCard(agenda, mutation))}
              </ul>`
          : null
      }
      ${
        open.length > 0
          ? html`<h3>Yours to decide</h3>
              <p class="hint">
                You and someone else changed the same. Theirs shows until you decide.
              </p>
              <ul class="cards">
                ${open.map((conflict) => openCard(agenda, conflict))}
              </ul>`
          : null
      }
      ${
        lost.length > 0
          ? html`<h3>Changed elsewhere first</h3>
              <p class="hint">One value stands, the other is kept until you decide.</p>
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
    ${
      mutation.blockedBy === null
        ? correction(agenda, mutation)
        : html`<p class="hint">It follows the change above that it depends on.</p>
            <div class="card-actions">${letGo(agenda, mutation)}</div>`
    }
  </li>`
}

/** The values of a refused change, to be corrected. */
function correction(agenda: Agenda, mutation: RejectedMutation): TemplateResult {
  const given = editable(mutation)
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const corrected = new Map<string, string>()
    for (const [column, was] of given) {
      const text = form.get(column)
      // What stays as it is keeps its exact value.
      if (typeof text === 'string' && text !== was) corrected.set(column, text)
    }
    void agenda.retry(mutation, corrected)
  }
  return html`<form class="correction" @submit=${submit}>
    ${given.map(
      ([column, text]) =>
        html`<label>
          <span>${column.replaceAll('_', ' ')}</span>
          <input name=${column} .value=${text} data-testid="correct-${column}" autocomplete="off" />
        </label>`,
    )}
    <div class="card-actions">
      <button class="primary" data-testid="retry">${icons.undo}Try again</button>
      ${letGo(agenda, mutation)}
    </div>
  </form>`
}

function letGo(agenda: Agenda, mutation: RejectedMutation): TemplateResult {
  return html`<button
    type="button"
    class="quiet"
    data-testid="dismiss-rejected"
    @click=${() => void agenda.dismissRejected(mutation)}
  >
    Let it go
  </button>`
}

/** The columns that a person can correct in a line of text, and that text. */
function editable({ ops }: RejectedMutation): [string, string][] {
  const [op] = ops
  if (op === undefined || op.op === 'delete') return []
  const values = Object.entries(op.op === 'insert' ? op.values : op.set)
  return values.flatMap(([column, value]): [string, string][] =>
    typeof value === 'string' || typeof value === 'number' ? [[column, String(value)]] : [],
  )
}

function openCard(agenda: Agenda, conflict: OpenConflict): TemplateResult {
  const { column, base, mine, theirs } = conflict
  return html`<li class="card" data-testid="open" data-column=${column}>
    <p class="card-what">
      ${name(agenda.db, conflict.table, conflict.key)}: <b>${column.replaceAll('_', ' ')}</b>
    </p>
    <dl class="facts versus">
      ${fact('Before', valueText(base), 'open-base')} ${fact('Yours', valueText(mine), 'open-mine')}
      ${fact('Theirs', valueText(theirs), 'open-theirs')}
    </dl>
    <div class="card-actions">
      <button
        class="primary"
        data-testid="resolve-mine"
        @click=${() => void agenda.resolve(conflict, 'mine')}
      >
        Use mine
      </button>
      <button
        class="quiet"
        data-testid="resolve-theirs"
        @click=${() => void agenda.resolve(conflict, 'theirs')}
      >
        Keep theirs
      </button>
    </div>
  </li>`
}

function lostCard(agenda: Agenda, value: LostValue): TemplateResult {
  return html`<li class="card" data-testid="lost" data-column=${value.column ?? ''}>
    <p class="card-what">
      ${name(agenda.db, value.table, value.key)}${
        value.column === null
          ? value.winner === 'mine'
            ? html`: it was deleted, someone had changed it`
            : html`: you deleted it, someone else had changed it`
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
        ${icons.undo}${value.winner === 'mine' ? 'Use theirs' : value.column === null ? 'Delete anyway' : 'Use mine'}
      </button>
      <button
        class="quiet"
        data-testid="dismiss-lost"
        @click=${() => void agenda.dismissLost(value)}
      >
        ${value.winner === 'mine' ? 'Keep mine' : 'Keep theirs'}
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
