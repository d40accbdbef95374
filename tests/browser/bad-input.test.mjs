// What an application can get wrong: each has a typed error, and nothing is half applied.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

let app
let tab

before(async () => {
  app = await App.start()
  await app.backend.sql(
    `insert into users (user_id, username, email, password_hash)
     values (1, 'ada', 'ada@example.org', 'x'), (2, 'grace', 'grace@example.org', 'x')`,
  )
  tab = await (await app.profile()).tab()
  await tab.open()
  await tab.synced()
})
after(() => app?.stop())

/** What a write throws, and what it left behind. */
async function refusal(work) {
  const before = await tab.run(() => [db.events.count(), db.sync.status.pending])
  const refused = await tab.run(work)
  const left = await tab.run(() => [db.events.count(), db.sync.status.pending])
  assert.deepEqual(left, before, 'nothing is half applied')
  assert.ok(refused.message.length > 10, 'it is said in words')
  return refused
}

const cases = [
  [
    'an unknown column',
    'unknown_column',
    () => thrown(() => db.events.insert({ title: 'x', colour: 'red' })),
  ],
  [
    'a private column',
    'unknown_column',
    () => thrown(() => db.users.update(1, { password_hash: 'x' })),
  ],
  [
    'a wrong type',
    'type_mismatch',
    () => thrown(() => db.events.insert({ title: 'x', priority: 'high' })),
  ],
  [
    'a number out of range',
    'out_of_range',
    () => thrown(() => db.events.insert({ title: 'x', priority: 2 ** 40 })),
  ],
  [
    'a text too long',
    'value_too_long',
    () => thrown(() => db.events.insert({ title: 'x'.repeat(256) })),
  ],
  ['a missing value', 'not_null_violation', () => thrown(() => db.events.insert({ title: null }))],
  ['a NUL in a text', 'type_mismatch', () => thrown(() => db.events.insert({ title: 'a\u0000b' }))],
  [
    'half of a character in a text',
    'type_mismatch',
    () => thrown(() => db.events.insert({ title: 'cut within \ud83c' })),
  ],
  [
    "another user's row",
    'permission_denied',
    () => thrown(() => db.events.insert({ title: 'x', user_id: 2 })),
  ],
  [
    'a row that is not there',
    'row_not_found',
    () => thrown(() => db.events.update(999_999, { title: 'x' })),
  ],
  ['an unknown table', 'unknown_table', () => thrown(() => db.table('secrets'))],
  [
    'a query by an unknown column',
    'unknown_column',
    () => thrown(() => db.events.where({ colour: 'red' }).rows()),
  ],
  [
    'an order by an unknown column',
    'unknown_column',
    () => thrown(() => db.events.orderBy('colour').rows()),
  ],
  [
    'a comparison with undefined',
    null,
    () => thrown(() => db.events.where({ title: undefined }).rows()),
  ],
  ['a negative limit', 'invalid_query', () => thrown(() => db.events.limit(-1).rows())],
  [
    'a mutation past the body limit',
    'mutation_too_large',
    () => thrown(() => db.events.insert({ title: 'x', description: 'x'.repeat(17 * 1024 * 1024) })),
  ],
  [
    'a transaction whose second operation is refused',
    'value_too_long',
    () =>
      thrown(() =>
        db.transaction((tx) => {
          tx.events.insert({ title: 'good' })
          tx.events.insert({ title: 'x'.repeat(256) })
        }),
      ),
  ],
]

for (const [name, code, work] of cases) {
  test(`${name} is refused`, async () => {
    const refused = await refusal(work)
    if (code) assert.equal(refused.code, code, refused.message)
    else assert.equal(typeof refused.code, 'string')
  })
}

test('a refused write leaves the next one alone', async () => {
  await refusal(() => thrown(() => db.events.insert({ title: 'x'.repeat(256) })))
  const outcome = await tab.run(() => outcome(db.events.insert({ title: 'fine' }).synced))
  assert.equal(outcome.code, undefined, outcome.message)
})

test('a value outside the list of a check is refused at once, as Postgres would', async () => {
  const refused = await refusal(() =>
    thrown(() => db.events.insert({ title: 'bad status', status: 'someday' })),
  )
  assert.equal(refused.code, 'check_violation')
  assert.equal(refused.details.sqlstate, '23514')
  assert.equal(refused.details.constraint, 'events_status_check')
})

test('what only Postgres can judge comes back as rejected, undone and kept with its reason', async () => {
  const result = await tab.run(async () => {
    const write = db.events.insert({ title: 'beyond the budget', budget: 1_000_000 })
    const shown = db.events.get(write.key) !== undefined
    const refused = await outcome(write.synced)
    const after = await outcome(db.events.insert({ title: 'not held up' }).synced)
    return { shown, refused, gone: db.events.get(write.key) === undefined, after }
  })
  assert.equal(result.shown, true, 'it shows at once')
  assert.equal(result.refused.code, 'rejected')
  assert.equal(result.refused.details.sqlstate, '23514')
  assert.equal(result.refused.details.constraint, 'events_budget_within_subscription')
  assert.equal(result.gone, true, 'its effect is undone')
  assert.equal(result.after.code, undefined, 'the next write is not held up')
  const kept = await tab.run(() =>
    db.sync.rejected.map((r) => [r.ops[0].values.title, r.error.code]),
  )
  assert.deepEqual(kept, [['beyond the budget', 'rejected']])
  await tab.run(() => db.sync.rejected[0].dismiss())
  assert.equal(await tab.run(() => db.sync.rejected.length), 0)
})
