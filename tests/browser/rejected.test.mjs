// What Postgres refuses: kept, and written again on demand, with what depends on it.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

let app

before(async () => {
  app = await App.start()
  await app.addUsers(2)
})
after(() => app?.stop())

const list = () =>
  db.sync.rejected.map(({ seq, blockedBy, error, ops }) => ({
    seq,
    blockedBy,
    constraint: error.details.constraint ?? null,
    op: ops[0].op,
  }))

test('a refused insert is edited and written again, and what depends on it follows', async () => {
  const profile = await app.profile()
  let tab = await profile.tab()
  await tab.open()
  await tab.synced()
  // Only the server knows what the user's subscription allows.
  await tab.run(async () => {
    const dear = db.events.insert({ title: 'dear', budget: 1e7 })
    globalThis.key = dear.key
    db.events.update(dear.key, { title: 'dear, renamed' })
    db.routines.insert({ title: 'unrelated', schedule_pattern: 'FREQ=DAILY' })
    await outcome(dear.synced)
  })
  await tab.synced()
  await tab.until(() => db.sync.rejected.length === 2)
  const [first, second] = await tab.run(list)
  assert.equal(first.constraint, 'events_budget_within_subscription')
  assert.equal(first.blockedBy, null)
  assert.deepEqual([second.op, second.blockedBy], ['update', first.seq])
  const unrelated = await app.backend.sql('select title from routines where user_id = 1')
  assert.deepEqual(unrelated, [{ title: 'unrelated' }], 'it passed')
  // It waits through a reload, and in any tab.
  await tab.close()
  tab = await profile.tab()
  await tab.open()
  assert.deepEqual(await tab.run(list), [first, second])

  const made = await tab.run(async () => {
    const write = db.sync.rejected[0].retry((op) =>
      op.op === 'insert' ? { ...op, values: { ...op.values, budget: 10 } } : op,
    )
    const shown = db.events.rows().map(({ title, budget }) => ({ title, budget }))
    const left = db.sync.rejected.length
    return { shown, left, ended: await outcome(write.synced) }
  })
  assert.deepEqual(made.shown, [{ title: 'dear, renamed', budget: 10 }])
  assert.equal(made.left, 0)
  assert.equal(made.ended.code, undefined, made.ended.message)
  await tab.synced()
  const rows = await app.backend.sql('select title, budget from events where user_id = 1')
  assert.deepEqual(rows, [{ title: 'dear, renamed', budget: '10.00' }])
  // Nothing is left on the disk either.
  await tab.load()
  await tab.open()
  assert.deepEqual(await tab.run(list), [])
})

test('a retry that breaks a rule here is refused at once, and the mutation is kept', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open({ user: '2' })
  await tab.until(() => db.user === '2')
  await tab.synced()
  const seen = await tab.run(async () => {
    await outcome(db.events.insert({ title: 'dear', budget: 1e7 }).synced)
    const [rejected] = db.sync.rejected
    const edit = (op) => ({ ...op, values: { ...op.values, title: '' } })
    const refused = thrown(() => rejected.retry(edit))
    const before = { rows: db.events.count(), rejected: db.sync.rejected.length }
    // Written as it was, it comes back under its new number.
    const again = await outcome(rejected.retry().synced)
    const old = thrown(() => rejected.retry())
    const [last] = db.sync.rejected
    return { refused, before, again, old, anew: last.seq > rejected.seq }
  })
  assert.equal(seen.refused.code, 'check_violation')
  assert.deepEqual(seen.before, { rows: 0, rejected: 1 })
  assert.equal(seen.again.code, 'rejected')
  assert.equal(seen.old.code, 'invalid_query', 'that number is gone')
  assert.ok(seen.anew)
})
