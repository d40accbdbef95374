// A schema that nobody has seen before, made at run time: no code knows it.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

const MIGRATION = `
create type mood as enum ('calm', 'stormy');
create table "Harbour Log" (
  id uuid primary key default gen_random_uuid(),
  "owner" text not null,
  "Ship's name" varchar(40) not null,
  tonnage bigint,
  weight numeric(30, 10),
  seal bytea,
  weather mood not null default 'calm',
  tags text[] not null default '{}',
  seen timestamptz not null default now(),
  length double precision
);
alter table "Harbour Log" enable row level security;
create policy own on "Harbour Log" using ("owner" = current_setting('app.current_user_id', true));
create table berth (
  pier text,
  number smallint,
  taken boolean not null default false,
  primary key (pier, number)
);
insert into berth values ('north', 1, false), ('north', 2, true), ('süd', 1, false);
`
const CONFIG = '[tables."Harbour Log"]\n[tables.berth]\nwritable = true\n'

let app

before(async () => {
  app = await App.over(MIGRATION, CONFIG)
})
after(() => app?.stop())

test('an unknown schema syncs both ways with every type intact', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open({ user: 'harbour master' })
  await tab.synced()
  const made = await tab.run(async () => {
    const log = db.table('Harbour Log')
    const write = log.insert({
      "Ship's name": 'Ægir ⚓',
      tonnage: 9007199254740993n,
      weight: '12345678901234567890.0123456789',
      seal: new Uint8Array([0, 1, 254, 255]),
      weather: 'stormy',
      tags: ['a', 'b c', 'd"e'],
      length: 1e21,
    })
    await write.synced
    const row = log.get(write.key)
    return {
      key: write.key,
      tonnage: String(row.tonnage),
      weight: row.weight,
      seal: [...row.seal],
      weather: row.weather,
      tags: row.tags,
      length: row.length,
      owner: row.owner,
      frozen: Object.isFrozen(row) && Object.isFrozen(row.tags),
    }
  })
  const [row] = await app.backend.sql(
    `select id, owner, tonnage::text, weight::text, encode(seal, 'hex') as seal, weather::text, tags, length
     from "Harbour Log"`,
  )
  assert.deepEqual(row, {
    id: made.key,
    owner: 'harbour master',
    tonnage: '9007199254740993',
    weight: '12345678901234567890.0123456789',
    seal: '0001feff',
    weather: 'stormy',
    tags: ['a', 'b c', 'd"e'],
    length: 1e21,
  })
  assert.deepEqual(made, {
    key: row.id,
    tonnage: row.tonnage,
    weight: row.weight,
    seal: [0, 1, 254, 255],
    weather: 'stormy',
    tags: ['a', 'b c', 'd"e'],
    length: 1e21,
    owner: 'harbour master',
    frozen: true,
  })
})

test('rows with every type survive a reload', async () => {
  const profile = await app.profile()
  const tab = await profile.tab()
  await tab.open({ user: 'harbour master' })
  await tab.synced()
  const view = () =>
    db
      .table('Harbour Log')
      .rows()
      .map((row) => [String(row.tonnage), [...row.seal], row.weight])
  const before = await tab.run(view)
  assert.equal(before.length, 1)
  await tab.run(() => db.flush())
  await tab.load()
  await tab.open({ token: null })
  assert.deepEqual(await tab.run(view), before)
})

test('a composite key is read, written and deleted', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open({ user: 'harbour master' })
  await tab.synced()
  const result = await tab.run(async () => {
    await db.berth.update(['süd', 1], { taken: true }).synced
    await db.berth.delete(['north', 2]).synced
    await db.berth.insert({ pier: 'north', number: 7 }).synced
    return db.berth
      .orderBy('pier')
      .orderBy('number')
      .rows()
      .map((row) => ({ ...row }))
  })
  assert.deepEqual(result, [
    { pier: 'north', number: 1, taken: false },
    { pier: 'north', number: 7, taken: false },
    { pier: 'süd', number: 1, taken: true },
  ])
  const rows = await app.backend.sql('select * from berth order by pier collate "C", number')
  assert.deepEqual(rows, result)
})

test('what plain SQL writes reaches the browser without being asked', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open({ user: 'harbour master' })
  await tab.synced()
  await app.backend.sql(`update berth set taken = true where pier = 'north' and number = 1`)
  await tab.until(() => db.berth.get(['north', 1]).taken, undefined, { timeout: 2000 })
})
