// The example of docs/testing.md, run as it stands there.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { openMemory } from 'haversack/testing'
import { schema } from './schema.js'

test('a note that is done is no longer open', async () => {
  const db = await openMemory({
    schema,
    rows: {
      notes: [{ title: 'Water the plants' }, { title: 'Call Ann', done: true }],
    },
    now: new Date('2026-03-01T08:00:00Z'),
    random: 1,
  })
  const open = db.notes.where({ done: false })
  assert.deepEqual(
    open.rows().map((note) => note.title),
    ['Water the plants'],
  )

  await db.notes.update(1, { done: true }).synced
  assert.equal(open.count(), 0)

  // What Postgres would refuse is refused here, with the same SQLSTATE.
  assert.throws(() => db.notes.insert({ title: 'x'.repeat(201) }), {
    code: 'value_too_long',
    details: { sqlstate: '22001', table: 'notes', column: 'title' },
  })

  db.reset()
  assert.equal(open.count(), 1)
  await db.close()
})
