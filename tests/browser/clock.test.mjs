// Clocks that are ten years ahead, ten years behind, or set while the page runs (F43): the server's order
// decides, and nothing stops.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

const MIGRATION = `
create table notes (
  id int primary key,
  owner text not null default current_setting('app.current_user_id', true),
  body text not null,
  made timestamptz not null default now()
);
alter table notes enable row level security;
create policy own on notes using (owner = current_setting('app.current_user_id', true));
`
const YEARS = 365.25 * 24 * 3600 * 1000

let app

before(async () => {
  app = await App.over(MIGRATION, '[tables.notes.policies]\nbody = "lww"\n')
})
after(() => app?.stop())

/** From here on the page's clock is wrong by `globalThis.wrong` milliseconds. */
const wrongClock = () => {
  globalThis.wrong = 0
  const Real = Date
  globalThis.Date = class extends Real {
    constructor(...given) {
      if (given.length === 0) super(Real.now() + globalThis.wrong)
      else super(...given)
    }
    static now() {
      return Real.now() + globalThis.wrong
    }
  }
}

/** A tab whose clock is wrong from the beginning. */
async function tabWith(user, years) {
  const tab = await (await app.profile()).tab()
  await tab.load(wrongClock)
  await tab.run((wrong) => void (globalThis.wrong = wrong), years * YEARS)
  await tab.open({ user })
  await tab.synced()
  return tab
}

for (const [name, years] of [
  ['beside a clock that is ten years ahead, what is written last stands', 10],
  ['beside a clock that is ten years behind, what is written last stands', -10],
]) {
  test(name, async () => {
    const user = `by ${years}`
    const id = years + 100
    await app.backend.sql('insert into notes (id, owner, body) values ($1, $2, $3)', [
      id,
      user,
      'old',
    ])
    const right = await tabWith(user, 0)
    const wrong = await tabWith(user, years)
    const bodies = async () => {
      const [{ body }] = await app.backend.sql('select body from notes where id = $1', [id])
      return [
        body,
        ...(await Promise.all(
          [right, wrong].map((tab) => tab.run((id) => db.notes.get(id).body, id)),
        )),
      ]
    }
    // In turns, each on top of what it has seen of the other: whoever's clock says what.
    for (const [tab, body] of [
      [wrong, 'first'],
      [right, 'second'],
      [wrong, 'third'],
      [right, 'fourth'],
    ]) {
      const ended = await tab.run(
        ([id, body]) => outcome(db.notes.update(id, { body }).synced),
        [id, body],
      )
      assert.equal(ended.code, undefined, ended.message)
      for (const other of [right, wrong]) {
        await other.until(([id, body]) => db.notes.get(id).body === body, [id, body])
      }
      assert.deepEqual(await bodies(), [body, body, body])
    }
    // A write from the future, made offline, counts as made when it arrives, and not for ten years.
    await app.backend.end('SIGKILL')
    try {
      await wrong.run((id) => db.notes.update(id, { body: 'offline' }).durable, id)
    } finally {
      await app.backend.serve()
    }
    await wrong.synced()
    await right.run((id) => outcome(db.notes.update(id, { body: 'afterwards' }).synced), id)
    await wrong.until((id) => db.notes.get(id).body === 'afterwards', id)
    assert.equal((await bodies())[0], 'afterwards')
    const [{ late }] = await app.backend.sql(
      `select count(*)::int as late from haversack.written
       where at > extract(epoch from clock_timestamp()) * 1000`,
    )
    assert.equal(late, 0, 'nobody has written in the future')
    assert.deepEqual([...right.errors, ...wrong.errors], [])
  })
}

test('a clock that is set while the page runs stops neither the sync nor a write', async () => {
  const user = 'set'
  await app.backend.sql(`insert into notes (id, owner, body) values (1, $1, 'old')`, [user])
  const tab = await tabWith(user, 0)
  for (const years of [10, -10, 0]) {
    // It fails first, so that a timer runs when the clock is set.
    await app.backend.end('SIGKILL')
    try {
      await tab.run((years) => db.notes.update(1, { body: `offline ${years}` }).durable, years)
      await tab.until(() => db.sync.status.state === 'offline')
      await tab.run((wrong) => void (globalThis.wrong = wrong), years * YEARS)
    } finally {
      await app.backend.serve()
    }
    // Nobody asks for it.
    await tab.until(
      (years) => db.sync.status.pending === 0 && db.sync.status.state === 'online',
      years,
    )
    const [{ body }] = await app.backend.sql('select body from notes where id = 1')
    assert.equal(body, `offline ${years}`)
    const ended = await tab.run(
      (years) => outcome(db.notes.update(1, { body: `${years}` }).synced),
      years,
    )
    assert.equal(ended.code, undefined, ended.message)
    // Another's change arrives by its poke.
    await app.backend.sql('update notes set body = $1 where id = 1', [`by SQL ${years}`])
    await tab.until((years) => db.notes.get(1).body === `by SQL ${years}`, years)
  }
})

test('a token is expired when the server says so, whatever the clock of the page', async () => {
  const user = 'token'
  for (const years of [10, -10]) {
    const tab = await tabWith(user, years)
    assert.equal(await tab.run(() => db.sync.status.error), null, 'a good one is good')
    const [expired, good] = [app.backend.token(user, { seconds: -60 }), app.backend.token(user)]
    await tab.load(wrongClock)
    await tab.run((wrong) => void (globalThis.wrong = wrong), years * YEARS)
    await tab.open({ token: expired })
    await tab.until(() => db.sync.status.state === 'signed-out')
    assert.equal(await tab.run(() => db.sync.status.error.code), 'token_expired')
    await tab.run((token) => {
      globalThis.token = token
      db.sync.now()
    }, good)
    await tab.until(() => db.sync.status.state === 'online')
  }
})
