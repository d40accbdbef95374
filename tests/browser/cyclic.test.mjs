// Tables that refer to each other (F40): rows that need each other are made, changed and removed in one
// transaction, offline, and arrive whole.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

const MIGRATION = `
create table ships (
  id int primary key,
  owner text not null default current_setting('app.current_user_id', true),
  captain int not null
);
create table captains (
  id int primary key,
  owner text not null default current_setting('app.current_user_id', true),
  ship int not null references ships deferrable initially deferred
);
alter table ships add constraint ships_captain_fkey foreign key (captain) references captains
  deferrable initially deferred;
alter table ships enable row level security;
alter table captains enable row level security;
create policy own on ships using (owner = current_setting('app.current_user_id', true));
create policy own on captains using (owner = current_setting('app.current_user_id', true));
`

let app

before(async () => {
  app = await App.over(MIGRATION, '[tables.ships]\n[tables.captains]\n')
})
after(() => app?.stop())

/** All rows of both tables, as Postgres has them. */
const stored = () =>
  app.backend.sql(`select 'ship' as what, id, captain as other from ships
    union all select 'captain', id, ship from captains order by 1, 2`)

test('rows of two tables that refer to each other are written offline and arrive together', async () => {
  const profile = await app.profile()
  const tab = await profile.tab()
  await tab.open({ user: 'ann' })
  await tab.synced()
  await app.backend.end('SIGKILL')
  try {
    const seen = await tab.run(async () => {
      const made = db.transaction((tx) => {
        tx.ships.insert({ id: 1, captain: 10 })
        tx.captains.insert({ id: 10, ship: 1 })
      })
      // A second pair, which exchange their captains: no order of single operations would do.
      const more = db.transaction((tx) => {
        tx.captains.insert({ id: 20, ship: 2 })
        tx.ships.insert({ id: 2, captain: 20 })
        tx.ships.update(1, { captain: 20 })
        tx.captains.update(10, { ship: 2 })
      })
      // Another user's captain may have that number, for all that is known here.
      const alone = db.ships.insert({ id: 3, captain: 30 })
      await Promise.all([made.durable, more.durable, alone.durable])
      const { unverified } = db.sync.pending.at(-1)
      return {
        ships: db.ships.rows().map(({ id, captain }) => [id, captain]),
        removed: thrown(() => db.transaction((tx) => tx.captains.delete(20))).code,
        unverified,
        pending: db.sync.pending.length,
      }
    })
    assert.deepEqual(seen, {
      ships: [
        [1, 20],
        [2, 20],
        [3, 30],
      ],
      removed: 'foreign_key_violation',
      unverified: ['ships_pkey', 'ships_captain_fkey'],
      pending: 3,
    })
    // The pair outlives a restart of the page before it is sent.
    await tab.load()
    await tab.open({ user: 'ann' })
    assert.equal(await tab.run(() => db.ships.count() + db.captains.count()), 5)
  } finally {
    await app.backend.serve()
  }
  await tab.run(() => db.sync.now())
  await tab.synced()
  const refused = await tab.run(() =>
    db.sync.rejected.map(({ error, ops }) => [error.details.constraint, ops[0].values.id]),
  )
  assert.deepEqual(refused, [['ships_captain_fkey', 3]], 'the half alone, and by itself')
  assert.deepEqual(
    (await stored()).map(({ what, id, other }) => `${what} ${id} ${other}`),
    ['captain 10 2', 'captain 20 2', 'ship 1 20', 'ship 2 20'],
  )
  // Another device gets them in one step: nobody sees a ship without its captain.
  const other = await (await app.profile()).tab()
  await other.open({ user: 'ann' })
  await other.synced()
  assert.equal(await other.run(() => db.ships.count() + db.captains.count()), 4)
  const removed = await tab.run(() =>
    outcome(
      db.transaction((tx) => {
        for (const ship of [1, 2]) tx.ships.delete(ship)
        for (const captain of [10, 20]) tx.captains.delete(captain)
      }).synced,
    ),
  )
  assert.equal(removed.code, undefined, removed.message)
  assert.deepEqual(await stored(), [])
  await other.until(() => db.ships.count() + db.captains.count() === 0)
})
