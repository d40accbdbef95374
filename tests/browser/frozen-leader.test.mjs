// A leader that is frozen keeps its lock: the others notice by its silence, and one of them takes
// the lead (F19). What the frozen one does when it thaws is no leader's any more.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

/** Within so long a frozen leader is replaced, and what waited is pushed. */
const REPLACED_MS_MAX = 5_000

let app

before(async () => {
  app = await App.start()
  await app.backend.sql(
    `insert into users (user_id, username, email, password_hash)
     values (1, 'ada', 'ada@example.org', 'x')`,
  )
})
after(() => app?.stop())

async function leaderAndFollower() {
  const profile = await app.profile()
  const [leader, follower] = await profile.twoTabs()
  await follower.until(() => db.sync.status.state === 'online')
  assert.equal(await follower.run(() => db.sync.status.leader), false)
  return [leader, follower]
}

/** Stops all that happens in a tab until the function that it gives is called. */
async function freeze(tab) {
  let thaw
  const gate = new Promise((resolve) => (thaw = resolve))
  await tab.page.route('**/gate', async (route) => {
    await gate
    await route.fulfill({ body: 'open' })
  })
  const frozen = tab.run(() => {
    const request = new XMLHttpRequest()
    request.open('GET', '/gate', false)
    request.send()
  })
  return async () => {
    thaw()
    await frozen
  }
}

test('a frozen leader is replaced within 5 s, and follows when it thaws', async () => {
  const [leader, follower] = await leaderAndFollower()
  const thaw = await freeze(leader)
  const took = await follower.run(async () => {
    const began = performance.now()
    await db.events.insert({ title: 'while the leader is frozen' }).synced
    return performance.now() - began
  })
  assert.ok(took < REPLACED_MS_MAX, `it took ${Math.round(took)} ms`)
  assert.equal(await follower.run(() => db.sync.status.leader), true)

  await thaw()
  await leader.until(() => !db.sync.status.leader && db.events.count() === 1)
  await leader.run(() => db.events.insert({ title: 'of the former leader' }).synced)
  await follower.until(() => db.events.count() === 2)

  // The lead goes back in the usual way.
  await follower.close()
  await leader.until(() => db.sync.status.leader && db.sync.status.state === 'online')
  const [{ n }] = await app.backend.sql(`select count(*)::int n from events`)
  assert.equal(n, 2)
})

test('a leader that answers keeps the lead, and a follower that slept does not take it', async () => {
  const [leader, follower] = await leaderAndFollower()
  await follower.page.waitForTimeout(REPLACED_MS_MAX)
  assert.equal(await leader.run(() => db.sync.status.leader), true)
  const thaw = await freeze(follower)
  await leader.page.waitForTimeout(REPLACED_MS_MAX)
  await thaw()
  await follower.page.waitForTimeout(REPLACED_MS_MAX)
  assert.equal(await leader.run(() => db.sync.status.leader), true)
  assert.equal(await follower.run(() => db.sync.status.leader), false)
})
