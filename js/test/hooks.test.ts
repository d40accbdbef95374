// Hooks on the module that ships: what they are given, what they add, and that nothing is left of a
// write that one of them refuses.

import assert from 'node:assert/strict'
import test from 'node:test'

import { defineHooks, refuse } from 'haversack'
import type { Hooks, SchemaOf } from 'haversack'
import { openMemory } from 'haversack/testing'
import { refusal } from './refusal.js'
import { column, foreignKey, id, table } from './tables.js'
import { schema } from './types/guide/schema.js'
import type { Tables as Guide } from './types/guide/schema.js'

/** Folders hold notes: deleting one deletes them. A counter of the folder is the server's. */
interface Tables {
  folders: {
    row: { readonly id: number; readonly name: string; readonly notes: number }
    insert: { id?: number; name: string }
    update: { name?: string }
    relations: {}
    key: number
  }
  notes: {
    row: {
      readonly id: number
      readonly folder: number | null
      readonly title: string
      readonly words: number
      readonly slug: string
    }
    insert: { id?: number; folder?: number | null; title: string }
    update: { folder?: number | null; title?: string }
    relations: {}
    key: number
  }
}

const zero = { default: { kind: 'constant', text: '0' }, writable: false }
const folded = {
  ...schema,
  tables: [
    table('folders', [id, column('name', 'text'), column('notes', 'int4', zero)]),
    table(
      'notes',
      [
        id,
        column('folder', 'int4', { nullable: true }),
        column('title', 'text'),
        column('words', 'int4', zero),
        column('slug', 'text'),
      ],
      {
        foreign_keys: [foreignKey('notes_folder_fkey', 'folder', 'folders', 'cascade')],
      },
    ),
  ],
} as unknown as SchemaOf<Tables>

const hooks = defineHooks<Tables>({
  notes: {
    before: {
      insert: (row) => ({ predicted: { slug: row.title.toLowerCase(), words: words(row.title) } }),
      update: (row) => ({ predicted: { words: words(row.title) } }),
    },
    after: {
      insert: (row, context) => count(row.folder, 1, context),
      update: (row, old, context) => {
        if (row.folder === old.folder) return
        count(old.folder, -1, context)
        count(row.folder, 1, context)
      },
      delete: (old, context) => count(old.folder, -1, context),
    },
  },
})

type Context = Parameters<
  NonNullable<NonNullable<NonNullable<Hooks<Tables>['notes']>['after']>['delete']>
>[1]

function count(id: number | null, by: number, { db, predicted }: Context): void {
  const folder = id === null ? undefined : db.folders.get(id)
  if (folder !== undefined) predicted.folders.update(folder.id, { notes: folder.notes + by })
}

const words = (title: string): number => title.split(' ').length

const open = (more: Hooks<Tables> = {}) =>
  openMemory({ schema: folded, hooks: { ...hooks, ...more }, random: 1 })

test('a row is completed before it is checked, and others follow after it', async () => {
  const db = await open()
  const folder = db.folders.insert({ name: 'a' }).key
  const write = db.notes.insert({ title: 'Two Words', folder })
  assert.deepEqual(write.row, { id: 1, folder, title: 'Two Words', words: 2, slug: 'two words' })
  assert.equal(db.folders.get(folder)?.notes, 1)
  db.notes.update(1, { title: 'three short words', folder: null })
  assert.equal(db.notes.get(1)?.words, 3)
  assert.equal(db.folders.get(folder)?.notes, 0)
  await write.synced
})

test('without the hook the row is refused, since the server alone fills a column', async () => {
  const db = await openMemory({ schema: folded })
  assert.equal(refusal(() => db.notes.insert({ title: 'a' })).details.sqlstate, '23502')
})

test('a transaction with references between its rows is one write', async () => {
  const db = await open()
  const made: number[] = []
  const write = db.transaction((tx) => {
    const folder = tx.folders.insert({ name: 'a' })
    const notes = ['one', 'two'].map((title) => tx.notes.insert({ title, folder }))
    void Promise.resolve().then(() => made.push(folder.key, ...notes.map((note) => note.key)))
  })
  await write.synced
  assert.deepEqual(made, [1, 1, 2])
  assert.equal(db.folders.get(1)?.notes, 2)
})

test('hooks run for rows that foreign keys change', async () => {
  const seen: string[] = []
  const db = await openMemory({
    schema: folded,
    hooks: {
      notes: {
        ...hooks.notes,
        before: { ...hooks.notes!.before, delete: (old) => void seen.push(`before ${old.title}`) },
        after: { delete: (old) => void seen.push(`after ${old.title}`) },
      },
      folders: { after: { delete: (old) => void seen.push(`after ${old.name}`) } },
    },
  })
  db.folders.insert({ name: 'folder' })
  db.notes.insert({ title: 'note', folder: 1 })
  db.folders.delete(1)
  assert.equal(db.notes.count(), 0)
  assert.deepEqual(seen, ['before note', 'after note', 'after folder'], 'as Postgres orders them')
})

test('a hook that refuses leaves nothing of the whole transaction', async () => {
  const db = await open({
    folders: {
      before: {
        delete: ({ name }) =>
          name === 'kept' &&
          refuse({
            message: 'it is kept',
            sqlstate: '23514',
            constraint: 'kept',
            table: 'folders',
          }),
      },
    },
  } as Hooks<Tables>)
  db.folders.insert({ name: 'kept' })
  db.notes.insert({ title: 'a', folder: 1 })
  const before = [db.folders.rows(), db.notes.rows()]
  let results = 0
  db.notes.live(() => results++)
  await Promise.resolve()
  const error = refusal(() =>
    db.transaction((tx) => {
      tx.notes.insert({ title: 'b', folder: 1 })
      tx.notes.delete(1)
      tx.folders.delete(1)
    }),
  )
  assert.deepEqual(
    [error.code, error.details],
    ['check_violation', { sqlstate: '23514', constraint: 'kept', table: 'folders' }],
  )
  assert.deepEqual([db.folders.rows(), db.notes.rows()], before)
  await Promise.resolve()
  assert.equal(results, 1, 'nobody saw it')
  assert.equal(db.notes.insert({ title: 'c' }).key, 2, 'no key was drawn')
})

test('what anything throws reaches the caller as it is, and a rule that breaks undoes all', async () => {
  const oops = new RangeError('oops')
  const db = await open({
    folders: {
      after: {
        insert: ({ name }, { written }) => {
          if (name === 'throws') throw oops
          written.notes.insert({ title: 'by the hook', folder: name === 'wrong' ? 99 : null })
        },
      },
    },
  })
  assert.throws(() => db.folders.insert({ name: 'throws' }), oops)
  assert.equal(refusal(() => db.folders.insert({ name: 'wrong' })).code, 'foreign_key_violation')
  assert.equal(db.folders.count() + db.notes.count(), 0)
  db.folders.insert({ name: 'good' })
  assert.equal(db.notes.first()?.slug, 'by the hook', 'hooks run for what hooks write')
})

test('hooks neither wait, nor write past their context, nor go on for ever', async () => {
  const misused = (hooks: Hooks<Tables>) =>
    openMemory({ schema: folded, hooks }).then((db) => {
      const error = refusal(() => db.folders.insert({ name: 'a' }))
      assert.equal(db.folders.count(), 0)
      return error.code
    })
  const after = (insert: (row: never, context: Context) => void): Hooks<Tables> => ({
    folders: { after: { insert } },
  })
  assert.equal(await misused(after(async () => {})), 'hook_misused')
  assert.equal(
    await misused(after((_, { db }) => void db.folders.insert({ name: 'b' }))),
    'hook_misused',
  )
  const again = (_: never, { predicted }: Context) => void predicted.folders.insert({ name: 'b' })
  assert.equal(await misused(after(again)), 'hook_misused')
  let kept: Context | undefined
  const db = await open({ folders: { after: { insert: (_, context) => void (kept = context) } } })
  db.folders.insert({ name: 'a' })
  assert.equal(refusal(() => kept!.written.folders.delete(1)).code, 'hook_misused')
  db.folders.insert({ name: 'still works' })
})

test('hooks of what is not there are refused at opening', async () => {
  for (const hooks of [
    { nowhere: {} },
    { notes: { before: { insrt: () => {} } } },
    { notes: { after: { insert: 1 } } },
  ]) {
    await assert.rejects(openMemory({ schema: folded, hooks: hooks as never }), {
      code: 'config_invalid',
    })
  }
})

test('the time is the write\u2019s, and its own key is known to a hook', async () => {
  const seen: unknown[] = []
  const db = await openMemory<Guide>({
    schema,
    now: Date.UTC(2026, 0, 1, 12),
    hooks: {
      notes: {
        before: { insert: (row, { now }) => void seen.push(row.id, row.created_at === now, now) },
        after: { insert: (row) => void seen.push(row.id) },
      },
    },
  })
  const { key } = db.notes.insert({ title: 'a' })
  assert.deepEqual(seen, [key, true, '2026-01-01T12:00:00.000000Z', key])
  assert.equal(db.notes.insert({ title: 'b' }).key, key + 1, 'the sketch took no key')
})
