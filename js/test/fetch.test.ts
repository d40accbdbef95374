import assert from 'node:assert/strict'
import test from 'node:test'

import { HaversackError } from '../src/errors.js'
import { gt } from '../src/operators.js'
import { meta } from '../src/state.js'
import { bindingError, openFake } from './fake-binding.js'

const TAG = { id: 'a', name: 'home' }

async function rejects(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof HaversackError, String(error))
    assert.equal(error.code, code)
    return true
  })
}

test('what is fetched is in the server’s order, and what is here just so is the same object', async () => {
  const { db, client } = openFake()
  client.arrive('tags', { id: 'a', name: 'home' })
  client.arrive('tags', { id: 'b', name: 'work' })
  const [home, work] = db.tags.rows()
  client.server = [{ id: 'b', name: 'work' }, { ...TAG }]
  const found = await db.tags.where({ name: gt('a') }).fetch()
  assert.deepEqual(found, [work, home])
  assert.ok(found[0] === work && found[1] === home)
  assert.ok(Object.isFrozen(found))
  assert.deepEqual(client.params, ['a'])
  assert.equal(db.sync.status.state, 'online', 'nothing is missing, so no sync is asked for')
})

test('what the replica lacks, or has otherwise, is as the server has it, and is asked for', async () => {
  const { db, client } = openFake()
  client.arrive('tags', { id: 'a', name: 'renamed here' })
  client.server = [{ ...TAG }, { id: 'new', name: 'new' }]
  const found = await db.tags.fetch()
  assert.deepEqual(found, [TAG, { id: 'new', name: 'new' }])
  assert.ok(found.every((row) => Object.isFrozen(row)))
  assert.equal(db.tags.get('a')?.name, 'renamed here', 'nothing is written')
  assert.equal(db.tags.get('new'), undefined)
  assert.equal(db.sync.status.state, 'syncing')
  assert.equal(meta(found[1]!).state, 'acknowledged', 'it is a row of the database all the same')
})

test('limit and offset are asked for, and a query that is wrong is refused before anybody is asked', async () => {
  const { db, client } = openFake()
  client.server = []
  await db.events.where({ priority: 3 }).limit(2).offset(1).fetch()
  assert.deepEqual(client.params, [3, 2, 1])
  const shape = client.shapes.at(-1)!
  assert.deepEqual([shape.limit, shape.offset], [true, true])
  await rejects('unknown_column', db.events.where({ state: 1 } as never).fetch())
  client.thrown = bindingError('network')
  await rejects('network', db.events.fetch())
})

test('without a server the rows are those that are here', async () => {
  const { db, client } = openFake()
  client.arrive('tags', TAG)
  const [home] = db.tags.rows()
  const found = await db.tags.fetch()
  assert.ok(found.length === 1 && found[0] === home)
})

test('a database that was closed meanwhile gives no rows', async () => {
  const { db, client } = openFake()
  client.server = [TAG]
  const asked = db.tags.fetch()
  await db.close()
  await rejects('closed', asked)
  await rejects('closed', db.tags.fetch())
})
