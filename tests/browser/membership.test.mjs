// A permission that another table gives, and that ends while a device is offline (F46).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

const MIGRATION = `
create table members (who text, team integer, primary key (who, team));
create table tasks (id uuid primary key default gen_random_uuid(), team integer not null, title text not null);
create table pages (id integer primary key, team integer not null, body text not null);
alter table members enable row level security;
alter table tasks enable row level security;
alter table pages enable row level security;
create policy own on members using (who = current_setting('app.current_user_id', true));
create policy team on tasks using (team in (select m.team from members m));
create policy team on pages using (team in (select m.team from members m));
insert into members values ('ada', 1), ('ada', 2);
insert into tasks (team, title) values (1, 'of one'), (2, 'of two');
insert into pages values (1, 1, 'page of one'), (2, 2, 'page of two');
`
const CONFIG = `[tables.members]
writable = false
[tables.tasks]
scope = "global"
[tables.pages]
scope = "global"
`

let app

before(async () => {
  app = await App.over(MIGRATION, CONFIG)
})
after(() => app?.stop())

const titles = (tab) =>
  tab.run(() => [
    ...db.tasks.rows().map(({ title }) => title),
    ...db.pages.rows().map(({ body }) => body),
  ])

test('rows that a membership showed go when it ends while offline, and come back with it', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open({ user: 'ada' })
  await tab.until(() => db.tasks.count() === 2 && db.sync.status.state === 'online')
  await tab.run(() => db.flush())
  await app.backend.end('SIGKILL')
  try {
    await tab.run(async () => {
      const task = db.tasks.where({ team: 2 }).first()
      await db.tasks.update(task.id, { title: 'edited offline' }).durable
    })
    await app.backend.sql('delete from members where team = 2')
  } finally {
    await app.backend.serve()
  }
  await tab.run(() => db.sync.now())
  await tab.synced()
  assert.deepEqual(await titles(tab), ['of one', 'page of one'])
  const rejected = await tab.run(() => db.sync.rejected.map(({ error }) => error.code))
  assert.deepEqual(rejected, ['gone'])
  // From the disk too, with nobody to ask.
  await tab.run(() => db.flush())
  await tab.load()
  await tab.open({ token: null })
  assert.deepEqual(await titles(tab), ['of one', 'page of one'])
  // A page that is open hears of it without being asked.
  await tab.load()
  await tab.open({ user: 'ada' })
  await tab.until(() => db.sync.status.state === 'online')
  await app.backend.sql("insert into members values ('ada', 2)")
  await tab.until(() => db.tasks.count() === 2 && db.pages.count() === 2)
  await app.backend.sql('delete from members')
  await tab.until(() => db.tasks.count() === 0 && db.pages.count() === 0)
})
