import assert from 'node:assert/strict'
import test from 'node:test'

import { HaversackError } from '../src/errors.js'
import { bindingError, openFake, reported, settled } from './fake-binding.js'

/** How a promise stands. */
async function state(promise: Promise<void>): Promise<string> {
  return Promise.race([
    promise.then(
      () => 'resolved',
      (error: HaversackError) => error.code,
    ),
    settled().then(() => 'pending'),
  ])
}

test('a write is visible at once and knows its key and row', () => {
  const { db } = openFake()
  const write = db.events.insert({ title: 'a' })
  assert.equal(write.key, 1)
  assert.equal(write.local, 1)
  assert.equal(write.row?.title, 'a')
  assert.equal(write.row, db.events.get(1))
  assert.equal(db.events.update(1, { title: 'b' }).row?.title, 'b')
  assert.equal(db.counters.insert({ id: 5n }).key, 5n)
  const pair = db.tag_assignments.insert({ entity_type: 'event', entity_id: 1, tag_id: 2 })
  assert.deepEqual(pair.key, ['event', 1, 2])
})

test('values are carried as the core reads them, and undefined counts as absent', () => {
  const { db, client } = openFake()
  const at = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6))
  db.events.insert({
    title: 'a',
    due_date: at,
    attendees: 9007199254740993n,
    location: null,
    status: undefined as never,
    cover: new Uint8Array([0, 16, 255]),
    labels: ['x', 'y'],
    custom_fields: { a: [1, null, { b: 'c' }] },
    priority: NaN,
  })
  assert.deepEqual(client.made[0]?.ops, [
    {
      op: 'insert',
      table: 'events',
      values: {
        title: 'a',
        due_date: '2026-01-02T03:04:05.006Z',
        attendees: '9007199254740993',
        location: null,
        cover: '\\x0010ff',
        labels: ['x', 'y'],
        custom_fields: { a: [1, null, { b: 'c' }] },
        priority: 'NaN',
      },
    },
  ])
})

test('what is not JSON is refused with its place', () => {
  const { db, client } = openFake()
  const circle: { self?: unknown } = {}
  circle.self = circle
  const cases: [unknown, RegExp][] = [
    [{ a: [1, () => 1] }, /custom_fields\.a\[1\]/],
    [{ a: { b: undefined } }, /custom_fields\.a\.b.*undefined/],
    [[1n], /custom_fields\[0\]/],
    [{ a: NaN }, /custom_fields\.a.*NaN/],
    [{ at: new Date() }, /custom_fields\.at/],
    [new Map(), /Map/],
    // eslint-disable-next-line no-sparse-arrays
    [[, 1], /custom_fields\[0\]/],
    [circle, /nested/],
  ]
  for (const [value, message] of cases) {
    assert.throws(
      () => db.events.insert({ title: 'a', custom_fields: value as never }),
      (error: HaversackError) =>
        error.code === 'type_mismatch' &&
        error.details.column === 'custom_fields' &&
        message.test(error.message),
      String(message),
    )
  }
  assert.throws(
    () => db.events.insert({ title: { text: 'a' } as never }),
    (error: HaversackError) => error.code === 'type_mismatch',
  )
  assert.deepEqual(client.made, [])
})

test('a column that does not exist is left for the core to refuse, whatever its value', () => {
  const { db, client } = openFake()
  client.thrown = bindingError('unknown_column', { table: 'events', column: 'state' })
  assert.throws(
    () => db.events.insert({ title: 'a', state: { a: 1 } } as never),
    (error: HaversackError) => error.code === 'unknown_column' && error.details.column === 'state',
  )
})

test('durable and synced resolve when the events come, before or after they are asked for', async () => {
  const { db, send } = openFake()
  const write = db.events.insert({ title: 'a' })
  assert.equal(await state(write.durable), 'pending')
  send({ kind: 'durable', local: write.local })
  assert.equal(await state(write.durable), 'resolved')
  assert.equal(await state(write.synced), 'pending')
  assert.equal(write.synced, write.synced)
  send({ kind: 'settled', local: write.local, seq: 1, outcome: 'applied', error: null })
  assert.equal(await state(write.synced), 'resolved')

  const late = db.events.insert({ title: 'b' })
  send({ kind: 'settled', local: late.local, seq: 2, outcome: 'merged', error: null })
  assert.equal(await state(late.durable), 'resolved')
  assert.equal(await state(late.synced), 'resolved')
})

test('synced rejects with the verdict and what Postgres said', async () => {
  const { db, send } = openFake()
  const write = db.events.insert({ title: 'a' })
  const error = bindingError('unique_violation', {
    sqlstate: '23505',
    constraint: 'events_title_key',
  })
  send({ kind: 'settled', local: write.local, seq: 1, outcome: 'rejected', error })
  await assert.rejects(write.synced, (thrown: HaversackError) => {
    assert.ok(thrown instanceof HaversackError)
    assert.equal(thrown.code, 'rejected')
    assert.equal(thrown.details.sqlstate, '23505')
    assert.equal(thrown.details.constraint, 'events_title_key')
    assert.equal(thrown.message, error.message)
    return true
  })
  assert.equal(await state(write.durable), 'resolved')
  for (const outcome of ['conflict', 'gone'] as const) {
    const other = db.events.insert({ title: 'b' })
    send({ kind: 'settled', local: other.local, seq: 2, outcome, error: null })
    assert.equal(await state(other.synced), outcome)
  }
})

test('a rejected write that nobody awaits is no unhandled rejection', async () => {
  const { db, send } = openFake()
  const unhandled: unknown[] = []
  const listen = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', listen)
  try {
    const errors = await reported(() => {
      const write = db.events.insert({ title: 'a' })
      send({ kind: 'settled', local: write.local, seq: 1, outcome: 'rejected', error: null })
    })
    await settled()
    assert.deepEqual([errors, unhandled], [[], []])
  } finally {
    process.off('unhandledRejection', listen)
  }
})

test('a write that storage refused rejects, or is reported where nobody asked', async () => {
  const { db, send } = openFake()
  const asked = db.events.insert({ title: 'a' })
  const durable = state(asked.durable)
  const errors = await reported(() => {
    send({ kind: 'failed', local: asked.local, error: bindingError('storage_quota') })
  })
  assert.deepEqual(errors, [])
  assert.equal(await durable, 'storage_quota')
  assert.equal(await state(asked.synced), 'storage_quota')

  const unasked = db.events.insert({ title: 'b' })
  const reports = await reported(() => {
    send({ kind: 'failed', local: unasked.local, error: bindingError('storage_failed') })
  })
  assert.deepEqual(
    reports.map((error) => (error as HaversackError).code),
    ['storage_failed'],
  )
})

test('closing rejects what is still open, and later calls', async () => {
  const { db } = openFake()
  const write = db.events.insert({ title: 'a' })
  const synced = state(write.synced)
  await db.close()
  await db.close()
  assert.equal(await synced, 'closed')
  assert.equal(await state(write.durable), 'closed')
  for (const call of [() => db.events.rows(), () => db.events.get(1), () => db.sync.now()]) {
    assert.throws(call, (error: HaversackError) => error.code === 'closed')
  }
  await assert.rejects(db.flush(), (error: HaversackError) => error.code === 'closed')
  assert.equal(db.sync.status.state, 'closed')
  assert.deepEqual(db.sync.pending, [])
})

test('half of a character is refused where it stands, and a whole one is not', () => {
  const { db } = openFake()
  const refused = (write: () => unknown, place: RegExp) =>
    assert.throws(write, (error: HaversackError) => {
      assert.equal(error.code, 'type_mismatch')
      assert.match(error.message, place)
      return true
    })
  refused(() => db.events.insert({ title: 'a\ud83c' }), /title holds half/)
  refused(() => db.events.insert({ title: '\udf92a' }), /title holds half/)
  refused(
    () => db.events.update(1, { custom_fields: { a: ['\ud83c'] } }),
    /custom_fields\.a\[0\] holds half/,
  )
  refused(() => db.events.update(1, { custom_fields: { '\ud83c': 1 } }), /custom_fields holds half/)
  assert.equal(db.events.insert({ title: '\u{1f392}' }).row?.title, '\u{1f392}')
})
