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

test('an answer of 200 with a refusal inside is no success for what was refused', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open({ user: '2' })
  await tab.synced()
  const answers = []
  tab.page.on('response', (answer) => {
    if (answer.url().endsWith('/v1/sync')) answers.push(answer.status())
  })
  const before = await tab.run(() => ({
    rejected: db.sync.rejected.length,
    last: db.sync.status.lastSync,
  }))
  const ended = await tab.run(async () => {
    // One batch: the middle one is refused by what only the server knows.
    const writes = [10, 1e7, 20].map((budget) =>
      db.events.insert({ title: 'of one batch', budget }),
    )
    const ends = await Promise.all(writes.map((write) => outcome(write.synced)))
    return {
      codes: ends.map(({ code }) => code ?? null),
      shown: db.events
        .where({ title: 'of one batch' })
        .rows()
        .map(({ budget }) => budget),
      states: writes.map(({ key }) => db.events.state(key)),
      rejected: db.sync.rejected.length,
      status: db.sync.status.state,
    }
  })
  assert.deepEqual(ended.codes, [null, 'rejected', null])
  assert.deepEqual(ended.shown, [10, 20])
  assert.deepEqual(ended.states, ['acknowledged', 'rejected', 'acknowledged'])
  assert.equal(ended.rejected, before.rejected + 1)
  await tab.synced()
  assert.deepEqual([...new Set(answers)], [200], 'every answer was a good one by its status')
  const rows = await app.backend.sql(`select budget from events where title = 'of one batch'`)
  assert.equal(rows.length, 2)
})

test('an answer of 200 that ends in an error is no success either', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open({ user: '2' })
  await tab.synced()
  let broken = 0
  await tab.page.route('**/v1/sync', async (route) => {
    // The push was applied, but the answer breaks off behind its head.
    const answer = await route.fetch()
    const [head] = (await answer.text()).split('\n')
    const error = { line: 'error', type: 'about:blank', title: 'overloaded', status: 503 }
    Object.assign(error, { code: 'overloaded', recovery: 'retry', request_id: 'x', detail: 'late' })
    broken += 1
    await route.fulfill({ response: answer, body: `${head}\n${JSON.stringify(error)}\n` })
  })
  const before = await tab.run(() => {
    globalThis.write = db.events.insert({ title: 'broken off' })
    globalThis.settled = false
    void write.synced.then(() => (globalThis.settled = true))
    return db.sync.status.lastSync
  })
  await tab.until(() => db.sync.status.state === 'offline')
  const seen = await tab.run(() => ({
    settled,
    state: db.events.state(write.key),
    last: db.sync.status.lastSync,
    code: db.sync.status.error.code,
    pending: db.sync.status.pending,
  }))
  assert.ok(broken > 0)
  const kept = { settled: false, state: 'pending', last: before, code: 'overloaded', pending: 1 }
  assert.deepEqual(seen, kept, 'nothing of it counts')
  await tab.page.unroute('**/v1/sync')
  await tab.run(() => db.sync.now())
  await tab.synced()
  await tab.until(() => settled)
  const rows = await app.backend.sql(`select title from events where title = 'broken off'`)
  assert.equal(rows.length, 1, 'sent again under its number, it is there once')
})
