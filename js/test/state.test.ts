import assert from 'node:assert/strict'
import test from 'node:test'

import type { LiveResult } from '../src/live.js'
import { meta } from '../src/state.js'
import type { RowState } from '../src/state.js'
import { openFake, settled } from './fake-binding.js'
import type { Fake } from './fake-binding.js'

/** The core says that an event stands elsewhere. */
function stand({ client, send }: Fake, id: number, state: RowState): void {
  client.states.set(`events [${id}]`, state)
  send({ kind: 'changed' })
}

type Result = LiveResult<{ readonly id: number; readonly title: string }>

/** What a live query that asks for states, and one that does not, are told. */
function watch({ db }: Fake): { asking: Result[]; others: Result[] } {
  const [asking, others]: [Result[], Result[]] = [[], []]
  db.events.live((result) => asking.push(result), { state: true })
  db.events.live((result) => others.push(result))
  return { asking, others }
}

test('a state is asked for by key and by row', () => {
  const fake = openFake()
  const { db } = fake
  db.events.insert({ title: 'a' })
  db.tag_assignments.insert({ entity_type: 'event', entity_id: 1, tag_id: 2 })
  const row = db.events.get(1)!
  assert.equal(db.events.state(1), 'acknowledged')
  assert.equal(meta(row).state, 'acknowledged')
  for (const state of ['pending', 'sent', 'rejected', 'conflict', 'acknowledged'] as const) {
    stand(fake, 1, state)
    assert.equal(db.events.state(1), state)
    assert.equal(meta(row).state, state)
    assert.equal(db.events.state(2), 'acknowledged', 'another row')
  }
  fake.client.states.set('tag_assignments ["event",1,2]', 'sent')
  assert.equal(db.tag_assignments.state(['event', 1, 2]), 'sent')
  assert.equal(meta(db.tag_assignments.rows()[0]!).state, 'sent')
  assert.throws(() => db.events.state('1' as unknown as number), { code: 'type_mismatch' })
})

test('a row tells its state after it has changed, and nothing else shows it', () => {
  const fake = openFake()
  const { db } = fake
  db.events.insert({ title: 'a' })
  const before = db.events.get(1)!
  db.events.update(1, { title: 'b' })
  assert.notEqual(db.events.get(1), before)
  stand(fake, 1, 'sent')
  assert.equal(meta(before).state, 'sent')
  assert.deepEqual(Reflect.ownKeys(before), Reflect.ownKeys(db.events.get(1)!))
  assert.ok(!JSON.stringify({ ...before, attendees: 0 }).includes('sent'))
})

test('what is no row of a database has no state', () => {
  const { db } = openFake()
  db.events.insert({ title: 'a' })
  const row = db.events.get(1)!
  for (const other of [{ ...row }, {}, { ...row, id: 'a' }]) {
    assert.throws(() => meta(other), { code: 'invalid_query', message: /no row/ })
  }
})

test('a row that is drawn once more when its database has ended does not fail', async () => {
  const closed = openFake()
  closed.db.events.insert({ title: 'a' })
  stand(closed, 1, 'pending')
  const row = closed.db.events.get(1)!
  await closed.db.close()
  assert.equal(meta(row).state, 'pending')
  assert.throws(() => closed.db.events.state(1), { code: 'closed' })

  const trapped = openFake()
  trapped.db.events.insert({ title: 'a' })
  const last = trapped.db.events.get(1)!
  trapped.client.thrown = new WebAssembly.RuntimeError('unreachable')
  assert.throws(() => trapped.db.events.rows(), { code: 'internal' })
  assert.equal(meta(last).state, 'acknowledged', 'what stopped half-way is not asked')
})

test('a row of one database is not taken for one of another', () => {
  const [first, second] = [openFake(), openFake()]
  for (const { db } of [first, second]) db.events.insert({ title: 'a' })
  stand(second, 1, 'rejected')
  assert.equal(meta(first.db.events.get(1)!).state, 'acknowledged')
  assert.equal(meta(second.db.events.get(1)!).state, 'rejected')
})

test('a live query that asks is told of states, with a new object for the row alone', async () => {
  const fake = openFake()
  fake.db.events.insert({ title: 'a' })
  fake.db.events.insert({ title: 'b' })
  const { asking, others } = watch(fake)
  await settled()
  const [a, b] = asking[0]!.rows
  assert.equal(a, fake.db.events.get(1), 'what is acknowledged is the row itself')
  let last = a!
  for (const state of ['pending', 'sent', 'pending', 'acknowledged'] as const) {
    stand(fake, 1, state)
    await settled()
    const { rows, changes } = asking.at(-1)!
    assert.notEqual(rows[0], last)
    assert.deepEqual(rows[0], a)
    assert.equal(rows[1], b)
    assert.deepEqual(changes, { added: [], updated: [rows[0]], removed: [], moved: [] })
    assert.ok(Object.isFrozen(rows[0]))
    assert.equal(meta(rows[0]!).state, state)
    last = rows[0]!
  }
  assert.equal(asking.length, 5)
  assert.equal(others.length, 1, 'contents are as they were')
  assert.equal(last, a)
})

test('a row keeps its object as long as content and state are the same', async () => {
  const fake = openFake()
  fake.db.events.insert({ title: 'a' })
  fake.db.events.insert({ title: 'b' })
  stand(fake, 1, 'pending')
  const { asking } = watch(fake)
  await settled()
  stand(fake, 2, 'pending')
  await settled()
  assert.equal(asking.length, 2)
  assert.equal(asking[1]!.rows[0], asking[0]!.rows[0])
  fake.db.events.update(1, { title: 'c' })
  await settled()
  assert.deepEqual(
    asking[2]!.changes.updated.map(({ title }) => title),
    ['c'],
  )
  assert.equal(asking[2]!.rows[1], asking[1]!.rows[1])
})

test('what was refused and conflicts change states too; nothing is run where none changed', async () => {
  const fake = openFake()
  fake.db.events.insert({ title: 'a' })
  const { asking } = watch(fake)
  await settled()
  for (const [kind, state] of [
    ['rejected', 'rejected'],
    ['lost', 'conflict'],
  ] as const) {
    fake.client.states.set('events [1]', state)
    fake.send({ kind })
    await settled()
    assert.equal(meta(asking.at(-1)!.rows[0]!).state, state)
  }
  fake.client.calls.run = 0
  fake.send({ kind: 'changed' })
  fake.send({ kind: 'rejected' })
  await settled()
  assert.equal(fake.client.calls.run, 0)
})
