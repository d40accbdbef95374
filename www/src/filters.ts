/** What of the agenda is shown, and in which order: a plain value, and its query. */

import { between, gte, oneOf, lt } from 'haversack'
import type { AgendaEvent } from './data'
import { dayAfter, timestampOf, today } from './format'

export type Status = AgendaEvent['status']
export const STATUSES: readonly Status[] = ['active', 'completed', 'deferred', 'cancelled']

/** The status of this name, as a form's field has it. */
export function statusNamed(name: string): Status {
  return STATUSES.find((status) => status === name) ?? 'active'
}

export const PERIODS = {
  any: 'Any time',
  overdue: 'Overdue',
  today: 'Today',
  week: 'Next 7 days',
  month: 'This month',
  next_month: 'Next month',
  custom: 'Between two days',
} as const
export type Period = keyof typeof PERIODS

export const ORDERS = {
  due_date: 'Due date',
  priority: 'Priority',
  title: 'Title',
  updated_at: 'Last change',
} as const
export type Order = keyof typeof ORDERS

export interface Filter {
  text: string
  status: Status | 'all'
  priorityFrom: number
  priorityTo: number
  period: Period
  from: string
  to: string
  location: string
  tag: number | null
  order: Order
  descending: boolean
}

export const EVERYTHING: Filter = {
  text: '',
  status: 'all',
  priorityFrom: 1,
  priorityTo: 5,
  period: 'any',
  from: '',
  to: '',
  location: '',
  tag: null,
  order: 'due_date',
  descending: false,
}

/** How many filters are set, for the button that hides them on a small screen. */
export function filtersSet(filter: Filter): number {
  return [
    filter.text !== '',
    filter.status !== 'all',
    filter.priorityFrom > 1 || filter.priorityTo < 5,
    filter.period !== 'any',
    filter.location !== '',
    filter.tag !== null,
  ].filter(Boolean).length
}

/** The days of a period, the last one excluded; null where a side is open. */
export function daysOf(filter: Filter, now: string = today()): [string | null, string | null] {
  const month = (offset: number): string => {
    const [year = 1970, monthNow = 1] = now.split('-').map(Number)
    return new Date(Date.UTC(year, monthNow - 1 + offset, 1)).toISOString().slice(0, 10)
  }
  switch (filter.period) {
    case 'any':
      return [null, null]
    case 'overdue':
      return [null, now]
    case 'today':
      return [now, dayAfter(now, 1)]
    case 'week':
      return [now, dayAfter(now, 7)]
    case 'month':
      return [month(0), month(1)]
    case 'next_month':
      return [month(1), month(2)]
    case 'custom':
      return [filter.from || null, filter.to === '' ? null : dayAfter(filter.to, 1)]
  }
}

/** The `where` of a filter. `tagged` are the keys of the events that have the filter's tag. */
export function predicate(filter: Filter, tagged: readonly number[]) {
  const [from, until] = daysOf(filter)
  return {
    deleted_at: null,
    ...(filter.status !== 'all' && { status: filter.status }),
    ...(filter.period === 'overdue' && { status: 'active' as const }),
    ...((filter.priorityFrom > 1 || filter.priorityTo < 5) && {
      priority: between(filter.priorityFrom, filter.priorityTo),
    }),
    ...dueBetween(from, until),
    ...(filter.location !== '' && { location: filter.location }),
    ...(filter.tag !== null && { event_id: oneOf([...tagged]) }),
  }
}

function dueBetween(from: string | null, until: string | null) {
  const first = from === null ? null : timestampOf(from)
  // Whole days are midnights, so the last instant that counts is the midnight of the last day.
  const last = until === null ? null : timestampOf(dayAfter(until, -1))
  if (first !== null && last !== null) return { due_date: between(first, last) }
  if (first !== null) return { due_date: gte(first) }
  if (until !== null) return { due_date: lt(timestampOf(until) ?? '') }
  return {}
}
