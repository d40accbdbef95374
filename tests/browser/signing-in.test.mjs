// Who the user is: no token, a bad one, another one; and that opening never waits for any.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

let app

before(async () => {
  app = await App.start()
  await app.backend.sql(
    `insert into users (user_id, username, email, password_hash)
     values (1, 'ada', 'ada@example.org', 'x'), (2, 'grace', 'grace@example.org', 'x');
     insert into events (user_id, title) values (1, 'of ada'), (2, 'of grace')`,
  )
})
after(() => app?.stop())

test('without a token nothing can be written, and nothing is lost by asking', async () => {
  const tab = await (await app.profile()).tab()
  const opened = await tab.open({ token: null })
  assert.equal(opened.code, undefined)
  const refused = await tab.run(() => thrown(() => db.events.insert({ title: 'too early' })))
  assert.equal(refused.code, 'not_signed_in')
  assert.equal(refused.recovery, 'authenticate')
  assert.equal(await tab.run(() => db.events.count()), 0)
  await tab.run((token) => void (globalThis.token = token), app.backend.token('1'))
  await tab.until(() => db.user === '1' && db.events.count() === 1)
})

test('an expired token pauses the sync, and a new one resumes it', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open({ token: app.backend.token('1', { seconds: -60 }) })
  await tab.until(() => db.sync.status.state === 'signed-out')
  assert.equal(await tab.run(() => db.sync.status.error.code), 'token_expired')
  const key = await tab.run((token) => {
    globalThis.token = token
    db.sync.now()
    return db.user
  }, app.backend.token('1'))
  assert.equal(key, '1')
  await tab.until(() => db.sync.status.state === 'online' && db.events.count() > 0)
})

test('a wrongly signed token is refused', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open({ token: app.backend.token('1', { secret: 'x'.repeat(64) }) })
  await tab.until(() => db.sync.status.state === 'signed-out')
  assert.equal(await tab.run(() => db.sync.status.error.code), 'token_invalid')
  assert.equal(await tab.run(() => db.events.count()), 0)
})

test("another user's token closes the instance, and the next one shows that user alone", async () => {
  const profile = await app.profile()
  const tab = await profile.tab()
  await tab.open({ user: '1' })
  await tab.synced()
  const kept = await tab.run(() => db.events.rows().map((row) => row.title))
  assert.ok(kept.includes('of ada'))
  await tab.load()
  await tab.open({ user: '2' })
  const closed = await tab.until(
    () => db.sync.status.state === 'closed' && db.sync.status.error.code,
  )
  assert.equal(closed, 'identity_changed')
  const refused = await tab.run(() => thrown(() => db.events.insert({ title: 'as whom?' })))
  assert.equal(refused.code, 'identity_changed')
  await tab.load()
  await tab.open({ user: '2' })
  await tab.until(() => db.events.count() === 1)
  assert.deepEqual(await tab.run(() => db.events.rows().map((row) => row.title)), ['of grace'])
})

test('opening waits neither for the network nor for a token', async () => {
  const profile = await app.profile()
  const tab = await profile.tab()
  await tab.open({ user: '1' })
  await tab.synced()
  const count = await tab.run(() => db.events.count())
  await tab.load()
  await tab.run(() => {
    globalThis.never = new Promise(() => {})
  })
  const opened = await tab.page.evaluate(
    async ({ schema }) => {
      const url = 'http://127.0.0.1:9'
      const start = performance.now()
      // The same endpoint is another one by name: the database is named by it.
      const db = await haversack.open({ schema, url, token: () => globalThis.never })
      return { milliseconds: performance.now() - start, rows: db.events.count() }
    },
    { schema: app.schema },
  )
  assert.ok(opened.milliseconds < 5000, `it took ${opened.milliseconds} ms`)
  assert.equal(opened.rows, 0)
  const again = await tab.open({ token: null })
  assert.equal(again.code, undefined)
  assert.equal(await tab.run(() => db.events.count()), count, 'the last user is known')
})
