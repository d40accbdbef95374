/** What a mutation was meant to do, in a sentence. */

import type { Db, MutationOp } from './data'
import { valueText } from './format'

const WORDS_MAX = 3

export function sentence(db: Db, ops: readonly MutationOp[]): string {
  const said = ops.slice(0, WORDS_MAX).map((op) => one(db, op))
  const more = ops.length - said.length
  return said.join('; ') + (more > 0 ? `; and ${more} more` : '')
}

function one(db: Db, op: MutationOp): string {
  switch (op.op) {
    case 'insert':
      return `Add ${nameIn(op.values) ?? `to ${op.table}`}`
    case 'delete':
      return `Delete ${name(db, op.table, op.key)}`
    case 'update': {
      const changes = Object.entries(op.set).map(
        ([column, value]) => `${column.replaceAll('_', ' ')} to ${valueText(value)}`,
      )
      return `Change ${name(db, op.table, op.key)}: ${changes.join(', ')}`
    }
  }
}

/** The title of an event that is still here, else its table and key. */
export function name(db: Db, table: string, key: unknown): string {
  const parts: readonly unknown[] = Array.isArray(key) ? key : [key]
  const [id] = parts
  if (table === 'events' && typeof id === 'number') {
    const event = db.events.get(id)
    if (event) return `“${event.title}”`
  }
  return `${table} ${parts.map(String).join(', ')}`
}

function nameIn(values: Readonly<Record<string, unknown>>): string | null {
  const title = values['title'] ?? values['name']
  return typeof title === 'string' ? `“${title}”` : null
}
