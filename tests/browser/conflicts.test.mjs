// A conflict that a person decides, from the first write to the decision, and what the other policies
// make of writes from both sides.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

const MIGRATION = `
create table notes (
  id int primary key,
  owner text not null default current_setting('app.current_user_id', true),
  body text not null,
  mood text not null default 'calm',
  color text not null default 'grey',
  edited text not null default 'never',
  hits int not null default 0,
  tags text[] not null default '{}'
);
alter table notes enable row level security;
create policy own on notes using (owner = current_setting('app.current_user_id', true));
`
const CONFIG = `
[tables.notes.policies]
body = "manual"
color = "client_wins"
edited = "lww"
hits = "counter"
tags = "merge"
`

let app

before(async () => {
  app = await App.over(MIGRATION, CONFIG)
})
after(() => app?.stop())

/** Does something in the page while the endpoint is away, and something else by SQL. */
async function apart(tab, work, id, sql) {
  await app.backend.end('SIGKILL')
  try {
    await tab.run(work, id)
    await app.backend.sql(sql, [id])
  } finally {
    await app.backend.serve()
  }
  await tab.synced()
}

/** The open conflicts of a row, as plain data. */
const openOf = (id) =>
  db.conflicts.open
    .filter((conflict) => conflict.key === id)
    .map(({ column, base, mine, theirs }) => ({ column, base, mine, theirs }))

test('a conflict waits for the person, outlives a restart, and ends by the decision', async () => {
  const id = 1
  await app.backend.sql(`insert into notes (id, owner, body) values ($1, 'ann', 'old')`, [id])
  const profile = await app.profile()
  const tab = await profile.tab()
  await tab.open({ user: 'ann' })
  await tab.synced()
  const follower = await profile.tab()
  await follower.open({ user: 'ann' })
  await follower.until(() => db.sync.status.state === 'online')

  const write = (id) =>
    Promise.all([
      db.notes.update(id, { body: 'first', mood: 'mine' }).durable,
      db.notes.update(id, { body: 'mine' }).durable,
    ])
  await apart(tab, write, id, `update notes set body = 'theirs' where id = $1`)
  const conflict = { column: 'body', base: 'old', mine: 'mine', theirs: 'theirs' }
  assert.deepEqual(await tab.run(openOf, id), [conflict], 'one, of what was written last')
  assert.deepEqual(await follower.until((id) => db.conflicts.open.length === 1 && id, id), id)
  assert.deepEqual(await tab.run((id) => [db.notes.get(id).body, db.notes.get(id).mood], id), [
    'theirs',
    'mine',
  ])
  assert.equal(await tab.run(() => db.conflicts.lost.length), 0)
  // The rest goes on.
  await tab.run((id) => db.notes.update(id, { mood: 'later' }).synced, id)

  await tab.close()
  await follower.close()
  const again = await profile.tab()
  await again.open({ user: 'ann' })
  assert.deepEqual(await again.run(openOf, id), [conflict])
  await again.synced()
  await again.run(async () => {
    const decision = db.conflicts.open[0].resolve({ value: 'both' })
    await decision.durable
    await decision.synced
  })
  assert.deepEqual(await again.until((id) => db.conflicts.open.length === 0 && id, id), id)
  const [row] = await app.backend.sql('select body, mood from notes where id = $1', [id])
  assert.deepEqual({ ...row }, { body: 'both', mood: 'later' })
  await again.load()
  await again.open({ user: 'ann' })
  assert.deepEqual(await again.run((id) => [db.conflicts.open.length, db.notes.get(id).body], id), [
    0,
    'both',
  ])
})

test('a decision on top of a value that has changed once more is asked again', async () => {
  const id = 2
  await app.backend.sql(`insert into notes (id, owner, body) values ($1, 'bob', 'old')`, [id])
  const tab = await (await app.profile()).tab()
  await tab.open({ user: 'bob' })
  await tab.synced()
  const write = (id) => db.notes.update(id, { body: 'mine' }).durable
  await apart(tab, write, id, `update notes set body = 'theirs' where id = $1`)
  await app.backend.sql(`update notes set body = 'newest' where id = $1`, [id])
  await tab.until((id) => db.notes.get(id).body === 'newest', id)
  const outcome = await tab.run(() => outcome(db.conflicts.open[0].resolve('mine').synced))
  assert.equal(outcome.code, 'conflict')
  const conflict = { column: 'body', base: 'theirs', mine: 'mine', theirs: 'newest' }
  assert.deepEqual(await tab.run(openOf, id), [conflict])
  await tab.run(() => db.conflicts.open[0].resolve('theirs').durable)
  assert.deepEqual(await tab.run(openOf, id), [])
  const [row] = await app.backend.sql('select body from notes where id = $1', [id])
  assert.equal(row.body, 'newest')
})

test('what a write overwrote shows in every tab, though nothing of it was refused', async () => {
  const id = 4
  await app.backend.sql(`insert into notes (id, owner, body) values ($1, 'joe', 'old')`, [id])
  const profile = await app.profile()
  const tab = await profile.tab()
  await tab.open({ user: 'joe' })
  await tab.synced()
  const follower = await profile.tab()
  await follower.open({ user: 'joe' })
  await follower.until(() => db.sync.status.state === 'online' && db.notes.count() > 0)
  const write = (id) => db.notes.update(id, { color: 'mine' }).durable
  await apart(tab, write, id, `update notes set color = 'theirs' where id = $1`)
  assert.equal(await follower.until(() => db.conflicts.lost[0]?.theirs), 'theirs')
  await follower.run(() => db.conflicts.lost[0].reapply().synced)
  const [row] = await app.backend.sql('select color from notes where id = $1', [id])
  assert.equal(row.color, 'theirs')
  assert.equal(await tab.until(() => db.conflicts.lost.length === 0 && 'none'), 'none')
})

test('a device whose clock is behind overwrites what it has seen, also after a restart', async () => {
  const id = 5
  await app.backend.sql(`insert into notes (id, owner, body) values ($1, 'kim', 'old')`, [id])
  await app.backend.sql(`update notes set edited = 'theirs' where id = $1`, [id])
  const tab = await (await app.profile()).tab()
  await tab.load(() => {
    const now = Date.now.bind(Date)
    Date.now = () => now() - 3_600_000
  })
  await tab.open({ user: 'kim' })
  await tab.synced()
  await tab.run(() => db.flush())
  await app.backend.end('SIGKILL')
  try {
    await tab.load()
    await tab.open({ user: 'kim' })
    assert.equal(await tab.run((id) => db.notes.get(id).edited, id), 'theirs')
    await tab.run((id) => db.notes.update(id, { edited: 'mine' }).durable, id)
  } finally {
    await app.backend.serve()
  }
  await tab.synced()
  const [row] = await app.backend.sql('select edited from notes where id = $1', [id])
  assert.equal(row.edited, 'mine')
  assert.equal(await tab.run(() => db.conflicts.lost.length), 0)
})

test('sums, lists, times and the last to come end alike on both sides', async () => {
  const id = 3
  await app.backend.sql(
    `insert into notes (id, owner, body, hits, tags) values ($1, 'eve', 'old', 10, '{a,b}')`,
    [id],
  )
  const profile = await app.profile()
  const tab = await profile.tab()
  await tab.open({ user: 'eve' })
  await tab.synced()
  const follower = await profile.tab()
  await follower.open({ user: 'eve' })
  await follower.until(() => db.sync.status.state === 'online' && db.notes.count() > 0)
  const write = async (id) => {
    for (let i = 0; i < 3; i += 1) {
      await db.notes.update(id, { hits: db.notes.get(id).hits + 1 }).durable
    }
    await db.notes.update(id, { tags: ['a', 'mine'], color: 'mine', edited: 'mine' }).durable
  }
  await apart(
    tab,
    write,
    id,
    `update notes set hits = hits + 5, tags = '{a,b,theirs}', color = 'theirs', edited = 'theirs' where id = $1`,
  )
  const row = { hits: 18, tags: ['a', 'theirs', 'mine'], color: 'mine', edited: 'theirs' }
  const [stored] = await app.backend.sql(
    'select hits, tags, color, edited from notes where id = $1',
    [id],
  )
  assert.deepEqual({ ...stored }, row)
  const shown = ({ hits, tags, color, edited }) => ({ hits, tags: [...tags], color, edited })
  for (const page of [tab, follower]) {
    // Both lists and rows, also where the mutation that won was another tab's.
    await page.until((id) => db.notes.get(id).hits === 18 && db.conflicts.lost.length === 2, id)
    const seen = await page.run((id) => ({ ...db.notes.get(id), id: undefined }), id)
    assert.deepEqual(shown(seen), row)
    const lost = await page.run(() =>
      db.conflicts.lost.map(({ column, mine, theirs, winner }) => [column, mine, theirs, winner]),
    )
    assert.deepEqual(lost.sort(), [
      ['color', 'mine', 'theirs', 'mine'],
      ['edited', 'mine', 'theirs', 'theirs'],
    ])
  }
})
