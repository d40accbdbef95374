// What the triggers of this schema do that a user has to see offline: times, versions, and that the
// profile and Contact Zero are one person. Not here yet: what is extracted from a note's text (L5) and
// the tasks of a pipeline's stages (L7), whose keys are made by MD5.

import { refuse } from 'haversack'
import type { AnyHooks, Context, Value } from '../hooking.js'
import { allTouched, touches } from '../hooking.js'

type Row = { readonly [column: string]: Value }

const TOUCHED = ['folders', 'topics', 'interactions', 'groups', 'projects', 'pipeline_templates']

/** `note_when_archived()`. */
const archived = (row: Row, { now }: Context) => ({
  archived_at: row.is_archived === true ? (row.archived_at ?? now) : null,
})
const archivable = {
  insert: (row: Row, context: Context) => ({ predicted: archived(row, context) }),
  update: (row: Row, _old: Row, context: Context) => ({
    predicted: { ...archived(row, context), updated_at: context.now },
  }),
}

/** `note_when_closed()`. */
function closed(row: Row, { now }: Context): { [column: string]: Value } {
  if (row.status === 'open') return { closed_at: null }
  return row.status === 'won' || row.status === 'lost' ? { closed_at: row.closed_at ?? now } : {}
}

const MIRRORED = ['full_name', 'avatar_url', 'phone']
const mirrored = (row: Row): Row =>
  Object.fromEntries(MIRRORED.map((name) => [name, row[name] ?? null]))
const differ = (a: Row, b: Row): boolean =>
  MIRRORED.some((name) => (a[name] ?? null) !== (b[name] ?? null))

/** Writes what differs between the profile and Contact Zero, so that they come to rest. */
function mirror(row: Row, old: Row, table: string, key: string, { db, predicted }: Context): void {
  if (!differ(row, old)) return
  const other = db.table(table).get(row[key] as string)
  if (other !== undefined && differ(row, other))
    predicted[table]!.update(row[key] as string, mirrored(row))
}

/** `refuse_folder_cycle()`. */
function above(folder: Row, { db }: Context): void {
  const seen = new Set<Value>()
  let at = folder.parent_id
  while (typeof at === 'string' && !seen.has(at)) {
    if (at === folder.id) {
      refuse({
        message: `folder ${String(folder.name)} would lie within itself`,
        sqlstate: '23514',
        constraint: 'folders_not_in_themselves',
        table: 'folders',
        column: 'parent_id',
      })
    }
    seen.add(at)
    at = db.table('folders').get(at)?.parent_id ?? null
  }
}

export const hooks: AnyHooks = {
  ...allTouched(...TOUCHED),
  users: {
    before: { update: (_row, _old, { now }) => ({ predicted: { updated_at: now } }) },
    after: { update: (row, old, context) => mirror(row, old, 'contacts', 'id', context) },
  },
  contacts: {
    before: archivable,
    after: {
      update: (row, old, context) => {
        if (row.is_contact_zero === true) mirror(row, old, 'users', 'user_id', context)
      },
    },
  },
  tasks: { before: archivable },
  notes: {
    before: {
      insert: (row, context) => ({
        predicted: { ...archived(row, context), sync_version: 0, last_synced_at: context.now },
      }),
      update: (row, old, context) => ({
        predicted: {
          ...archived(row, context),
          sync_version: (old.sync_version as number) + 1,
          last_synced_at: context.now,
          updated_at: context.now,
        },
      }),
    },
  },
  folders: {
    before: { update: (_row, _old, { now }) => ({ predicted: { updated_at: now } }) },
    after: {
      insert: above,
      update: (row, old, context) => {
        if (row.parent_id !== old.parent_id) above(row, context)
      },
    },
  },
  pipeline_items: {
    before: {
      insert: (row, context) => ({ predicted: closed(row, context) }),
      update: (row, _old, context) => ({
        predicted: { ...closed(row, context), updated_at: context.now },
      }),
    },
  },
}

/** Columns that triggers set and these hooks foresee to the letter. */
export const covers = [
  ...touches(...TOUCHED, 'users', 'contacts', 'tasks', 'notes', 'pipeline_items'),
  ...['contacts', 'tasks', 'notes'].map((table) => `${table}.archived_at`),
  ...['notes.sync_version', 'notes.last_synced_at', 'pipeline_items.closed_at'],
]
