import assert from 'node:assert/strict'
import test from 'node:test'

import { sameValue } from '../src/values.js'
import { openFake } from './fake-binding.js'

test('a row is the same object until its content changes', () => {
  const { db, client } = openFake()
  db.events.insert({ title: 'a', custom_fields: { deep: [1, { x: 2 }] } })
  db.events.insert({ title: 'b' })
  const [a, b] = db.events.rows()
  assert.equal(db.events.get(1), a)
  assert.deepEqual(db.events.rows(), [a, b])
  assert.equal(db.events.rows()[1], b)
  assert.ok(Object.isFrozen(a))

  db.events.update(1, { title: 'c' })
  assert.equal(a?.title, 'a')
  assert.notEqual(db.events.get(1), a)
  assert.equal(db.events.get(1)?.title, 'c')
  assert.equal(db.events.get(2), b)

  // The server confirms what is shown already: another record, the same content.
  const shown = db.events.get(1)!
  client.arrive('events', { ...JSON.parse(JSON.stringify({ ...shown, attendees: '0' })) })
  assert.equal(db.events.get(1), shown)
})

test('rows that are not held yet come in one call', () => {
  const { db, client } = openFake()
  for (let i = 0; i < 100; i++) db.events.insert({ title: `t${i}` })
  db.events.get(50)
  client.calls.rows = 0
  assert.equal(db.events.rows().length, 100)
  assert.equal(client.calls.rows, 1)
  db.events.rows()
  assert.equal(client.calls.rows, 1)
})

test('hits survive memory that grows while rows are fetched', () => {
  const { db, client } = openFake()
  for (let i = 1; i <= 20; i++) db.events.insert({ title: `t${i}` })
  client.growOnRows = true
  const expected = Array.from({ length: 20 }, (_, i) => `t${i + 1}`)
  assert.deepEqual(
    db.events.rows().map((row) => row.title),
    expected,
  )
  client.growOnRows = false
  assert.deepEqual(
    db.events.rows().map((row) => row.title),
    expected,
  )
})

test('a deleted row is gone, and its slot no longer shows it', () => {
  const { db } = openFake()
  db.events.insert({ title: 'a' })
  const row = db.events.get(1)
  assert.equal(row?.title, 'a')
  const write = db.events.delete(1)
  assert.equal(db.events.get(1), undefined)
  assert.equal(write.row, undefined)
  assert.deepEqual(db.events.rows(), [])
})

test('equal bytes and JSON keep a row, other ones do not', () => {
  assert.ok(sameValue({ a: [1, { b: null }] }, { a: [1, { b: null }] }))
  assert.ok(sameValue(new Uint8Array([1, 2]), new Uint8Array([1, 2])))
  assert.ok(sameValue(NaN, NaN))
  assert.ok(!sameValue(new Uint8Array([1, 2]), new Uint8Array([1, 3])))
  assert.ok(!sameValue([], {}))
  assert.ok(!sameValue({ a: undefined }, { b: undefined }))
  assert.ok(!sameValue({ a: 1 }, { a: 1, b: 2 }))
  assert.ok(!sameValue(null, {}))
})
