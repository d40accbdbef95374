// The schema moves while devices hold rows and queued writes of the one before: real Chromium, endpoint
// and Postgres. Values land in the new columns, nothing is lost, and nothing is fetched without need.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { App, ORGANIZATIONAL, countRows } from '../support/app.mjs'
import { beforeColumns, removeFolders, schemaFolder } from '../support/earlier-schema.mjs'

const apps = []
const folders = []

after(async () => {
  for (const app of apps) await app.stop()
  await removeFolders(folders)
})

async function start(schema, options = {}) {
  const app = await App.start({ schema, ...options })
  apps.push(app)
  return app
}

/** The endpoint serves the schema of another folder from now on, and pages are built with it. */
async function migrate(app, folder) {
  await app.backend.migrateTo(folder)
  app.schema = await (await fetch(`${app.backend.url}/v1/schema`)).json()
}

async function opened(profile) {
  const tab = await profile.tab()
  const result = await tab.open()
  assert.equal(result.code, undefined, result.message)
  await tab.synced()
  return tab
}

/** What the page sends reaches the endpoint from now on, but no answer comes back. */
async function loseAnswers(tab) {
  await tab.page.route('**/v1/sync', async (route) => {
    await route.fetch().catch(() => {})
    await route.abort().catch(() => {})
  })
}

test('two tabs and a second device of V1 meet V2', async () => {
  folders.push(await beforeColumns())
  const app = await start(folders[0])
  const { backend } = app
  await app.addUsers(1)
  await backend.sql(`
    insert into items (user_id, name) select 1, 'item ' || n from generate_series(1, 300) n;
    insert into events (event_id, user_id, title, custom_fields) values
      (9001, 1, 'a word', '{"priority": 2, "color": "x"}'),
      (9002, 1, 'a number', '{"priority": 2, "color": "x"}'),
      (9003, 1, 'to be deleted', '{"priority": 2}'),
      (9004, 1, 'long', '{"priority": 2, "color": "${'x'.repeat(300)}"}'),
      (9005, 1, 'untouched', '{"priority": 5}')`)
  const [a, b] = [await app.profile(), await app.profile()]
  const [first, second, other] = [await opened(a), await opened(a), await opened(b)]
  for (const tab of [first, other]) await tab.run(() => db.flush())
  // It is in Postgres, and the page does not know.
  await loseAnswers(first)
  const unheard = await first.run(async () => {
    const fields = { priority: 1, color: 'x' }
    const write = db.events.insert({ title: 'unheard', custom_fields: fields })
    await write.durable
    db.sync.now()
    return write.key
  })
  const sent = async () =>
    (await backend.sql('select 1 from events where event_id = $1', [unheard])).length === 1
  while (!(await sent())) await new Promise((resolve) => setTimeout(resolve, 50))
  await backend.end('SIGTERM')
  const made = await first.run(async (unheard) => {
    const { color } = db.events.get(9001).custom_fields
    const write = db.events.insert({
      title: 'made offline',
      custom_fields: {
        priority: 4,
        budget: 12.5,
        location: 'Porto',
        due_date: '2027-03-04',
        color,
      },
    })
    await write.durable
    await db.events.update(unheard, { custom_fields: { priority: 3, color: 'y' } }).durable
    await db.events.delete(9003).durable
    return write.key
  }, unheard)
  await second.run(async () => {
    await db.events.update(9001, { custom_fields: { priority: 'high', color: 'x' } }).durable
    const { color } = db.events.get(9004).custom_fields
    await db.events.update(9004, { custom_fields: { priority: 5, color } }).durable
  })
  await other.run(async () => {
    await db.events.update(9002, { custom_fields: { priority: 3, color: 'x' } }).durable
    const [item] = db.items.where({ name: 'item 1' }).rows()
    await db.items.update(item.item_id, { name: 'renamed offline' }).durable
  })
  const old = app.schema
  await migrate(app, ORGANIZATIONAL)
  assert.notEqual(app.schema.fingerprint, old.fingerprint)

  const third = await a.tab()
  await third.load(countRows)
  const result = await third.open()
  assert.equal(result.code, undefined, result.message)
  // What was queued shows before anything has come, in the columns of now.
  const shown = await third.run((key) => db.events.get(key), made)
  assert.deepEqual([shown.priority, shown.location], [4, 'Porto'])
  await third.synced()
  await other.load(countRows)
  assert.equal((await other.open()).code, undefined)
  await other.synced()

  const rows = await backend.sql(
    `select event_id, priority, budget::text, location, due_date at time zone 'UTC' as due,
       custom_fields - 'color' as fields, length(custom_fields ->> 'color') as color
     from events order by event_id = ${unheard}, event_id = ${made}, event_id`,
  )
  const row = (event_id, priority, more = {}) => {
    const nothing = { budget: null, location: null, due: null, fields: {}, color: 1 }
    return { event_id, priority, ...nothing, ...more }
  }
  const due = new Date('2027-03-04T00:00:00')
  assert.deepEqual(
    rows.map((found) => ({ ...found, due: found.due && String(found.due) })),
    [
      row(9001, null, { fields: { priority: 'high' } }),
      row(9002, 3),
      row(9004, 5, { color: 300 }),
      row(9005, 5, { color: null }),
      row(made, 4, { budget: '12.50', location: 'Porto', due: String(due) }),
      row(unheard, 3),
    ],
  )
  const [item] = await backend.sql(`select count(*)::int from items where name = 'renamed offline'`)
  assert.equal(item.count, 1)
  // What the other device sent reaches the third tab with a poke, after its own sync has ended.
  await third.until(() => db.events.get(9002)?.priority === 3)
  for (const tab of [third, other]) {
    const left = await tab.run(() => ({
      pending: db.sync.status.pending,
      kept: [db.sync.rejected.length, db.conflicts.lost.length, db.conflicts.open.length],
      priorities: [9001, 9002, 9005].map((key) => db.events.get(key)?.priority),
      items: db.items.rows().length,
    }))
    assert.deepEqual(left, { pending: 0, kept: [0, 0, 0], priorities: [null, 3, 5], items: 300 })
  }
  // Events have another form; of the items, only what changed since.
  const came = await third.run(() => cameBy)
  assert.ok(came.events >= 6 && came.events <= 20, JSON.stringify(came))
  assert.ok((came.items ?? 0) <= 1, JSON.stringify(came))

  // The tabs of before read on, and can't write.
  for (const tab of [first, second]) {
    const seen = await tab.run(async () => ({
      status: [db.sync.status.state, db.sync.status.error?.code],
      items: db.items.rows().length,
      word: db.events.where({ title: 'a word' }).rows().length,
      live: await new Promise((resolve) =>
        db.items.where({ name: 'item 2' }).live(({ rows }) => resolve(rows.length)),
      ),
    }))
    const status = ['closed', 'store_upgraded']
    assert.deepEqual(seen, { status, items: 300, word: 1, live: 1 })
    const refused = await tab.run(() => thrown(() => db.events.insert({ title: 'too late' })))
    assert.deepEqual([refused.code, refused.recovery], ['store_upgraded', 'upgrade'])
    assert.match(refused.details.hint, /reload/)
    assert.deepEqual(tab.errors, [])
  }
  // A page that is still the old one does not take the store back.
  app.schema = old
  await second.load()
  assert.equal((await second.open()).code, 'store_too_new')
  const ends = await third.run(() => outcome(db.events.insert({ title: 'after all' }).synced))
  assert.equal(ends.code, undefined, ends.message)
})

const NOTES = {
  V1__notes: `
    create table notes (note_id serial primary key, user_id int not null, title text, mood text);
    create table drafts (draft_id serial primary key, user_id int not null, words text);
    alter table notes enable row level security;
    create policy own on notes using (user_id = current_setting('app.current_user_id')::int);
    alter table drafts enable row level security;
    create policy own on drafts using (user_id = current_setting('app.current_user_id')::int);`,
  V2__no_moods: 'alter table notes drop column mood; drop table drafts;',
}

test('what writes a column or table that is no more is kept for the user', async () => {
  const { V1__notes } = NOTES
  const before = await schemaFolder({
    config: '[tables.notes]\n[tables.drafts]\n',
    migrations: { V1__notes },
  })
  const now = await schemaFolder({ config: '[tables.notes]\n', migrations: NOTES })
  folders.push(before, now)
  const app = await start(before)
  const tab = await opened(await app.profile())
  await app.backend.end('SIGTERM')
  const key = await tab.run(async () => {
    const moody = db.notes.insert({ title: 'moody', mood: 'calm' })
    await moody.durable
    await db.notes.update(moody.key, { title: 'moody still' }).durable
    await db.drafts.insert({ words: 'unfinished' }).durable
    await db.notes.insert({ title: 'plain' }).durable
    return moody.key
  })
  await migrate(app, now)
  await tab.load()
  const result = await tab.open()
  assert.equal(result.code, undefined, result.message)
  await tab.synced()
  const kept = await tab.run(() =>
    db.sync.rejected.map(({ seq, ops, error, blockedBy }) => {
      const { code, details } = error
      const [{ op, table, values, set }] = ops
      const { column = null, table: of = null } = details
      return { seq, what: [op, table], values: values ?? set, code, column, of, blockedBy }
    }),
  )
  const [moody, update, draft] = kept
  assert.equal(kept.length, 3, JSON.stringify(kept))
  assert.deepEqual([moody.code, moody.of, moody.column], ['unknown_column', 'notes', 'mood'])
  assert.equal(moody.values.mood, 'calm')
  assert.deepEqual([update.code, update.blockedBy], ['gone', moody.seq])
  assert.deepEqual([draft.code, draft.of], ['unknown_table', 'drafts'])
  assert.equal(draft.values.words, 'unfinished')
  const titles = async () =>
    (await app.backend.sql('select title from notes order by note_id')).map(({ title }) => title)
  assert.deepEqual(await titles(), ['plain'])

  // The user writes it again without its mood, and what hung on it follows.
  await tab.run(async () => {
    const [moody] = db.sync.rejected
    const write = moody.retry((op) => {
      const { mood, ...values } = op.values
      return { ...op, values }
    })
    await write.synced
  })
  await tab.synced()
  assert.deepEqual((await titles()).sort(), ['moody still', 'plain'])
  assert.equal(await tab.run((key) => db.notes.get(key)?.title, key), 'moody still')
  const left = await tab.run(() => db.sync.rejected.map(({ ops }) => ops[0].table))
  assert.deepEqual(left, ['drafts'])
})

test('what was made in a table that is renamed arrives under its keys, leased and temporary ones', async () => {
  const V1__notes = `
    create table notes (note_id serial primary key, user_id int not null, title text);
    create table remarks (remark_id serial primary key, user_id int not null,
      note_id int references notes, words text);
    alter table notes enable row level security;
    create policy own on notes using (user_id = current_setting('app.current_user_id')::int);
    alter table remarks enable row level security;
    create policy own on remarks using (user_id = current_setting('app.current_user_id')::int);`
  const V2__memos = 'alter table notes rename to memos;'
  const before = await schemaFolder({
    config: '[tables.notes]\n[tables.remarks]\n',
    migrations: { V1__notes },
  })
  const now = await schemaFolder({
    config:
      '[tables.memos]\n[tables.remarks]\n[migrations.V2__memos]\ntables = { notes = "memos" }\n',
    migrations: { V1__notes, V2__memos },
  })
  folders.push(before, now)
  const app = await start(before)
  const tab = await opened(await app.profile())
  await tab.run(() => db.notes.insert({ title: 'first' }).synced)
  await tab.synced()
  await app.backend.end('SIGTERM')
  const keys = await tab.run(async () => {
    const keys = []
    for (let n = 0; n < 40; n++) {
      const note = db.notes.insert({ title: `note ${n}` })
      await note.durable
      await db.remarks.insert({ note_id: note.key, words: `of ${n}` }).durable
      keys.push(note.key)
    }
    return keys
  })
  const leased = keys.filter((key) => key > 0)
  assert.ok(leased.length > 0 && leased.length < 40, JSON.stringify(keys))
  await migrate(app, now)
  await tab.load()
  const result = await tab.open()
  assert.equal(result.code, undefined, result.message)
  await tab.synced()
  await tab.until(() => db.sync.status.pending === 0)
  const refused = await tab.run(() => db.sync.rejected.map(({ error }) => error.message))
  assert.deepEqual(refused, [])
  const rows = await app.backend.sql(
    'select m.note_id, m.title, r.words from memos m left join remarks r using (note_id)',
  )
  assert.equal(rows.length, 41)
  for (const { title, words } of rows) {
    assert.equal(words, title === 'first' ? null : title.replace('note', 'of'))
  }
  const arrived = rows.map(({ note_id }) => note_id)
  assert.ok(
    leased.every((key) => arrived.includes(key)),
    'rows keep the keys that they were made under',
  )
})
