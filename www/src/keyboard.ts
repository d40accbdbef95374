/** The keys that work everywhere on the page, but not while something is being typed. */

import type { Agenda } from './agenda'

export function handleKey(agenda: Agenda, rowsOnScreen: number, e: KeyboardEvent): void {
  if (e.key === 'Escape') {
    if (typing(e) && !inPanelOrRow(e)) (e.target as HTMLElement).blur()
    else if (agenda.dismiss()) focusRows()
    else return
    e.preventDefault()
    return
  }
  if (e.ctrlKey || e.metaKey || e.altKey || typing(e) || agenda.helpOpen) return
  // A button that has the focus keeps its own keys.
  if (e.key === 'Enter' && (e.target as HTMLElement).closest('button, a')) return
  const action = actions(agenda, rowsOnScreen)[e.key]
  if (action === undefined) return
  e.preventDefault()
  action()
}

function actions(agenda: Agenda, page: number): Record<string, () => void> {
  const { cursor } = agenda
  const event = agenda.results.at(cursor)
  const move = (to: number) => (): void => {
    agenda.moveTo(to)
    focusRows()
  }
  const edit = (): void => {
    if (!event) return
    if (wideEnough()) agenda.editInPlace(event.event_id)
    else {
      agenda.openEvent(cursor)
      focusSoon('detail-title')
    }
  }
  return {
    ArrowDown: move(cursor + 1),
    j: move(cursor + 1),
    ArrowUp: move(cursor - 1),
    k: move(cursor - 1),
    PageDown: move(cursor + page),
    PageUp: move(cursor - page),
    Home: move(0),
    End: move(agenda.results.count - 1),
    Enter: edit,
    e: edit,
    o: () => agenda.openEvent(cursor),
    x: () => event && agenda.setCompleted(event, event.status !== 'completed'),
    Delete: () => event && agenda.delete(event),
    n: () => focusSoon('new-title'),
    '/': () => focusSoon('search'),
    t: () => {
      agenda.goToToday()
      focusRows()
    },
    i: () => agenda.togglePanel('inside'),
    '?': () => agenda.toggleHelp(true),
  }
}

function typing(e: KeyboardEvent): boolean {
  return (e.target as HTMLElement).closest('input:not([type=radio]), textarea, select') !== null
}

function inPanelOrRow(e: KeyboardEvent): boolean {
  return (e.target as HTMLElement).closest('.panel, .row, .filters') !== null
}

/** Is there room for the fields of an event in its row? As in list.css. */
function wideEnough(): boolean {
  return (document.getElementById('rows')?.clientWidth ?? 0) >= 640
}

function focusRows(): void {
  document.getElementById('rows')?.focus({ preventScroll: true })
}

function focusSoon(id: string): void {
  requestAnimationFrame(() => document.getElementById(id)?.focus())
}
