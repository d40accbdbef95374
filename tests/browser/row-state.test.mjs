// Where rows stand with the server: the same in every tab, from the write to the verdict.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

const MIGRATION = `
create table notes (
  id int primary key,
  owner text not null default current_setting('app.current_user_id', true),
  body text not null
);
alter table notes enable row level security;
create policy own on notes using (owner = current_setting('app.current_user_id', true));
create function refuse() returns trigger language plpgsql as $$
begin raise exception 'nobody may write that' using errcode = '23514'; end $$;
create trigger refuse before insert or update on notes for each row
  when (new.body = 'refused') execute function refuse();
`
const CONFIG = `
[tables.notes.policies]
body = "manual"
`

let app

before(async () => {
  app = await App.over(MIGRATION, CONFIG)
})
after(() => app?.stop())

/** Two tabs of a user with a note, both of which watch it: the first one leads. */
async function twoTabs(user) {
  const id = Number(user.slice(1))
  await app.backend.sql('insert into notes (id, owner, body) values ($1, $2, $3)', [
    id,
    user,
    'old',
  ])
  const profile = await app.profile()
  const tabs = [await profile.tab(), await profile.tab()]
  for (const tab of tabs) {
    await tab.open({ user })
    await tab.until((id) => db.sync.status.state === 'online' && db.notes.get(id), id)
    await tab.run((id) => {
      Object.assign(globalThis, { seen: [], contents: [] })
      const note = db.notes.where({ id })
      note.live(({ rows }) => seen.push(rows.map((row) => haversack.meta(row).state)[0]), {
        state: true,
      })
      note.live(({ rows }) => contents.push(rows[0]?.body))
    }, id)
  }
  assert.equal(await tabs[0].run(() => db.sync.status.leader), true)
  return { id, profile, tabs }
}

/** Holds what the tabs push until the function that it gives is called. */
async function hold(profile) {
  let release
  const held = new Promise((resolve) => (release = resolve))
  await profile.context.route('**/v1/sync', async (route) => {
    await held
    // The page may have been closed meanwhile.
    await route.continue().catch(() => {})
  })
  return release
}

/** What a tab has seen when it has seen so many states. */
const seen = (tab, count) => tab.until((count) => seen.length >= count && seen, count)

for (const [user, writer, name] of [
  ['u1', 0, 'a row that the leading tab writes goes by the same states in both tabs'],
  ['u2', 1, 'a row that a following tab writes goes by the same states in both tabs'],
]) {
  test(name, async () => {
    const { id, profile, tabs } = await twoTabs(user)
    const release = await hold(profile)
    const writing = tabs[writer]
    await writing.run((id) => db.notes.update(id, { body: 'new' }).durable, id)
    for (const tab of tabs) {
      assert.deepEqual(await seen(tab, 3), ['acknowledged', 'pending', 'sent'])
      assert.equal(await tab.run((id) => db.notes.state(id), id), 'sent')
    }
    // What is written while the push is under way is not in it.
    const other = await writing.run((id) => {
      const { key } = db.notes.insert({ id: id + 100, body: 'meanwhile' })
      return db.notes.state(key)
    }, id)
    assert.equal(other, 'pending')
    release()
    for (const tab of tabs) {
      await tab.synced()
      assert.deepEqual(await tab.run(() => seen), [
        'acknowledged',
        'pending',
        'sent',
        'acknowledged',
      ])
      assert.deepEqual(await tab.run(() => contents), ['old', 'new'], 'states are not asked for')
      assert.equal(await tab.run((id) => db.notes.state(id + 100), id), 'acknowledged')
      assert.deepEqual(tab.errors, [])
    }
  })
}

test('a refused row is rejected in both tabs until that is dismissed', async () => {
  const { id, tabs } = await twoTabs('u3')
  const outcome = await tabs[1].run(
    (id) => outcome(db.notes.update(id, { body: 'refused' }).synced),
    id,
  )
  assert.equal(outcome.code, 'rejected')
  const states = ['acknowledged', 'pending', 'sent', 'rejected']
  for (const tab of tabs) {
    assert.deepEqual(await seen(tab, 4), states)
    assert.deepEqual(await tab.run((id) => db.notes.get(id).body, id), 'old')
  }
  await tabs[1].run(() => db.sync.rejected[0].dismiss())
  for (const tab of tabs) assert.deepEqual(await seen(tab, 5), [...states, 'acknowledged'])
})

test('a row in conflict says so in both tabs, and after a reload, until it is decided', async () => {
  const { id, tabs } = await twoTabs('u4')
  await app.backend.end('SIGKILL')
  try {
    await tabs[1].run((id) => db.notes.update(id, { body: 'mine' }).durable, id)
    await app.backend.sql('update notes set body = $2 where id = $1', [id, 'theirs'])
  } finally {
    await app.backend.serve()
  }
  for (const tab of tabs) {
    await tab.until(() => seen.at(-1) === 'conflict')
    const states = await tab.run(() => seen)
    // The endpoint was away, so it may have been tried several times.
    assert.equal(states.lastIndexOf('acknowledged'), 0, `${states}`)
    await tab.synced()
  }
  await tabs[0].load()
  await tabs[0].open({ user: 'u4' })
  assert.equal(await tabs[0].run((id) => db.notes.state(id), id), 'conflict')
  await tabs[0].run(() => db.conflicts.open[0].resolve('theirs').durable)
  assert.equal(await tabs[0].run((id) => db.notes.state(id), id), 'acknowledged')
  await tabs[1].until(() => seen.at(-1) === 'acknowledged')
})

test('what was sent when the tabs were closed is pending when they open', async () => {
  const { id, profile, tabs } = await twoTabs('u5')
  const release = await hold(profile)
  await tabs[0].run((id) => void db.notes.update(id, { body: 'new' }), id)
  await seen(tabs[1], 3)
  await tabs[1].close()
  await tabs[0].load()
  await tabs[0].open({ token: null })
  assert.equal(await tabs[0].run((id) => db.notes.state(id), id), 'pending')
  release()
  await tabs[0].run((token) => {
    globalThis.token = token
    db.sync.now()
  }, app.backend.token('u5'))
  await tabs[0].synced()
  assert.equal(await tabs[0].run((id) => db.notes.state(id), id), 'acknowledged')
})

test('a tab that opens while a push is under way knows that it is', async () => {
  const { id, profile, tabs } = await twoTabs('u6')
  const release = await hold(profile)
  await tabs[0].run((id) => void db.notes.update(id, { body: 'new' }), id)
  await seen(tabs[0], 3)
  const late = await profile.tab()
  await late.open({ user: 'u6' })
  await late.until((id) => db.notes.state(id) === 'sent', id)
  release()
  await late.until((id) => db.notes.state(id) === 'acknowledged', id)
})

test('what a leader was sending when it died is pending again, until the next one sends it', async () => {
  const { id, profile, tabs } = await twoTabs('u7')
  const release = await hold(profile)
  await tabs[0].run((id) => void db.notes.update(id, { body: 'new' }), id)
  await seen(tabs[1], 3)
  await tabs[0].close()
  await seen(tabs[1], 5)
  release()
  await tabs[1].synced()
  const sending = ['pending', 'sent']
  assert.deepEqual(await tabs[1].run(() => seen), [
    'acknowledged',
    ...sending,
    ...sending,
    'acknowledged',
  ])
})
