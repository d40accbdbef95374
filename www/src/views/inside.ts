/** The panel that shows what the database is busy with. React draws its body, and comes when it is opened. */

import { html, type TemplateResult } from 'lit-html'
import { ref } from 'lit-html/directives/ref.js'
import type { Agenda } from '../agenda'
import type { Db } from '../data'
import { panelHead } from './panel'

export function insideView(agenda: Agenda): TemplateResult {
  return html`<aside class="panel" aria-label="Inside" data-testid="inside-panel">
    ${panelHead(agenda, 'Inside', 'inside-close')}
    <div class="panel-body inside" ${ref(bodyOf(agenda.db))}></div>
  </aside>`
}

const bodies = new WeakMap<Db, (element: Element | undefined) => void>()

/** Mounts and unmounts the body; the same function for a database, so that a drawing changes nothing. */
function bodyOf(db: Db): (element: Element | undefined) => void {
  let body = bodies.get(db)
  if (body === undefined) {
    let shown: Element | undefined
    let end = (): void => {}
    body = (element) => {
      end()
      end = () => {}
      shown = element
      if (element === undefined) return
      void import('../inside/panel').then(({ mount }) => {
        if (shown === element) end = mount(element, db)
      })
    }
    bodies.set(db, body)
  }
  return body
}
