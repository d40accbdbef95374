// What the triggers of this schema do that a user has to see offline: the name of a record (R4), and
// the refusal of one that does not fit its object (R3). The shape of links is left to the server.

import { refuse } from 'haversack'
import type { AnyHooks, Context, Value } from '../hooking.js'
import { allTouched, rowsWhere, touches } from '../hooking.js'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type Row = { readonly [column: string]: Value }
/** A field of an object, with what the object overrides of it. */
interface Field {
  readonly id: string
  readonly label: string
  readonly type: string
  readonly config: { readonly [key: string]: Json }
  readonly required: boolean
  readonly readOnly: boolean
}

/** The fields of an object that the replica holds, in the order in which they are shown. */
function fieldsOf(record: Row, context: Context): Field[] {
  const members = rowsWhere(context, 'object_fields', {
    tenant_id: record.tenant_id as string,
    object_id: record.object_id as string,
  })
  const order = (a: Row, b: Row): number =>
    (a.display_order as number) - (b.display_order as number) ||
    ((a.id as string) < (b.id as string) ? -1 : 1)
  return [...members].sort(order).flatMap((member) => {
    const field = context.db.table('fields').get(member.field_id as string)
    if (field === undefined) return []
    const json = (value: unknown): { [key: string]: Json } => value as { [key: string]: Json }
    return {
      id: field.id as string,
      label: field.label as string,
      type: field.type as string,
      config: { ...json(field.config), ...json(member.field_overrides) },
      required: member.is_required === true,
      readOnly: member.is_readonly === true,
    }
  })
}

/** `->>` of a value that a text field may hold; undefined for one whose text only Postgres makes. */
function asText(value: Json | undefined): string | null | undefined {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value
  return typeof value === 'boolean' ? String(value) : undefined
}

/** `extract_primary_value()`: the value of the first field of type text. */
function named(
  record: Row,
  context: Context,
): { predicted: { [column: string]: Value } } | undefined {
  const first = fieldsOf(record, context).find(({ type }) => type === 'text')
  const data = record.data as unknown as { readonly [key: string]: Json } | null
  const name = first === undefined ? null : asText(data?.[first.id])
  return name === undefined ? undefined : { predicted: { primary_value: name } }
}

const PATTERNS: { readonly [type: string]: readonly [RegExp, string] } = {
  email: [/^[^@\s]+@[^@\s]+$/, 'must be an e-mail address'],
  url: [/^https?:\/\/\S+$/, 'must be an address that begins with http:// or https://'],
  date: [/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/, 'must be a date such as 2026-01-31'],
  datetime: [
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}/,
    'must be a time such as 2026-01-31T12:00:00Z',
  ],
}
const TEXTS = ['text', 'textarea', 'email', 'phone', 'url', 'select', 'lookup', 'date', 'datetime']
const NUMBERS = ['number', 'currency', 'percent']

/** `field_value_problem()`: what a value would have to be; undefined if it is, or if only the server can say. */
function problemOf({ type, config }: Field, value: Json): string | undefined {
  const options = Array.isArray(config.options) ? (config.options as readonly Json[]) : undefined
  if (TEXTS.includes(type)) {
    if (typeof value !== 'string') return 'must be text'
    const [pattern, problem] = PATTERNS[type] ?? []
    if (pattern !== undefined && !pattern.test(value)) return problem
    if (type === 'select' && options !== undefined && !options.includes(value)) {
      return 'must be one of the options'
    }
    const most = config.max_length
    if (typeof most === 'number' && [...value].length > most) {
      return `must not be longer than ${most} characters`
    }
  } else if (NUMBERS.includes(type)) {
    // A number that no double holds is an object here; the server judges it.
    if (typeof value === 'object' && !Array.isArray(value)) return undefined
    if (typeof value !== 'number') return 'must be a number'
    if (typeof config.min === 'number' && value < config.min)
      return `must be at least ${config.min}`
    if (typeof config.max === 'number' && value > config.max) return `must be at most ${config.max}`
  } else if (type === 'checkbox') {
    if (typeof value !== 'boolean') return 'must be true or false'
  } else if (type === 'multiselect') {
    if (!Array.isArray(value)) return 'must be a list'
    const known = (one: Json): boolean => typeof one === 'object' || options!.includes(one)
    if (options !== undefined && !value.every(known)) return 'must be among the options'
  }
  return undefined
}

const same = (a: unknown, b: unknown): boolean =>
  JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))

/** A value whose members stand in one order, whatever order they came in. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  )
}

/** `validate_record()`: refuses a record that does not fit its object. */
function fits(record: Row, old: Row | undefined, context: Context): void {
  const moved = old === undefined || old.object_id !== record.object_id
  if (!moved && same(record.data, old.data)) return
  const data = (record.data ?? {}) as unknown as { readonly [key: string]: Json }
  const before = (old?.data ?? {}) as unknown as { readonly [key: string]: Json }
  for (const field of fieldsOf(record, context)) {
    const value = data[field.id] ?? null
    const empty = value === null || value === ''
    let problem = empty ? (field.required ? 'is required' : undefined) : problemOf(field, value)
    if (
      problem === undefined &&
      field.readOnly &&
      !moved &&
      !same(value, before[field.id] ?? null)
    ) {
      problem = 'is read-only'
    }
    if (problem === undefined) continue
    const label = typeof field.config.label === 'string' ? field.config.label : field.label
    refuse({
      message: `${label} ${problem}`,
      sqlstate: '23514',
      constraint: 'records_data_fits_object',
      table: 'records',
      column: 'data',
    })
  }
}

const TOUCHED = ['users', 'fields', 'objects', 'applications']

export const hooks: AnyHooks = {
  ...allTouched(...TOUCHED),
  records: {
    before: {
      insert: named,
      update: (row, _old, context) => ({
        predicted: { ...named(row, context)?.predicted, updated_at: context.now },
      }),
    },
    after: {
      insert: (row, context) => fits(row, undefined, context),
      update: (row, old, context) => fits(row, old, context),
    },
  },
}

/** Columns that triggers set and these hooks foresee to the letter. */
export const covers = [...touches(...TOUCHED, 'records'), 'records.primary_value']
