// What the triggers of this schema do that a user has to see offline. Not here, since nobody waits for
// it: `search_vector` (private), `operation_logs` and `deleted_entities`, which only the server writes.

import type { AnyHooks, Context } from '../hooking.js'
import { allTouched, rowsWhere, touched, touches } from '../hooking.js'

const TOUCHED = [
  ...['users', 'event_types', 'item_types', 'tags', 'links', 'field_definitions', 'entity_fields'],
  ...['collections', 'lists', 'list_items', 'routines', 'entity_files'],
]

/** `forget_references()`: what hangs on an entity goes with it (O10). */
function forget(kind: string, id: number, context: Context): void {
  const { predicted } = context
  const gone = (
    table: string,
    where: { [column: string]: string | number },
    key: string[],
  ): void => {
    for (const row of rowsWhere(context, table, where)) {
      const parts = key.map((name) => row[name] as string | number)
      predicted[table]!.delete(parts.length === 1 ? parts[0]! : parts)
    }
  }
  gone('entity_fields', { entity_type: kind, entity_id: id }, [
    'entity_type',
    'entity_id',
    'field_id',
  ])
  if (kind !== 'event' && kind !== 'item') return
  gone('tag_assignments', { taggable_type: kind, taggable_id: id }, [
    'taggable_type',
    'taggable_id',
    'tag_id',
  ])
  gone('links', { from_type: kind, from_id: id }, ['link_id'])
  gone('links', { to_type: kind, to_id: id }, ['link_id'])
  gone('entity_files', { entity_type: kind, entity_id: id }, ['id'])
  for (const entry of rowsWhere(context, 'list_items', { linked_type: kind, linked_id: id })) {
    const key = entry.list_item_id as number
    // An entry with a text of its own stays.
    if (entry.text_content === null) predicted.list_items!.delete(key)
    else predicted.list_items!.update(key, { linked_type: null, linked_id: null })
  }
}

const forgotten = (kind: string, key: string) => ({
  delete: (old: { readonly [column: string]: unknown }, context: Context): void =>
    forget(kind, old[key] as number, context),
})

export const hooks: AnyHooks = {
  ...allTouched(...TOUCHED),
  events: { ...touched, after: forgotten('event', 'event_id') },
  items: { ...touched, after: forgotten('item', 'item_id') },
  event_types: { ...touched, after: forgotten('event_type', 'event_type_id') },
  item_types: { ...touched, after: forgotten('item_type', 'item_type_id') },
}

/** Columns that triggers set and these hooks foresee to the letter. */
export const covers = touches(...TOUCHED, 'events', 'items')
