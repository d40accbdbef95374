// What a database says of itself in a browser: what is on disk, and what waits.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

let app

before(async () => {
  app = await App.start()
  await app.addUsers(1)
})
after(() => app?.stop())

test('two tabs say the same of where the replica stands, and of what waits', async () => {
  const profile = await app.profile()
  const [a, b] = await profile.twoTabs()
  await b.until(() => db.sync.status.lastSync !== null)
  const [first, other] = await Promise.all([a, b].map((tab) => tab.run(() => db.inspect())))
  assert.deepEqual(other.standing, first.standing)
  assert.equal(first.standing.fingerprint, app.schema.fingerprint)
  assert.ok(first.standing.cursor && first.standing.epoch)
  await a.run(() => db.events.insert({ title: 'sent' }).synced)
  const later = await b.run(() => db.inspect())
  assert.notEqual(later.standing.cursor, first.standing.cursor)
  assert.equal(later.standing.judged, 1)
  assert.equal(later.tables.find((table) => table.name === 'events').rows, 1)
  await app.backend.end('SIGKILL')
  try {
    await a.run(() => db.events.insert({ title: 'waits' }).durable)
    await b.until(() => db.sync.pending.length === 1)
    const { queue, status } = await b.run(() => db.inspect())
    assert.deepEqual(
      queue.map(({ seq, ops }) => [seq, ops[0].values.title]),
      [[2, 'waits']],
    )
    assert.equal(status.pending, 1)
  } finally {
    await app.backend.serve()
  }
})
