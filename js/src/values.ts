// Values on their way to the core and back: what JSON can't say becomes text, what it must not
// say is refused. Column names, types and ranges are checked by the core.

import type { WireValue } from './binding.js'
import { HaversackError } from './errors.js'
import type { SchemaColumn } from './types.js'

/** How deep a JSON value may be nested. */
const JSON_DEPTH_MAX = 200

/** The text of a value that is neither number, boolean nor text already; undefined for others. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  }
  if (value instanceof Uint8Array) return hexOf(value)
  return undefined
}

/** Bytes as Postgres writes them: `\x`, then two hex digits each. */
function hexOf(bytes: Uint8Array): string {
  let text = '\\x'
  for (const byte of bytes) text += (byte < 16 ? '0' : '') + byte.toString(16)
  return text
}

/**
 * A value for a column, as an operation carries it.
 *
 * @throws HaversackError `type_mismatch`, naming the place
 */
export function toWire(
  table: string,
  column: SchemaColumn | undefined,
  name: string,
  value: unknown,
): WireValue {
  const kind = column?.type.name
  if (value === null) return null
  if (kind === 'json' || kind === 'jsonb') return plainJson(table, name, name, value, 0)
  if (kind === 'array' && Array.isArray(value)) {
    return value.map((item: unknown, i) => scalar(table, name, `${name}[${i}]`, item))
  }
  if (kind !== undefined || typeof value !== 'object') return scalar(table, name, name, value)
  // The core will say that there is no such column.
  return null
}

function scalar(table: string, column: string, place: string, value: unknown): WireValue {
  if (typeof value === 'string') return whole(table, column, place, value)
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  const text = textOf(value)
  if (text !== undefined) return text
  if (Array.isArray(value)) {
    return value.map((item: unknown, i) => scalar(table, column, `${place}[${i}]`, item))
  }
  throw mismatch(table, column, `${place} can't be ${describe(value)}`)
}

function plainJson(
  table: string,
  column: string,
  place: string,
  value: unknown,
  depth: number,
): WireValue {
  if (typeof value === 'string') return whole(table, column, place, value)
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (depth > JSON_DEPTH_MAX) {
    throw mismatch(
      table,
      column,
      `${column} is nested deeper than ${JSON_DEPTH_MAX} levels, or in itself`,
    )
  }
  if (Array.isArray(value)) {
    // By index, because `map` would pass over holes.
    return Array.from(value, (item: unknown, i) =>
      plainJson(table, column, `${place}[${i}]`, item, depth + 1),
    )
  }
  if (typeof value === 'object') {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === null || Object.getPrototypeOf(prototype) === null) {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [
          whole(table, column, place, key),
          plainJson(table, column, `${place}.${key}`, item, depth + 1),
        ]),
      )
    }
  }
  throw mismatch(table, column, `${place} can't be ${describe(value)}: it isn't JSON`)
}

/** A text without half a character: Postgres, and UTF-8, have none for that. */
function whole(table: string, column: string, place: string, text: string): string {
  if (!/\p{Surrogate}/u.test(text)) return text
  throw mismatch(
    table,
    column,
    `${place} holds half of a character (a lone surrogate), as when a text is cut within an emoji`,
  )
}

function mismatch(table: string, column: string, message: string): HaversackError {
  return new HaversackError('type_mismatch', `${table}: ${message}`, {
    table,
    column,
  })
}

/** What a value is, for a sentence. */
export function describe(value: unknown): string {
  if (value instanceof Date) return 'an invalid Date or one inside JSON'
  if (typeof value === 'object' && value !== null) {
    const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name
    return `an object of class ${typeof name === 'string' ? name : 'unknown'}`
  }
  if (typeof value === 'number') return String(value)
  return value === undefined || value === null ? String(value) : `a ${typeof value}`
}

/** A value from the binding's JSON as rows carry it: int8 as bigint, bytea as bytes. */
export function fromWire(column: SchemaColumn | undefined, value: WireValue): unknown {
  if (column === undefined || value === null) return value
  if (column.type.name === 'int8') return BigInt(value as string | number)
  if (column.type.name === 'bytea' && typeof value === 'string') {
    return Uint8Array.from(value.slice(2).match(/../g) ?? [], (pair) => parseInt(pair, 16))
  }
  return value
}

/** Are two values of a column the same, to the depths? */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Uint8Array && b instanceof Uint8Array) return sameBytes(a, b)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every(
      (key) =>
        Object.hasOwn(b, key) &&
        sameValue((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
    )
  )
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
