/**
 * Writes what the status line says onto the document's element, where style sheets, extensions and
 * the end-to-end check can read it. Nothing is said here that the page does not show.
 */

import type { Agenda } from './agenda'

export function showState(agenda: Agenda | null): void {
  const { dataset } = document.documentElement
  if (agenda === null) {
    for (const name of ['status', 'pending', 'lastSync', 'count', 'attention']) delete dataset[name]
    return
  }
  const { status } = agenda.db.sync
  dataset['status'] = status.state
  dataset['pending'] = String(status.pending)
  dataset['lastSync'] = status.lastSync === null ? '' : String(status.lastSync)
  dataset['count'] = String(agenda.results.count)
  dataset['attention'] = String(agenda.attention)
}
