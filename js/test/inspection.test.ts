// What a database says of itself: of a real one in memory. Where it stands on disk, a browser's test says.

import assert from 'node:assert/strict'
import test from 'node:test'

import { count, gte } from 'haversack'
import { openMemory } from 'haversack/testing'
import { schema } from './types/guide/schema.js'

test('a database says as JSON what it is busy with, and what its queries cost', async () => {
  const db = await openMemory({ schema, identity: '7', random: 1 })
  const stop = db.notes
    .where({ title: gte('b') })
    .limit(2)
    .live(() => {})
  db.notes
    .groupBy('done')
    .aggregate({ notes: count() })
    .live(() => {})
  const before = await db.inspect()
  assert.deepEqual(
    before.queries.map(({ asked, told, rows }) => [asked, told, rows]),
    [
      [1, 1, 0],
      [1, 1, 0],
    ],
  )
  // What comes before "b" is in no result, and no cause to ask; of groups, each row is.
  await db.notes.insert({ title: 'a' }).synced
  await db.notes.insert({ title: 'c' }).synced
  const now = await db.inspect()
  assert.deepEqual(JSON.parse(JSON.stringify(now)), now)
  const [query, groups] = now.queries
  assert.ok(query !== undefined && groups !== undefined)
  assert.deepEqual(query.query, {
    table: 'notes',
    where: [{ column: 'title', op: 'gte', value: 'b' }],
    limit: 2,
  })
  assert.equal(query.rows, 1)
  assert.deepEqual([query.told, groups.told, groups.rows], [2, 3, 1])
  assert.ok(groups.asked > query.asked && query.milliseconds >= query.last && query.last > 0)
  assert.equal(now.tables.find((table) => table.name === 'notes')?.rows, 2)
  assert.deepEqual([now.status.user, now.standing, now.queue], ['7', null, []])
  assert.ok(now.memory > 0)
  stop()
  assert.equal((await db.inspect()).queries.length, 1)
  await db.close()
  await assert.rejects(db.inspect(), { code: 'closed' })
})
