import assert from 'node:assert/strict'
import test from 'node:test'

import type { HaversackError } from '../src/errors.js'
import type { NewRow } from '../src/transaction.js'
import { bindingError, openFake, settled } from './fake-binding.js'

const misused = (error: HaversackError): boolean => error.code === 'transaction_misused'

test('a transaction is one mutation', async () => {
  const { db, client, send } = openFake()
  db.events.insert({ title: 'old' })
  const write = db.transaction((tx) => {
    tx.events.update(1, { title: 'new' })
    tx.tags.insert({ id: 'x', name: 'home' })
    tx.table('sync').insert({ id: 'a' })
    tx.sync.delete('a')
    assert.equal(db.events.get(1)?.title, 'old')
    assert.equal(client.made.length, 1)
  })
  assert.equal(client.made.length, 2)
  assert.deepEqual(
    client.made[1]?.ops.map(({ op, table }) => `${op} ${table}`),
    ['update events', 'insert tags', 'insert sync', 'delete sync'],
  )
  assert.equal(db.events.get(1)?.title, 'new')
  assert.equal(write.key, undefined)
  send({ kind: 'settled', local: write.local, seq: 2, outcome: 'applied', error: null })
  await write.synced
})

test('rows can refer to rows inserted before them, whose keys are known afterwards', () => {
  const { db } = openFake()
  const made = db.transaction((tx) => {
    const parent = tx.events.insert({ title: 'parent' })
    const child = tx.events.insert({ title: 'child', event_id: parent })
    tx.events.update(2, { event_id: parent })
    assert.throws(() => parent.key, misused)
    kept = [parent, child]
  })
  assert.equal(made.local, 1)
  assert.deepEqual(
    kept.map((row) => row.key),
    [1, 2],
  )
  assert.equal(db.events.get(2)?.event_id, 1)
  // Known by now, so it is a value like any other.
  db.transaction((tx) => tx.events.insert({ title: 'grandchild', event_id: kept[1]! }))
  assert.equal(db.events.get(3)?.event_id, 2)
})
let kept: NewRow<number>[] = []

test('a callback that throws applies nothing', () => {
  const { db, client } = openFake()
  assert.throws(
    () =>
      db.transaction((tx) => {
        tx.events.insert({ title: 'a' })
        throw new Error('mine')
      }),
    /mine/,
  )
  assert.throws(
    () =>
      db.transaction((tx) => {
        tx.events.insert({ title: 'a' })
        tx.events.insert({ title: 'b', custom_fields: (() => 1) as never })
      }),
    (error: HaversackError) => error.code === 'type_mismatch',
  )
  assert.deepEqual(client.made, [])
  assert.equal(db.events.count(), 0)
})

test('what the core refuses leaves nothing behind', () => {
  const { db, client } = openFake()
  client.thrown = bindingError('unique_violation')
  assert.throws(
    () => db.transaction((tx) => tx.events.insert({ title: 'a' })),
    (error: HaversackError) => error.code === 'unique_violation',
  )
  assert.equal(db.events.count(), 0)
})

test('a callback that gives a promise is an error, applies nothing and leaves no rejection', async () => {
  const { db, client } = openFake()
  const unhandled: unknown[] = []
  const listen = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', listen)
  try {
    assert.throws(
      () =>
        db.transaction(async (tx) => {
          tx.events.insert({ title: 'a' })
          await settled()
          tx.events.insert({ title: 'too late' })
        }),
      misused,
    )
    await settled()
    await settled()
  } finally {
    process.off('unhandledRejection', listen)
  }
  assert.deepEqual(unhandled, [])
  assert.deepEqual(client.made, [])
})

test('a handle kept beyond the callback is refused', () => {
  const { db, client } = openFake()
  let late: (() => void) | undefined
  db.transaction((tx) => {
    late = () => void tx.events.insert({ title: 'late' })
  })
  assert.throws(() => late?.(), misused)
  assert.deepEqual(client.made, [])
})

test('a transaction of nothing is done at once', async () => {
  const { db, client } = openFake()
  const write = db.transaction(() => {})
  await write.durable
  await write.synced
  assert.deepEqual(client.made, [])
})

test('a new row of another transaction that failed is refused', () => {
  const { db } = openFake()
  assert.throws(() =>
    db.transaction((tx) => {
      kept = [tx.events.insert({ title: 'a' })]
      throw new Error('mine')
    }),
  )
  assert.throws(
    () => db.transaction((tx) => tx.events.insert({ title: 'b', event_id: kept[0]! })),
    misused,
  )
})
