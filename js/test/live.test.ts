import assert from 'node:assert/strict'
import test from 'node:test'

import type { LiveResult } from '../src/live.js'
import { gte } from '../src/operators.js'
import { bindingError, openFake, reported, settled } from './fake-binding.js'

test('the first result comes after live has returned, with all rows added', async () => {
  const { db } = openFake()
  db.events.insert({ title: 'a' })
  const results: LiveResult<{ title: string }>[] = []
  db.events.live((result) => results.push(result))
  assert.equal(results.length, 0)
  db.events.insert({ title: 'b' })
  await settled()
  assert.equal(results.length, 1)
  const { rows, changes, complete } = results[0]!
  assert.deepEqual(
    rows.map((row) => row.title),
    ['a', 'b'],
  )
  assert.deepEqual(changes, { added: rows, updated: [], removed: [], moved: [] })
  assert.equal(complete, true)
  assert.ok(Object.isFrozen(rows))
})

test('changes made in one go come as one result, unchanged rows untouched', async () => {
  const { db } = openFake()
  for (const title of ['a', 'b', 'c', 'd']) db.events.insert({ title })
  const results: LiveResult<{ id: number; title: string }>[] = []
  db.events.live((result) => results.push(result))
  await settled()
  db.events.update(2, { title: 'B' })
  db.events.delete(3)
  db.events.insert({ title: 'e' })
  await settled()
  assert.equal(results.length, 2)
  const [before, after] = [results[0]!, results[1]!]
  assert.deepEqual(
    after.rows.map((row) => row.title),
    ['a', 'B', 'd', 'e'],
  )
  assert.equal(after.rows[0], before.rows[0])
  assert.equal(after.rows[2], before.rows[3])
  assert.deepEqual(after.changes.added, [after.rows[3]])
  assert.deepEqual(after.changes.updated, [after.rows[1]])
  assert.deepEqual(after.changes.removed, [before.rows[2]])
})

test('a result that did not change is not reported, and other tables are not asked', async () => {
  const { db, client } = openFake()
  db.events.insert({ title: 'a', priority: 5 })
  const shown = db.events.get(1)!
  let calls = 0
  db.events.where({ priority: gte(4) }).live(() => calls++)
  await settled()
  assert.equal(calls, 1)

  db.events.insert({ title: 'unimportant', priority: 1 })
  await settled()
  assert.equal(calls, 1)

  // The server confirms what is shown.
  client.arrive('events', JSON.parse(JSON.stringify({ ...shown, attendees: '0' })))
  await settled()
  assert.equal(calls, 1)

  client.calls.run = 0
  client.arrive('tags', { id: 'x', name: 'home' })
  await settled()
  assert.equal(client.calls.run, 0)
})

test('another order is a new result, and says what has moved', async () => {
  const { db } = openFake()
  db.events.insert({ title: 'a', priority: 1 })
  db.events.insert({ title: 'b', priority: 2 })
  const seen: string[] = []
  const changed: number[][] = []
  db.events.orderBy('priority').live(({ rows, changes: { added, updated, removed, moved } }) => {
    seen.push(rows.map((row) => row.title).join(''))
    changed.push([added, updated, removed, moved].map((some) => some.length))
  })
  await settled()
  db.events.update(1, { priority: 3 })
  await settled()
  assert.deepEqual(seen, ['ab', 'ba'])
  assert.deepEqual(changed, [
    [2, 0, 0, 0],
    [0, 1, 0, 1],
  ])
})

test('stopping ends it, also in the middle of a delivery', async () => {
  const { db } = openFake()
  const seen: string[] = []
  const stopFirst = db.events.live(() => {
    seen.push('first')
    stopSecond()
  })
  const stopSecond = db.events.live(() => seen.push('second'))
  await settled()
  stopFirst()
  stopFirst()
  db.events.insert({ title: 'a' })
  await settled()
  assert.deepEqual(seen, ['first'])
})

test('a subscriber that throws is reported, and does not reach the others', async () => {
  const { db } = openFake()
  let calls = 0
  const errors = await reported(() => {
    db.events.live(() => {
      throw new Error('mine')
    })
    db.events.live(() => calls++)
  })
  assert.deepEqual(errors.map(String), ['Error: mine'])
  assert.equal(calls, 1)
  // It is called again next time.
  assert.equal((await reported(() => void db.events.insert({ title: 'a' }))).length, 1)
  assert.equal(calls, 2)
})

test('a subscriber may write, and gets its own change as the next result', async () => {
  const { db } = openFake()
  const counts: number[] = []
  db.events.live(({ rows }) => {
    counts.push(rows.length)
    if (rows.length < 3) db.events.insert({ title: 'more' })
  })
  await settled()
  assert.deepEqual(counts, [0, 1, 2, 3])
})

test('a query that fails tells its observer of errors, and ends', async () => {
  const { db, client } = openFake()
  const seen: string[] = []
  db.events.live({ next: () => seen.push('next'), error: (error) => seen.push(error.code) })
  client.thrown = bindingError('invalid_query')
  await settled()
  db.events.insert({ title: 'a' })
  await settled()
  assert.deepEqual(seen, ['invalid_query'])
  // Without one, the error is the page's.
  client.thrown = bindingError('invalid_query')
  const errors = await reported(() => void db.events.live(() => seen.push('next')))
  assert.equal(errors.length, 1)
})

test('rows told apart by a key of several columns', async () => {
  const { db, client } = openFake()
  client.arrive('tag_assignments', { entity_type: 'a|1', entity_id: 1, tag_id: 1 })
  const results: LiveResult<{ entity_type: string }>[] = []
  db.tag_assignments.live((result) => results.push(result))
  await settled()
  db.tag_assignments.delete(['a|1', 1, 1])
  client.arrive('tag_assignments', { entity_type: 'a', entity_id: 1, tag_id: 1 })
  await settled()
  assert.equal(results[1]?.changes.added.length, 1)
  assert.equal(results[1]?.changes.removed.length, 1)
  assert.equal(results[1]?.changes.updated.length, 0)
})

/** All that was to be done before the next task is done. */
async function microtasks(): Promise<void> {
  for (let i = 0; i < 5; i++) await null
}

test('what has changed by the thousand is asked for in a task of its own, and a write of ours is not kept waiting', async () => {
  const { db, client } = openFake()
  const counts: number[] = []
  db.tags.live(({ rows }) => counts.push(rows.length))
  await settled()
  const many = Array.from({ length: 1_000 }, (_, i) => ({ id: String(i), name: 'a' }))
  client.arrive('tags', ...many.slice(0, 10))
  await microtasks()
  assert.deepEqual(counts, [0, 10], 'a few in a microtask')

  client.arrive('tags', ...many)
  await microtasks()
  assert.deepEqual(counts, [0, 10], 'many not yet')
  assert.equal(db.tags.count(), 1_000, 'but they are there')
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(counts, [0, 10, 1_000])

  client.arrive('tags', ...many.map((row) => ({ ...row, id: `1${row.id}x` })))
  db.tags.insert({ name: 'ours' })
  await microtasks()
  assert.deepEqual(counts, [0, 10, 1_000, 2_001], 'with ours at once')
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(counts.length, 4, 'and once')
})
