// What fails once, closes early or is forgotten leaves a database that goes on.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

let app

before(async () => {
  app = await App.start()
  await app.backend.sql(
    `insert into users (user_id, username, email, password_hash)
     values (1, 'ada', 'ada@example.org', 'x');
     insert into events (user_id, title) values (1, 'known to the server')`,
  )
})
after(() => app?.stop())

test('an instance closed before sign-in leaves the lead to the next one', async () => {
  const tab = await (await app.profile()).tab()
  const [schema, url, token] = [app.schema, app.backend.url, app.backend.token('1')]
  await tab.page.evaluate(
    async ({ schema, url, token }) => {
      let signIn
      const early = await haversack.open({
        schema,
        url,
        token: () => new Promise((resolve) => (signIn = resolve)),
      })
      await early.close()
      signIn(token)
      globalThis.db = await haversack.open({ schema, url, token: async () => token })
    },
    { schema, url, token },
  )
  await tab.until(() => db.sync.status.leader && db.sync.status.state === 'online')
  const locks = await tab.run(async () => {
    const { held, pending } = await navigator.locks.query()
    return { held: held.length, pending: pending.length }
  })
  assert.deepEqual(locks, { held: 2, pending: 0 }, "the leader's lock and the tab's own")
})

test('a lead that the store refuses once is taken again', async () => {
  const tab = await (await app.profile()).tab()
  await tab.load(() => {
    globalThis.refusals = 0
    const put = IDBObjectStore.prototype.put
    IDBObjectStore.prototype.put = function (value, key) {
      if (key === 'fence' && globalThis.refusals === 0) {
        globalThis.refusals += 1
        throw new DOMException('once', 'UnknownError')
      }
      return put.call(this, value, key)
    }
  })
  await tab.open()
  await tab.until(() => db.sync.status.leader && db.sync.status.state === 'online')
  assert.equal(await tab.run(() => refusals), 1)
  assert.equal(await tab.run(() => db.sync.status.error), null, 'what is over is not reported')
})

test('a sign-in whose store fails once succeeds without asking for tokens in a loop', async () => {
  const tab = await (await app.profile()).tab()
  const [schema, url, token] = [app.schema, app.backend.url, app.backend.token('1')]
  await tab.page.evaluate(
    async ({ schema, url, token }) => {
      Object.assign(globalThis, { refusals: 0, asked: 0 })
      const original = IDBDatabase.prototype.transaction
      IDBDatabase.prototype.transaction = function (names, ...rest) {
        if (names.includes('journal') && globalThis.refusals === 0) {
          globalThis.refusals += 1
          throw new DOMException('once', 'UnknownError')
        }
        return original.call(this, names, ...rest)
      }
      const source = async () => {
        globalThis.asked += 1
        return token
      }
      globalThis.db = await haversack.open({ schema, url, token: source })
    },
    { schema, url, token },
  )
  await tab.until(() => db.user === '1' && db.sync.status.state === 'online')
  const { refusals, asked } = await tab.run(() => ({ refusals, asked }))
  assert.equal(refusals, 1)
  assert.ok(asked <= 4, `it asked for ${asked} tokens`)
})

test('an insert that is refused gives its key back', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open()
  await tab.synced()
  await app.backend.end('SIGKILL')
  try {
    const seen = await tab.run(async () => {
      const first = db.events.insert({ title: 'the first' })
      const codes = new Set()
      // More than a tab ever holds of leased ones.
      for (let i = 0; i < 1200; i += 1) {
        codes.add(thrown(() => db.events.insert({ title: null })).code)
      }
      const next = db.events.insert({ title: 'the next' })
      await next.durable
      return { codes: [...codes], between: next.key - first.key, temporary: next.temporary }
    })
    assert.deepEqual(seen, { codes: ['not_null_violation'], between: 1, temporary: false })
  } finally {
    await app.backend.serve()
  }
  await tab.run(() => db.sync.now())
  await tab.synced()
})

/** What a restore from an older backup leaves of our records. */
const RESTORES = {
  'knows nothing of the replica': 'delete from haversack.replicas',
  'lacks the last write of the replica': 'update haversack.replicas set last_seq = last_seq - 1',
}

for (const [what, records] of Object.entries(RESTORES)) {
  test(`after a restore that ${what}, a queued change arrives, and so does the next`, async () => {
    const tab = await (await app.profile()).tab()
    await tab.open()
    await tab.synced()
    const key = await tab.run(async () => {
      const write = db.events.insert({ title: 'before the restore' })
      await write.synced
      await db.events.update(write.key, { title: 'changed before the restore' }).synced
      return write.key
    })
    const row = async () => {
      const sql = 'select title, description from events where event_id = $1'
      return (await app.backend.sql(sql, [key]))[0]
    }
    await app.backend.end('SIGKILL')
    await tab.run((key) => db.events.update(key, { title: 'queued' }).durable, key)
    await app.backend.sql(`${records}; update haversack.meta set history = gen_random_uuid()`)
    await app.backend.serve()
    await tab.run(() => db.sync.now())
    await tab.synced()
    assert.deepEqual(await row(), { title: 'queued', description: null })
    await tab.run((key) => db.events.update(key, { description: 'next' }).synced, key)
    assert.deepEqual(await row(), { title: 'queued', description: 'next' })
    // Keys that were leased before the restore are void; new ones come with the next sync.
    const made = await tab.run(() => outcome(db.events.insert({ title: 'new' }).synced))
    assert.equal(made.code, undefined, made.message)
    const refused = await tab.run(() => db.sync.rejected.length + db.conflicts.lost.length)
    assert.equal(refused, 0)
  })
}

test('a store of the schema before a migration opens, and what it queued arrives', async () => {
  const profile = await app.profile()
  const tab = await profile.tab()
  await tab.open()
  await tab.synced()
  await tab.run(() => db.flush())
  const before = app.schema
  await app.backend.end('SIGTERM')
  const key = await tab.run(async () => {
    const write = db.events.insert({ title: 'queued before the migration' })
    await write.durable
    return write.key
  })
  await app.backend.sql(`alter table events add column mood text default 'calm'`)
  await app.backend.attach()
  await app.backend.serve()
  app.schema = await (await fetch(`${app.backend.url}/v1/schema`)).json()
  assert.notEqual(app.schema.fingerprint, before.fingerprint)
  await tab.load()
  const opened = await tab.open()
  assert.equal(opened.code, undefined, opened.message)
  await tab.until((key) => db.events.get(key)?.mood === 'calm', key)
  await tab.synced()
  const [row] = await app.backend.sql('select title, mood from events where event_id = $1', [key])
  assert.deepEqual(row, { title: 'queued before the migration', mood: 'calm' })
  // The row stores have the new column too: they are all that this tab has at first.
  await tab.run(() => db.flush())
  await tab.load()
  await tab.open({ token: null })
  const moods = await tab.run(() => db.events.rows().map((row) => row.mood))
  assert.ok(moods.length >= 2)
  assert.deepEqual([...new Set(moods)], ['calm'])
})

test('two histories that answer in turn are not asked in a loop, and the queue is kept', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open()
  await tab.synced()
  let asked = 0
  // As where an old and a new primary are behind one address, or something repeats a reset.
  await tab.page.route('**/v1/sync', async (route) => {
    const answer = await route.fetch()
    const body = (await answer.text()).replace(/"epoch":"[^"]*"/, `"epoch":"${asked++ % 2}"`)
    await route.fulfill({ response: answer, body })
  })
  const title = 'written between two histories'
  await tab.run((title) => db.events.insert({ title }).durable, title)
  await tab.page.waitForTimeout(3_000)
  assert.ok(asked >= 2, 'it meets the other one, and asks again')
  // Twice at once, then a second apart at least; and as often again where the socket becomes ready.
  assert.ok(asked <= 10, `it asked ${asked} times in 3 s`)
  await tab.page.unroute('**/v1/sync')
  await tab.run(() => db.sync.now())
  await tab.synced()
  assert.equal(await tab.run(() => db.sync.rejected.length), 0)
  const rows = await app.backend.sql('select 1 from events where title = $1', [title])
  assert.equal(rows.length, 1)
})
