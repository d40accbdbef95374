// Postgres goes back to a backup: what devices had been told is applied, they offer again (F32).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

let app

before(async () => {
  app = await App.start()
  await app.addUsers(2)
})
after(() => app?.stop())

const shown = () => db.events.rows().map((row) => [row.event_id, row.title])

test('what a restored server has lost comes back, once, under its keys, with what was written meanwhile', async () => {
  const profile = await app.profile()
  const [a, b] = await profile.twoTabs()
  const first = await a.run(async () => {
    const write = db.events.insert({ title: 'before the backup' })
    await write.synced
    return write.key
  })
  await app.backend.backup()
  await a.synced()

  const lost = await a.run(async (first) => {
    await db.events.update(first, { title: 'renamed after the backup' }).synced
    const event = db.events.insert({ title: 'after the backup' })
    const tag = db.tags.insert({ name: 'new' })
    db.tag_assignments.insert({ taggable_type: 'event', taggable_id: event.key, tag_id: tag.key })
    await event.synced
    const gone = db.events.insert({ title: 'made and deleted' })
    await gone.synced
    await db.events.delete(gone.key).synced
    return event.key
  }, first)
  await a.synced()
  await app.backend.end('SIGKILL')
  const meanwhile = await b.run(async (lost) => {
    db.events.update(lost, { description: 'written meanwhile' })
    const write = db.events.insert({ title: 'made meanwhile' })
    await write.durable
    return write.key
  }, lost)
  await app.backend.restore()
  assert.equal((await app.backend.sql('select * from events')).length, 1, 'it is lost')
  await app.backend.serve()

  await a.run(() => db.sync.now())
  const sql = 'select event_id, title, description from events order by event_id'
  const expected = [
    [first, 'renamed after the backup'],
    [lost, 'after the backup'],
    [meanwhile, 'made meanwhile'],
  ]
  for (const tab of [a, b]) {
    await tab.until(() => db.sync.status.pending === 0 && db.sync.status.state === 'online')
    await tab.until(() => db.events.count() === 3)
    assert.deepEqual((await tab.run(shown)).sort(), expected.toSorted())
    assert.deepEqual(await tab.run(() => db.sync.rejected.map((r) => r.error.message)), [])
  }
  const rows = await app.backend.sql(sql)
  assert.deepEqual(
    rows.map((row) => [row.event_id, row.title]),
    expected,
  )
  assert.equal(rows[1].description, 'written meanwhile')
  const tagged = await app.backend.sql('select taggable_id from tag_assignments')
  assert.deepEqual(tagged, [{ taggable_id: lost }])

  // Another device sees the same, and is given no key that anybody holds.
  const other = await (await app.profile()).tab()
  await other.open()
  await other.synced()
  assert.deepEqual((await other.run(shown)).sort(), expected.toSorted())
  const fresh = await other.run(async () => {
    const write = db.events.insert({ title: 'of another device' })
    await write.synced
    return write.key
  })
  assert.ok(fresh > 1_000_000, `${fresh} may have been given before`)
  for (const tab of [a, b, other]) assert.deepEqual(tab.errors, [])
})
