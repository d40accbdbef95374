/** Text for people: dates, ages, counts. No state. */

import type { Timestamp } from 'haversack'
import type { AgendaEvent } from './data'

const dayMonth = new Intl.DateTimeFormat(undefined, { month: 'short', timeZone: 'UTC' })
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short', timeZone: 'UTC' })
const monthYear = new Intl.DateTimeFormat(undefined, {
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
})
const fullDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeZone: 'UTC' })
const stamp = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const whole = new Intl.NumberFormat()

/** The calendar leaf of a due date. Days are those of UTC, so that they are the same everywhere. */
export interface Leaf {
  day: string
  month: string
  weekday: string
  overdue: boolean
}

export function leaf(event: AgendaEvent, today: string): Leaf | null {
  const day = dayOf(event.due_date)
  if (day === null) return null
  const date = new Date(`${day}T00:00:00Z`)
  return {
    day: String(date.getUTCDate()),
    month: dayMonth.format(date),
    weekday: weekday.format(date),
    overdue: event.status === 'active' && day < today,
  }
}

/** `YYYY-MM-DD` of a timestamp as Postgres writes it in UTC. */
export function dayOf(timestamp: string | null): string | null {
  return timestamp === null ? null : timestamp.slice(0, 10)
}

/**
 * A `YYYY-MM-DD` as a timestamp, null for an empty field. The time of day is that of the timestamp
 * that it replaces, else midnight UTC, which stands for a whole day.
 */
export function timestampOf(day: string, replaced: Timestamp | null = null): Timestamp | null {
  return day === '' ? null : (`${day}${replaced?.slice(10) ?? 'T00:00:00Z'}` as Timestamp)
}

/** The time of day, in UTC as the day is; empty for a whole day. */
export function timeOf(timestamp: string | null): string {
  const time = timestamp?.slice(11, 16) ?? '00:00'
  return time === '00:00' ? '' : `${time} UTC`
}

/** The present moment. */
export function nowTimestamp(): Timestamp {
  return new Date().toISOString() as Timestamp
}

/** Today where the user is, as `YYYY-MM-DD`. */
export function today(now: Date = new Date()): string {
  const pad = (n: number): string => String(n).padStart(2, '0')
  return `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}`
}

/** The day `days` after a `YYYY-MM-DD`. */
export function dayAfter(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`)
  date.setUTCDate(date.getUTCDate() + days)
  return date.toISOString().slice(0, 10)
}

export function monthOf(event: AgendaEvent): string {
  const day = dayOf(event.due_date)
  return day === null ? 'No date' : monthYear.format(new Date(`${day}T00:00:00Z`))
}

export function fullDate(day: string | null): string {
  return day === null ? 'no date' : fullDay.format(new Date(`${day}T00:00:00Z`))
}

export function moment(at: string | number): string {
  return stamp.format(new Date(at))
}

export function count(n: number): string {
  return whole.format(n)
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`
}

/** How long ago, in the words of a status line. */
export function age(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000))
  if (seconds < 5) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  return moment(at)
}

/** A column's value in a sentence. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '(empty)'
  if (typeof value === 'object') return JSON.stringify(value)
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\d[T ]00:00:00/.test(value))
    return value.slice(0, 10)
  return String(value)
}
