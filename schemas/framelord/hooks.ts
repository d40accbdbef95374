// What the triggers of this schema do that a user has to see offline: times, versions, that the profile
// and Contact Zero are one person, links and topics of a note's text (L5), tasks of a pipeline's stages
// (L7).

import { refuse } from 'haversack'
import type { AnyHooks, Context, Value } from '../hooking.js'
import { allTouched, touches } from '../hooking.js'
import { derivedUuid } from './names.js'
import { claimReferences, extractReferences } from './references.js'

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

const DAY_MS = 86_400_000

/** `create_stage_task()`: one task for an item and a stage. */
function stageTask(item: Row, { db, now, predicted }: Context): void {
  const stage = db.table('pipeline_stage_templates').get(item.current_stage_id as string)
  if (stage === undefined || stage.template_id !== item.template_id) return
  const { auto_task_title: title, auto_task_due_in_days: days } = stage
  const id = derivedUuid(`${String(item.id)}/stages/${String(stage.id)}`)
  if (title === null || db.table('tasks').get(id) !== undefined) return
  predicted.tasks!.insert({
    id,
    contact_id: item.contact_id!,
    title: title!,
    due_at: days === null ? null : new Date(Date.parse(now) + Number(days) * DAY_MS).toISOString(),
    created_by: item.user_id!,
  })
}

/** Of a note: first a title is claimed, then what its text names. */
function references(note: Row, old: Row | undefined, context: Context): void {
  if (note.title !== null && note.title !== '' && note.title !== old?.title) {
    claimReferences(note, context)
  }
  const snapshot = JSON.stringify(note.blocksuite_snapshot)
  if (
    old === undefined
      ? note.blocksuite_snapshot !== null
      : snapshot !== JSON.stringify(old.blocksuite_snapshot)
  ) {
    extractReferences(note, old, context)
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
    after: {
      insert: (row, context) => references(row, undefined, context),
      update: references,
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
    after: {
      insert: stageTask,
      update: (row, old, context) => {
        if (row.current_stage_id !== old.current_stage_id) stageTask(row, context)
      },
    },
  },
}

/** Tables whose rows triggers write, all of which these hooks foresee. */
export const foresees = ['note_links', 'topics', 'note_topics', 'tasks']

/** Columns that triggers set and these hooks foresee to the letter. */
export const covers = [
  ...touches(...TOUCHED, 'users', 'contacts', 'tasks', 'notes', 'pipeline_items'),
  ...['contacts', 'tasks', 'notes'].map((table) => `${table}.archived_at`),
  ...['notes.sync_version', 'notes.last_synced_at', 'pipeline_items.closed_at'],
]
