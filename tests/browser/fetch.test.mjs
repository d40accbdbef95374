// `fetch()`: the same question, put to Postgres through a real endpoint.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

const MIGRATION = `
create type mood as enum ('calm', 'stormy');
create table notes (
  id integer primary key,
  owner text not null,
  title varchar(40) not null,
  priority smallint,
  big bigint not null,
  price numeric(8, 2),
  ratio double precision,
  due timestamptz,
  day date,
  mood mood,
  seal bytea,
  data jsonb not null default '{}',
  labels text[] not null default '{}'
);
alter table notes enable row level security;
create policy own on notes using (owner = current_setting('app.current_user_id', true));
insert into notes
select n, case when n > 100 then 'grace' else 'ada' end, 'note ' || n % 7, nullif(n % 5, 0), n * 9007199254740993,
  n / 7.0, case n % 9 when 0 then 'NaN' when 1 then null else n / 3.0 end,
  case when n % 4 > 0 then timestamptz '2026-01-01 00:00:00.123456+00' + n * interval '1 hour' end,
  date '2026-01-01' + n, (array['calm', 'stormy', null])[1 + n % 3]::mood, decode(to_hex(4096 + n), 'hex'),
  jsonb_build_object('n', n % 3, 'tags', jsonb_build_array('t' || n % 4)), array['l' || n % 2, 'all']
from generate_series(1, 120) n;
create table pairs (a text, b bigint, note text, primary key (a, b));
insert into pairs values ('x', 2, 'second'), ('x', 1, 'first'), ('é', 9007199254740993, null);
`
/** Fewer rows than the user `ada` has, and soon too slow. */
const CONFIG = `[tables.notes]
[tables.pairs]
[limits]
query_rows_max = 90
query_timeout_ms = 400
`

let app
let profile
let tab

before(async () => {
  app = await App.over(MIGRATION, CONFIG)
  profile = await app.profile()
  tab = await profile.tab()
  await tab.open({ user: 'ada' })
  await tab.synced()
})
after(() => app?.stop())

/** For the page: the questions. */
function define() {
  const { and, at, between, column, contains, eq, gt, gte, hasKey, ilike, isNull } = haversack
  const { like, lt, lte, matches, ne, not, notNull, oneOf, or, overlaps, startsWith } = haversack
  const { notes } = db
  globalThis.questions = [
    notes.limit(90),
    notes.limit(10).offset(95),
    notes.where({ title: 'note 3' }),
    notes
      .where({ title: ne('note 3') })
      .orderBy('title', 'desc')
      .limit(60),
    notes.where({ title: like('%5'), priority: notNull() }).orderBy('priority', 'desc'),
    notes
      .where({ title: startsWith('note') })
      .limit(5)
      .offset(5),
    notes.where({ priority: isNull() }).orderBy('day', 'desc'),
    notes
      .where({ priority: gt(2.5) })
      .orderBy('priority')
      .orderBy('big', 'desc'),
    notes.where({ priority: lt(Infinity) }).limit(7),
    notes.where({ priority: gte(-Infinity), id: lt(NaN) }).limit(7),
    notes.where({ big: eq(9007199254740993n) }),
    notes.where({ big: oneOf([18014398509481986n, 1n]) }),
    notes.where({ price: between(2.5, 3.005) }),
    notes.where({ price: oneOf([0.14, 1.43, 5]) }),
    notes.where({ ratio: gt(30) }).orderBy('ratio'),
    notes.where({ ratio: eq(NaN) }),
    notes.where({ due: lte(new Date('2026-01-02T00:00:00.123Z')) }).orderBy('due'),
    notes.where({ due: eq('2026-01-01T03:00:00.123456Z') }),
    notes.where({ day: between('2026-01-05', '2026-02-05') }).orderBy('day'),
    notes
      .where({ mood: gt('calm') })
      .orderBy('mood')
      .orderBy('title'),
    notes.where({ seal: new Uint8Array([0x10, 0x05]) }),
    notes.where({ data: contains({ tags: ['t1'] }) }),
    notes.where({ data: hasKey('n'), labels: overlaps(['l1', 'l7']) }),
    notes.where({ labels: contains(['l0']) }).orderBy('price', 'desc'),
    notes.where({ id: gt(column('priority')) }).limit(20),
    notes
      .where(not(or({ title: 'note 1' }, and({ mood: 'calm' }, not({ priority: 3 })))))
      .limit(80),
    notes.where({ title: ilike('NOTE 3') }),
    notes.where({ title: matches('^note [12]$') }).orderBy('title', 'desc'),
    notes.where({ data: at(['tags', 0], 't3') }),
    notes
      .orderBy('mood', 'desc')
      .orderBy('due')
      .after(notes.where({ id: 7 }).first())
      .limit(30),
    notes.where({ owner: 'grace' }),
    notes.where(or()),
    db.pairs,
    db.pairs.where({ b: gt(1n) }).orderBy('note'),
  ]
}

test('it gives what rows() gives, in the same order, and rows that are here are the same objects', async () => {
  await tab.run(define)
  const results = await tab.run(async () => {
    const results = []
    for (const query of globalThis.questions) {
      const local = query.rows()
      const found = await query.fetch()
      results.push({
        shape: JSON.stringify(
          query.shape.describe(false, query.limitCount >= 0, query.offsetCount > 0),
        ),
        rows: local.length,
        equal: found.length === local.length && found.every((row, i) => row === local[i]),
        frozen: Object.isFrozen(found) && found.every((row) => Object.isFrozen(row)),
      })
    }
    return results
  })
  assert.equal(results.length, 34)
  for (const { shape, equal, frozen } of results) {
    assert.ok(equal, `other rows, or another order: ${shape}`)
    assert.ok(frozen, shape)
  }
  assert.ok(results.filter(({ rows }) => rows > 0).length >= 32, 'most of them find something')
})

/** For the page: what of the questions is asked of groups. */
function defineGroups() {
  const { array, avg, count, gt, max, min, sum } = haversack
  const { notes } = db
  globalThis.groups = [
    notes.aggregate({
      n: count(),
      placed: count('priority'),
      most: max('due'),
      mean: avg('price'),
    }),
    notes
      .where({ id: gt(1_000_000) })
      .aggregate({ n: count(), total: sum('big'), all: array('id') }),
    notes.groupBy('mood').aggregate({ n: count(), total: sum('big'), first: min('day') }),
    notes
      .groupBy('priority', 'mood')
      .aggregate({ ids: array('id'), price: sum('price') })
      .limit(7),
    notes
      .groupBy('title')
      .aggregate({ n: count(), last: max('title'), low: min('priority') })
      .having({ n: gt(14) })
      .orderBy('n', 'desc')
      .offset(1),
    notes.groupBy('mood').aggregate({ big: array('big'), moods: array('mood') }),
  ]
}

test('groups that Postgres makes are those that are made here', async () => {
  await tab.run(defineGroups)
  const results = await tab.run(async () => {
    const results = []
    for (const groups of globalThis.groups) {
      const fetched = await groups.fetch()
      const frozen = Object.isFrozen(fetched) && fetched.every((group) => Object.isFrozen(group))
      results.push({ fetched, here: groups.rows(), frozen })
    }
    return results
  })
  assert.equal(results.length, 6)
  for (const { fetched, here, frozen } of results) {
    assert.ok(fetched.length > 0 && frozen)
    assert.deepEqual(fetched, here)
  }
  assert.deepEqual(results[1].fetched, [{ n: 0, total: null, all: null }])
  const all = await tab.run(() => db.notes.groupBy('id').aggregate({ n: haversack.count() }).rows())
  assert.ok(all.length > 90)
  const most = await tab.run(() =>
    outcome(db.notes.groupBy('id').aggregate({ n: haversack.count() }).fetch()),
  )
  assert.equal(most.code, 'too_many_rows', most.message)
})

test('what Postgres alone has is in the answer, with the types of rows, and comes by the sync that it asks for', async () => {
  const other = await (await app.profile()).tab()
  await other.open({ user: 'ada' })
  await other.synced()
  // Nothing comes by itself.
  await other.page.route('**/v1/sync', (route) => route.abort())
  await app.backend.sql(
    `insert into notes values (1001, 'ada', 'unheard of', 1, 9007199254740995, 0.1, 'Infinity',
       '2027-01-01 00:00:00.1+00', null, 'stormy', '\\x00ff', '{"deep": [{"a": null}]}', '{a}');
     update notes set title = 'renamed' where id = 1`,
  )
  await other.until(() => db.sync.status.state === 'offline')
  const found = await other.run(async () => {
    const [renamed, added] = await db.notes.where({ id: haversack.oneOf([1, 1001]) }).fetch()
    return {
      ...added,
      seal: [...added.seal],
      deep: Object.isFrozen(added.data.deep[0]),
      renamed: [renamed.title, db.notes.get(1).title, renamed === db.notes.get(1)],
      here: db.notes.get(1001) !== undefined,
      state: haversack.meta(added).state,
    }
  })
  assert.deepEqual(found, {
    id: 1001,
    owner: 'ada',
    title: 'unheard of',
    priority: 1,
    big: 9007199254740995n,
    price: 0.1,
    ratio: 'Infinity',
    due: '2027-01-01T00:00:00.100000Z',
    day: null,
    mood: 'stormy',
    seal: [0, 255],
    data: { deep: [{ a: null }] },
    labels: ['a'],
    deep: true,
    renamed: ['renamed', 'note 1', false],
    here: false,
    state: 'acknowledged',
  })
  await other.page.unroute('**/v1/sync')
  const start = Date.now()
  await other.run(async () => void (await db.notes.where({ id: 1001 }).fetch()))
  await other.until(() => db.notes.get(1001) !== undefined && db.notes.get(1).title === 'renamed')
  assert.ok(Date.now() - start < 5_000, 'it is asked for at once')
  const same = await other.run(async () => {
    const [row] = await db.notes.where({ id: 1001 }).fetch()
    return row === db.notes.get(1001)
  })
  assert.ok(same)
})

test('what waits to be sent is not in the answer, and stays', async () => {
  await tab.page.route('**/v1/sync', (route) => route.abort())
  const seen = await tab.run(async () => {
    await db.notes.update(2, { title: 'pending' }).durable
    const [row] = await db.notes.where({ id: 2 }).fetch()
    return [row.title, db.notes.get(2).title, db.sync.status.pending]
  })
  assert.deepEqual(seen, ['note 2', 'pending', 1])
  await tab.page.unroute('**/v1/sync')
  await tab.run(() => db.sync.now())
  await tab.synced()
  assert.equal(
    await tab.run(async () => (await db.notes.where({ id: 2 }).fetch())[0].title),
    'pending',
  )
})

test('a tab that follows asks by itself', async () => {
  const follower = await profile.tab()
  await follower.open({ user: 'ada' })
  await follower.until(() => db.sync.status.state === 'online')
  assert.equal(await follower.run(() => db.sync.status.leader), false)
  const found = await follower.run(async () =>
    (await db.notes.limit(5).fetch()).map(({ id }) => id),
  )
  assert.deepEqual(found, [1, 2, 3, 4, 5])
  await follower.close()
})

const refusals = [
  ['an unknown column', 'unknown_column', () => outcome(db.notes.where({ colour: 1 }).fetch())],
  ['a wrong type', 'type_mismatch', () => outcome(db.notes.where({ due: 'soon' }).fetch())],
  [
    'a comparison that the type has not',
    'invalid_query',
    () => outcome(db.notes.where({ data: haversack.lt('{}') }).fetch()),
  ],
  ['more rows than one answer has', 'too_many_rows', () => outcome(db.notes.fetch())],
  [
    'a limit above what one answer has',
    'invalid_query',
    () => outcome(db.notes.limit(1_000_000_000).fetch()),
  ],
]
for (const [name, code, ask] of refusals) {
  test(`${name} is refused: ${code}`, async () => {
    const refused = await tab.run(ask)
    assert.equal(refused.code, code, refused.message)
    assert.ok(refused.message.length > 10)
  })
}

test('a question that Postgres is too slow for is refused, and the next one is answered', async () => {
  await app.backend.sql('begin; lock table notes in access exclusive mode')
  const slow = await tab.run(() => outcome(db.notes.limit(1).fetch()))
  await app.backend.sql('rollback')
  assert.equal(slow.code, 'query_too_slow', slow.message)
  assert.equal(slow.details.sqlstate, '57014')
  assert.equal(await tab.run(async () => (await db.notes.limit(1).fetch()).length), 1)
})

test('a token that no longer holds is asked for anew, once', async () => {
  const held = app.backend.token('ada')
  const { jti } = JSON.parse(Buffer.from(held.split('.')[1], 'base64url'))
  const tab = await (await app.profile()).tab()
  await tab.open({ token: held })
  await tab.synced()
  await tab.run((token) => void (globalThis.token = token), app.backend.token('ada'))
  await app.backend.sql(`select haversack.revoke('${jti}', now() + interval '1 hour')`)
  const found = await tab.run(async () => (await outcome(db.notes.limit(3).fetch())).value?.length)
  assert.equal(found, 3)
  // None that holds comes: it is said, and not asked for ever.
  const expired = app.backend.token('ada', { seconds: -60 })
  await tab.load()
  await tab.open({ token: expired })
  const refused = await tab.run(() => outcome(db.notes.limit(3).fetch()))
  assert.equal(refused.code, 'token_expired', refused.message)
  assert.equal(refused.recovery, 'authenticate')
  assert.ok((await tab.run(() => db.notes.count())) > 90, 'what is here can be read')
  // And with a token that names somebody else nobody's rows come.
  await tab.run((token) => void (globalThis.token = token), app.backend.token('grace'))
  const changed = await tab.run(() => outcome(db.notes.limit(3).fetch()))
  assert.equal(changed.code, 'identity_changed', changed.message)
})

test('offline, signed out and closed are told apart', async () => {
  const nobody = await (await app.profile()).tab()
  await nobody.open({ token: null })
  const early = await nobody.run(() => outcome(db.notes.fetch()))
  assert.equal(early.code, 'not_signed_in')
  await app.backend.end('SIGKILL')
  try {
    const offline = await tab.run(() => outcome(db.notes.limit(1).fetch()))
    assert.equal(offline.code, 'network', offline.message)
    assert.equal(offline.recovery, 'retry')
    assert.ok(await tab.run(() => db.notes.limit(1).rows().length === 1))
  } finally {
    await app.backend.serve()
  }
  await tab.run(async () => void (await db.notes.limit(1).fetch()))
  const closed = await tab.run(async () => {
    const asked = outcome(db.notes.limit(1).fetch())
    await db.close()
    return [(await asked).code, (await outcome(db.notes.fetch())).code]
  })
  assert.deepEqual(closed, ['closed', 'closed'])
  assert.deepEqual(tab.errors, [])
})
