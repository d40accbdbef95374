// A page that stays open while the server's schema moves on (F44).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

const MIGRATION = `
create table notes (
  id int primary key,
  owner text not null default current_setting('app.current_user_id', true),
  body text not null,
  place text
);
alter table notes enable row level security;
create policy own on notes using (owner = current_setting('app.current_user_id', true));
`

let app

before(async () => {
  app = await App.over(MIGRATION, '[tables.notes]\n')
})
after(() => app?.stop())

test('an old client goes on through a migration, and what it wrote is sent by the new one or kept', async () => {
  const profile = await app.profile()
  const tab = await profile.tab()
  await tab.open({ user: 'ann' })
  await tab.synced()
  await tab.run(() => outcome(db.notes.insert({ id: 1, body: 'before' }).synced))
  await tab.synced()
  await app.backend.end('SIGTERM')
  await app.backend.sql(
    'alter table notes add column minutes int not null default 30, drop column place',
  )
  await app.backend.attach()
  await app.backend.serve()
  await tab.run(async () => {
    const fits = db.notes.insert({ id: 2, body: 'fits' })
    const lacks = db.notes.insert({ id: 3, body: 'has a column that is gone', place: 'Oslo' })
    await Promise.all([fits.durable, lacks.durable])
    db.sync.now()
  })
  await tab.until(() => db.sync.status.error?.code === 'schema_changed')
  const old = await tab.run(async () => {
    const { code = null } = await outcome(db.notes.insert({ id: 4, body: 'while paused' }).durable)
    const { pending, error } = db.sync.status
    const rows = db.notes.rows().map(({ body, place }) => [body, place])
    return {
      code,
      pending,
      recovery: error.recovery,
      rows,
      states: [1, 2].map((id) => db.notes.state(id)),
    }
  })
  assert.deepEqual(old, {
    code: null,
    pending: 3,
    recovery: 'upgrade',
    rows: [
      ['before', null],
      ['fits', null],
      ['has a column that is gone', 'Oslo'],
      ['while paused', null],
    ],
    states: ['acknowledged', 'pending'],
  })
  const count = async () => (await app.backend.sql('select count(*)::int from notes'))[0].count
  assert.equal(await count(), 1, 'nothing was sent under a schema that is gone')

  app.schema = await (await fetch(`${app.backend.url}/v1/schema`)).json()
  await tab.load()
  const opened = await tab.open({ user: 'ann' })
  assert.equal(opened.code, undefined, opened.message)
  await tab.synced()
  const rows = await app.backend.sql('select body, minutes from notes order by id')
  assert.deepEqual(
    rows.map(({ body, minutes }) => `${body} ${minutes}`),
    ['before 30', 'fits 30', 'while paused 30'],
  )
  // What no longer fits is not dropped: the server says why, and it waits with its values.
  const kept = await tab.run(() => ({
    rejected: db.sync.rejected.map(({ error, ops }) => [error.code, ops[0].values]),
    rows: db.notes.rows().map(({ body, minutes }) => [body, minutes]),
  }))
  assert.equal(kept.rejected.length, 1)
  const [code, values] = kept.rejected[0]
  assert.equal(code, 'unknown_column')
  assert.deepEqual([values.id, values.place], [3, 'Oslo'])
  assert.deepEqual(kept.rows, [
    ['before', 30],
    ['fits', 30],
    ['while paused', 30],
  ])
  const written = await tab.run(() =>
    outcome(
      db.sync.rejected[0].retry(({ values: { place, ...values }, ...op }) => ({
        ...op,
        values: { ...values, minutes: 5 },
      })).synced,
    ),
  )
  assert.equal(written.code, undefined, written.message)
  assert.equal(await count(), 4)
})
