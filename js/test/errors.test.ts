import assert from 'node:assert/strict'
import test from 'node:test'

import { HaversackError } from '../src/errors.js'
import { toDate } from '../src/types.js'
import type { Timestamp } from '../src/types.js'
import { bindingError, openFake, settled } from './fake-binding.js'

test("the binding's errors become ours", () => {
  const { db, client } = openFake()
  client.thrown = bindingError('keys_exhausted', { table: 'events', hint: 'sync' })
  assert.throws(
    () => db.events.insert({ title: 'a' }),
    (error) => {
      assert.ok(error instanceof HaversackError && error instanceof Error)
      assert.equal(error.code, 'keys_exhausted')
      assert.equal(error.recovery, 'none')
      assert.deepEqual(error.details, { table: 'events', hint: 'sync' })
      assert.equal(error.name, 'HaversackError')
      return true
    },
  )
  // It was an answer, not a defect: the database goes on.
  assert.equal(db.events.insert({ title: 'a' }).key, 1)
})

test('a module that trapped is never called again, by no database of the page', async () => {
  const one = openFake()
  const other = openFake(one.instance)
  const seen: string[] = []
  one.db.sync.onChange(() => seen.push(one.db.sync.status.state))
  other.db.events.live({ next: () => {}, error: (error) => seen.push(error.code) })
  await settled()
  one.client.thrown = new WebAssembly.RuntimeError('unreachable')
  const isInternal = (error: HaversackError): boolean =>
    error.code === 'internal' && /reload/.test(error.message)
  assert.throws(() => one.db.events.get(1), isInternal)
  one.client.calls.run = 0
  assert.throws(() => one.db.events.rows(), isInternal)
  assert.throws(() => other.db.events.insert({ title: 'a' }), isInternal)
  assert.equal(one.client.calls.run, 0)
  assert.deepEqual(other.client.made, [])
  await settled()
  assert.deepEqual(seen, ['internal', 'closed'])
  assert.equal(one.db.sync.status.error?.code, 'internal')
})

test('a panic in a task of the module ends all databases of the page', async () => {
  const one = openFake()
  const other = openFake(one.instance)
  one.send({ kind: 'closed', error: bindingError('internal') })
  assert.throws(
    () => other.db.events.rows(),
    (error: HaversackError) => error.code === 'internal' && /reload/.test(error.message),
  )
  assert.equal(other.db.sync.status.state, 'closed')
})

test("a browser's error in a promise is internal, and does not end the database", async () => {
  const { db, client } = openFake()
  client.flush = async () => {
    throw new DOMException('gone', 'InvalidStateError')
  }
  await assert.rejects(db.flush(), (error: HaversackError) => error.code === 'internal')
  assert.equal(db.events.insert({ title: 'a' }).key, 1)
})

test('timestamps become dates, in UTC and to the millisecond', () => {
  const at = (text: string): string => toDate(text as Timestamp).toISOString()
  assert.equal(at('2026-03-01T09:30:00.123456Z'), '2026-03-01T09:30:00.123Z')
  assert.equal(at('2026-03-01T09:30:00'), '2026-03-01T09:30:00.000Z')
  assert.equal(at('2026-03-01 09:30:00.5'), '2026-03-01T09:30:00.500Z')
  assert.equal(at('2026-03-01T09:30:00+02:00'), '2026-03-01T07:30:00.000Z')
  assert.ok(Number.isNaN(toDate('infinity' as Timestamp).getTime()))
})
