// A leader that dies or says nothing, and followers that were not looking: memory, disk and
// promises agree all the same.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

/** Reading everything anew is for a tab that missed something, not for every message. */
const WHOLE_READS_MAX = 5

let app

before(async () => {
  app = await App.start()
  await app.backend.sql(
    `insert into users (user_id, username, email, password_hash)
     values (1, 'ada', 'ada@example.org', 'x');
     insert into events (user_id, title) select 1, 'event ' || n from generate_series(1, 2000) n`,
  )
})
after(() => app?.stop())

/** A leading tab that has synced, and a tab that follows it. */
async function leaderAndFollower() {
  const profile = await app.profile()
  const [leader, follower] = [await profile.tab(), await profile.tab()]
  await leader.open()
  await leader.synced()
  await leader.run(() => db.flush())
  await follower.open()
  await follower.until(() => db.sync.status.state === 'online' && db.events.count() > 0)
  assert.equal(await follower.run(() => db.sync.status.leader), false)
  return [leader, follower]
}

/** From here on `wholeReads` counts in the page how often a tab reads its whole store. */
const countWholeReads = () => {
  globalThis.wholeReads = 0
  const original = IDBDatabase.prototype.transaction
  IDBDatabase.prototype.transaction = function (names, mode, ...rest) {
    const whole = mode === 'readonly' && names.includes('events') && names.includes('journal')
    if (whole) globalThis.wholeReads += 1
    return original.call(this, names, mode, ...rest)
  }
}

/** From here on no other tab hears of a patch: as if the tab had died right after its commit. */
const tellNobodyOfPatches = () => {
  const post = BroadcastChannel.prototype.postMessage
  BroadcastChannel.prototype.postMessage = function (text) {
    if (!text.includes('"kind":"patch"')) post.call(this, text)
  }
}

/** Resolves when the leader has closed and the follower leads and has synced. */
async function takeOver(leader, follower) {
  await leader.close()
  await follower.until(() => db.sync.status.leader && db.sync.status.state === 'online')
}

test('every promise of a follower settles, and it does not read everything for each', async () => {
  const [, follower] = await leaderAndFollower()
  await follower.run(countWholeReads)
  await follower.run(async () => {
    globalThis.settled = 0
    for (let i = 0; i < 60; i += 1) {
      const write = db.events.insert({ title: `of a follower ${i}` })
      write.synced.then(() => (globalThis.settled += 1))
      // One after the other, so that verdicts come while more is written.
      await write.durable
    }
  })
  await follower.until(() => settled === 60 && db.sync.status.pending === 0)
  const reads = await follower.run(() => wholeReads)
  assert.ok(reads < WHOLE_READS_MAX, `it read everything ${reads} times`)
  const [{ n }] = await app.backend.sql(
    `select count(*)::int n from events where title like 'of a follower %'`,
  )
  assert.equal(n, 60)
})

test('syncs that bring nothing make an idle follower read nothing', async () => {
  const [leader, follower] = await leaderAndFollower()
  await follower.run(countWholeReads)
  for (let i = 0; i < 5; i += 1) {
    const last = await follower.run(() => db.sync.status.lastSync)
    await leader.run(() => db.sync.now())
    await follower.until((last) => db.sync.status.lastSync > last, last)
  }
  assert.equal(await follower.run(() => wholeReads), 0)
})

test('a follower whose page was blocked learns what became of its writes', async () => {
  const [leader, follower] = await leaderAndFollower()
  let unblock
  const unblocked = new Promise((resolve) => (unblock = resolve))
  await follower.page.route('**/gate', async (route) => {
    await unblocked
    await route.fulfill({ body: 'open' })
  })
  await app.backend.end('SIGKILL')
  await follower.run(async () => {
    globalThis.settled = 0
    const writes = []
    for (let i = 0; i < 150; i += 1) {
      writes.push(db.events.insert({ title: `while blocked ${i}` }))
      writes.at(-1).synced.then(() => (globalThis.settled += 1))
    }
    await Promise.all(writes.map((write) => write.durable))
  })
  await leader.until(() => db.sync.status.pending === 150)
  const blocked = follower.run(() => {
    const request = new XMLHttpRequest()
    request.open('GET', '/gate', false)
    request.send()
    return globalThis.settled
  })
  await app.backend.serve()
  await leader.run(() => db.sync.now())
  await leader.synced()
  // Nothing but the row stores has the patches when the follower awakes.
  await leader.run(() => db.flush())
  unblock()
  assert.equal(await blocked, 0, 'it heard of no verdict while it was blocked')
  await follower.until(() => settled === 150 && db.sync.status.pending === 0)
})

test('verdicts that the leader took to its grave reach the writer', async () => {
  await app.backend.sql(
    `create function refuse() returns trigger language plpgsql as
       $$ begin raise exception 'not this one' using errcode = 'check_violation'; end $$;
     create trigger refuse before insert on events for each row
       when (new.title = 'refused') execute function refuse()`,
  )
  const [leader, follower] = await leaderAndFollower()
  await leader.run(tellNobodyOfPatches)
  const keys = await follower.run(async () => {
    const writes = ['accepted', 'refused'].map((title) => db.events.insert({ title }))
    globalThis.outcomes = Promise.all(writes.map((write) => outcome(write.synced)))
    await Promise.all(writes.map((write) => write.durable))
    return writes.map((write) => write.key)
  })
  await leader.until((keys) => db.events.get(keys[0]) && db.sync.status.pending === 0, keys)
  assert.equal(await follower.run(() => db.sync.status.pending), 2, 'the follower was not told')
  await takeOver(leader, follower)
  await follower.until(() => db.sync.status.pending === 0)
  const [accepted, refused] = await follower.run(() => globalThis.outcomes)
  assert.equal(accepted.code, undefined, accepted.message)
  assert.equal(refused.code, 'rejected')
  const seen = await follower.run(
    (keys) => ({
      rows: keys.map((key) => db.events.get(key)?.title ?? null),
      pending: db.sync.pending.length,
      rejected: db.sync.rejected.length,
    }),
    keys,
  )
  assert.deepEqual(seen, { rows: ['accepted', null], pending: 0, rejected: 1 })
})

test('a leader that dies between commit and announcement loses no row', async () => {
  const [leader, follower] = await leaderAndFollower()
  await leader.run(tellNobodyOfPatches)
  // And the row stores do not get the patch either: the journal alone has it.
  await leader.run(() => {
    const original = IDBDatabase.prototype.transaction
    IDBDatabase.prototype.transaction = function (names, mode, ...rest) {
      const drains = mode === 'readwrite' && names.length === 2 && names.includes('meta')
      if (drains) throw new DOMException('the tab is gone', 'InvalidStateError')
      return original.call(this, names, mode, ...rest)
    }
  })
  await app.backend.sql(`insert into events (user_id, title) values (1, 'in the gap')`)
  await leader.until(() => db.events.where({ title: 'in the gap' }).count() === 1)
  await takeOver(leader, follower)
  await follower.until(() => db.events.where({ title: 'in the gap' }).count() === 1)
  await follower.run(() => db.flush())
  await follower.load()
  await follower.open()
  const stored = await follower.run(() => db.events.where({ title: 'in the gap' }).count())
  assert.equal(stored, 1, 'the row stores have it too')
})
