// Two tabs of one profile: one pushes, both write, no number and no key is used twice.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

let app

before(async () => {
  app = await App.start()
  await app.backend.sql(
    `insert into users (user_id, username, email, password_hash)
     values (1, 'ada', 'ada@example.org', 'x'), (2, 'grace', 'grace@example.org', 'x')`,
  )
})
after(() => app?.stop())

const insertMany = (prefix) => async () => {
  const writes = []
  for (let i = 0; i < 60; i += 1) {
    writes.push(db.events.insert({ title: `${prefix} ${i}` }))
    if (i % 10 === 0) await writes.at(-1).durable
  }
  await Promise.all(writes.map((write) => write.synced))
  return writes.map((write) => write.key)
}

test('both tabs write at once, and every row arrives exactly once', async () => {
  const profile = await app.profile()
  const [a, b] = await profile.twoTabs()
  await b.until(() => db.sync.status.lastSync !== null)
  const write = insertMany.toString()
  const insert = (prefix) => [`(${write})("${prefix}")()`]
  const keys = await Promise.all([a.page.evaluate(...insert('a')), b.page.evaluate(...insert('b'))])
  const all = keys.flat()
  assert.equal(new Set(all).size, 120, 'no key was used twice')
  await a.until(() => db.events.count() === 120 && db.sync.status.pending === 0)
  await b.until(() => db.events.count() === 120 && db.sync.status.pending === 0)
  const rows = await app.backend.sql('select event_id from events where user_id = 1 order by 1')
  assert.deepEqual(
    rows.map((row) => row.event_id),
    all.sort((x, y) => x - y),
  )
  const leaders = await Promise.all([a, b].map((tab) => tab.run(() => db.sync.status.leader)))
  assert.equal(leaders.filter(Boolean).length, 1, 'one tab leads')
  assert.deepEqual([...a.errors, ...b.errors], [])
})

test('a change in one tab shows in the other', async () => {
  const profile = await app.profile()
  const [a, b] = await profile.twoTabs()
  const key = await a.run(() => db.events.insert({ title: 'seen everywhere' }).key)
  await b.until((key) => db.events.get(key)?.title === 'seen everywhere', key)
  await b.run((key) => void db.events.update(key, { title: 'changed there' }), key)
  await a.until((key) => db.events.get(key)?.title === 'changed there', key)
  await a.synced()
  const [row] = await app.backend.sql('select title from events where event_id = $1', [key])
  assert.equal(row.title, 'changed there')
})

test('when the leading tab is closed, the other one leads and pushes', async () => {
  const profile = await app.profile()
  const [a, b] = await profile.twoTabs()
  assert.equal(await a.run(() => db.sync.status.leader), true)
  await a.close()
  await b.until(() => db.sync.status.leader)
  const outcome = await b.run(() => outcome(db.events.insert({ title: 'after the leader' }).synced))
  assert.equal(outcome.code, undefined, outcome.message)
})

test('a write of a tab that was closed offline is pushed by the next one', async () => {
  const profile = await app.profile()
  const a = await profile.tab()
  await a.open()
  await a.synced()
  await app.backend.end('SIGKILL')
  const key = await a.run(async () => {
    const write = db.events.insert({ title: 'left behind' })
    await write.durable
    return write.key
  })
  await a.close()
  await app.backend.serve()
  const b = await profile.tab()
  await b.open()
  await b.synced()
  const [row] = await app.backend.sql('select title from events where event_id = $1', [key])
  assert.equal(row?.title, 'left behind')
})

test('tabs that come and go offline do not use up the leased keys', async () => {
  const profile = await app.profile()
  const first = await profile.tab()
  await first.open()
  await first.synced()
  await first.close()
  await app.backend.end('SIGKILL')
  const keys = []
  try {
    // Were each tab to keep its sub-block, none would be left after the second.
    for (let i = 0; i < 8; i += 1) {
      const tab = await profile.tab()
      await tab.open()
      const made = await tab.run(async () => {
        const write = db.events.insert({ title: 'offline tab' })
        await write.durable
        return { key: write.key, temporary: write.temporary }
      })
      assert.equal(made.temporary, false, `tab ${i + 1} found a leased key`)
      keys.push(made.key)
      await tab.close()
    }
  } finally {
    await app.backend.serve()
  }
  assert.equal(new Set(keys).size, 8, 'and no key is used twice')
  const last = await profile.tab()
  await last.open()
  await last.synced()
  const rows = await app.backend.sql(`select event_id from events where title = 'offline tab'`)
  assert.deepEqual(rows.map((row) => row.event_id).sort(), keys.sort())
})
