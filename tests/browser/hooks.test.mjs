// Hooks in real tabs beside the triggers that they foresee: nothing of them is sent, they outlive a
// reload, and what the server made takes their place.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

let app

before(async () => {
  app = await App.start()
  await app.backend.sql(
    `insert into users (user_id, username, email, password_hash) values (1, 'ada', 'ada@example.org', 'x');
     insert into events (event_id, user_id, title) values (1, 1, 'kept'), (2, 1, 'ends');
     insert into tags (tag_id, user_id, name) values (1, 1, 'tag');
     insert into tag_assignments (taggable_type, taggable_id, tag_id, user_id) values ('event', 2, 1, 1);
     select setval('events_event_id_seq', 2), setval('tags_tag_id_seq', 1)`,
  )
})
after(() => app?.stop())

/** What triggers of the schema do, and an entry that none makes. */
const HOOKS = `globalThis.hooks = {
  events: {
    before: { update: (row, old, { now }) => ({ predicted: { updated_at: now } }) },
    after: {
      delete: (old, { db, predicted, written }) => {
        for (const tag of db.tag_assignments.where({ taggable_type: 'event', taggable_id: old.event_id }).rows()) {
          predicted.tag_assignments.delete([tag.taggable_type, tag.taggable_id, tag.tag_id])
        }
        written.tags.insert({ name: 'once ' + old.title })
      },
    },
  },
}`

const shown = () => ({
  updated: db.events.get(1)?.updated_at,
  assigned: db.tag_assignments.count(),
  names: db.tags
    .orderBy('name')
    .rows()
    .map(({ name }) => name),
  pending: db.sync.status.pending,
})

test('what hooks foresee outlives a reload, is not sent, and gives way to what the server made', async () => {
  const profile = await app.profile()
  const [tab, other] = [await profile.tab(), await profile.tab()]
  for (const one of [tab, other]) {
    await one.page.evaluate(HOOKS)
    assert.equal((await one.open()).code, undefined)
    await one.synced()
  }
  await app.backend.end('SIGKILL')
  const made = await tab.run(async () => {
    const update = db.events.update(1, { title: 'kept, changed' })
    const ended = db.events.delete(2)
    await Promise.all([update.durable, ended.durable])
    return db.events.get(1).updated_at
  })
  const offline = await tab.run(shown)
  assert.deepEqual(offline, { updated: made, assigned: 0, names: ['once ends', 'tag'], pending: 2 })
  await other.until((made) => db.events.get(1)?.updated_at === made, made)
  await other.until(() => db.tag_assignments.count() === 0)
  await tab.load()
  await tab.page.evaluate(HOOKS)
  await tab.open()
  assert.deepEqual(await tab.run(shown), offline)

  await app.backend.serve()
  await tab.run(() => db.sync.now?.())
  await tab.synced()
  const [row] = await app.backend.sql(
    `select (select count(*)::int from tag_assignments) as assigned,
            (select string_agg(name, ',' order by name) from tags) as names,
            (select to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') from events where event_id = 1) as updated`,
  )
  assert.deepEqual([row.assigned, row.names], [0, 'once ends,tag'], 'nothing is doubled')
  assert.notEqual(row.updated, made, 'the trigger has set the time, not the client')
  for (const one of [tab, other]) {
    await one.until((updated) => db.events.get(1)?.updated_at === updated, row.updated)
    const { assigned, names } = await one.run(shown)
    assert.deepEqual([assigned, names], [0, ['once ends', 'tag']])
  }
  assert.deepEqual(await tab.run(() => [db.sync.rejected.length, db.conflicts.lost.length]), [0, 0])
  assert.deepEqual([...tab.errors, ...other.errors], [])
})

test('a hook that refuses leaves nothing in the queue', async () => {
  const profile = await app.profile()
  const tab = await profile.tab()
  await tab.page.evaluate(`globalThis.hooks = {
    events: { before: { delete: () => haversack.refuse({ message: 'no', sqlstate: '23514' }) } },
  }`)
  await tab.open()
  await tab.synced()
  const seen = await tab.run(() => [
    thrown(() => db.events.delete(1)).code,
    db.events.get(1)?.event_id,
  ])
  assert.deepEqual(seen, ['check_violation', 1])
  await tab.run(() => db.events.update(1, { title: 'still works' }).synced)
  assert.equal(await tab.run(() => db.sync.status.pending), 0)
})
