// Rows made offline beyond what is leased: their temporary keys are replaced everywhere, once.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

/** How many events each of two tabs makes offline: many more than are ever leased. */
const EVENTS = 750

let app

before(async () => {
  app = await App.start()
  await app.addUsers(7)
})
after(() => app?.stop())

/** Makes events of some types, and gives the number of those with a temporary key. */
async function makeEvents({ prefix, count, types }) {
  const writes = []
  for (let i = 0; i < count; i += 1) {
    const event_type_id = types[i % types.length]
    writes.push(db.events.insert({ title: `${prefix} ${i}`, event_type_id }))
    // The page goes on now and then, as it does while a person works.
    if (i % 250 === 249) await writes.at(-1).durable
  }
  await Promise.all(writes.map((write) => write.durable))
  return writes.filter((write) => write.temporary).length
}

test('1,500 rows of two tabs made offline arrive once each, with what refers to them', async () => {
  const profile = await app.profile()
  let [a, b] = await profile.twoTabs()
  await app.backend.end('SIGKILL')
  let types
  try {
    // Twelve types: some with leased keys, some with temporary ones.
    types = await a.run(async () => {
      const writes = []
      for (let i = 0; i < 12; i += 1) writes.push(db.event_types.insert({ name: `type ${i}` }))
      await Promise.all(writes.map((write) => write.durable))
      return writes.map((write) => write.key)
    })
    assert.ok(types.some((key) => key < 0) && types.some((key) => key > 0), String(types))
    await b.until((count) => db.event_types.count() === count, types.length)
    const made = await Promise.all(
      [a, b].map((tab, i) => tab.run(makeEvents, { prefix: 'ab'[i], count: EVENTS, types })),
    )
    assert.ok(
      made.every((count) => count > EVENTS / 2),
      String(made),
    )
    // A reload in between; the other tab is closed, and a new one opened.
    await a.load()
    await a.open()
    await b.close()
    b = await profile.tab()
    await b.open()
    for (const tab of [a, b]) {
      await tab.until((count) => db.events.count() === count, 2 * EVENTS)
      await tab.run(() => {
        globalThis.shown = []
        db.events.where({ title: 'a 700' }).live(({ rows }) => globalThis.shown.push(rows))
      })
    }
    const last = await a.run(async (types) => {
      const ofType = (key) => db.events.where({ event_type_id: key })
      const row = db.events.where({ title: 'a 701' }).first()
      await db.events.update(row.event_id, { description: 'changed offline' }).durable
      await db.events.delete(db.events.where({ title: 'b 702' }).first().event_id).durable
      return { event: row.event_id, count: ofType(types.at(-1)).count() }
    }, types)
    assert.ok(last.event < 0, 'its key is temporary')
    assert.equal(last.count, 2 * Math.floor(EVENTS / types.length))
  } finally {
    await app.backend.serve()
  }
  await a.run(() => db.sync.now())
  for (const tab of [a, b]) await tab.synced()
  const sql = `select e.title, e.description, t.name, e.event_id from events e
               left join event_types t on t.event_type_id = e.event_type_id
               where e.user_id = 1 order by e.event_id`
  const rows = await app.backend.sql(sql)
  assert.equal(rows.length, 2 * EVENTS - 1, 'each arrived once')
  assert.equal(new Set(rows.map((row) => row.title)).size, rows.length)
  for (const { title, name, event_id } of rows) {
    assert.equal(name, `type ${Number(title.split(' ')[1]) % types.length}`, title)
    assert.ok(event_id > 0, 'the server never saw a temporary key')
  }
  const changed = rows.filter((row) => row.description === 'changed offline')
  assert.deepEqual(
    changed.map((row) => row.title),
    ['a 701'],
  )
  const real = rows.find((row) => row.title === 'a 700').event_id
  for (const tab of [a, b]) {
    const seen = await tab.until(
      (count) =>
        db.events.count() === count && {
          keys: db.events.rows().map((row) => row.event_id),
          shown: globalThis.shown.at(-1).map((row) => row.event_id),
          rejected: db.sync.rejected.length,
        },
      rows.length,
    )
    assert.deepEqual(
      seen.keys.sort((x, y) => x - y),
      rows.map((row) => row.event_id),
    )
    assert.deepEqual(seen.shown, [real], 'a live query shows the row under its key')
    assert.equal(seen.rejected, 0)
    assert.deepEqual(tab.errors, [])
  }
})

test('a write says that its key is temporary, and has the other before it is synced', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open({ user: '2' })
  await tab.until(() => db.user === '2')
  await tab.synced()
  await app.backend.end('SIGKILL')
  try {
    await tab.run(() => {
      globalThis.writes = []
      for (let i = 0; i < 30; i += 1) writes.push(db.events.insert({ title: `event ${i}` }))
      globalThis.write = writes.at(-1)
      globalThis.old = write.key
      // What a page shows of an event, by the key in its address.
      globalThis.shown = []
      db.events.where({ event_id: old }).live(({ rows }) => shown.push(rows[0]?.event_id))
    })
    assert.equal(await tab.run(() => write.temporary), true)
    assert.ok((await tab.run(() => write.key)) < 0)
  } finally {
    await app.backend.serve()
  }
  const seen = await tab.run(async () => {
    db.sync.now()
    await write.synced
    db.events.update(old, { title: 'renamed by its old key' })
    return {
      key: write.key,
      temporary: write.temporary,
      row: write.row.event_id,
      byOld: db.events.get(old)?.event_id,
      title: write.row.title,
    }
  })
  await tab.synced()
  const [row] = await app.backend.sql(
    `select event_id, title from events where user_id = 2 order by event_id desc limit 1`,
  )
  const key = row.event_id
  assert.deepEqual(seen, {
    key,
    temporary: false,
    row: key,
    byOld: key,
    title: 'renamed by its old key',
  })
  assert.equal(row.title, 'renamed by its old key')
  assert.equal(await tab.run(() => shown.at(-1)), key, 'the live query follows')
  // After a reload the old key is known still.
  await tab.load()
  await tab.open({ user: '2' })
  const old = await app.backend.sql('select count(*)::int as count from events where user_id = 2')
  assert.equal(old[0].count, 30)
  assert.equal(await tab.run((key) => db.events.get(key)?.title, key), 'renamed by its old key')
})

test('tags and links, which refer to rows of several tables, follow too', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open({ user: '5' })
  await tab.until(() => db.user === '5')
  await tab.synced()
  await app.backend.end('SIGKILL')
  try {
    await tab.run(async () => {
      const events = []
      for (let i = 0; i < 20; i += 1) events.push(db.events.insert({ title: `event ${i}` }))
      const item = db.items.insert({ name: 'an item' })
      const tag = db.tags.insert({ name: 'a tag' })
      for (const { key } of events)
        db.tag_assignments.insert({ taggable_type: 'event', taggable_id: key, tag_id: tag.key })
      const from = { from_type: 'event', from_id: events[19].key }
      await db.links.insert({ ...from, to_type: 'item', to_id: item.key }).durable
      globalThis.tagged = events[19].key
    })
    assert.ok((await tab.run(() => tagged)) < 0)
  } finally {
    await app.backend.serve()
  }
  await tab.run(() => db.sync.now())
  await tab.synced()
  const sql = `select e.title, i.name as item from events e
               join tag_assignments a on a.taggable_type = 'event' and a.taggable_id = e.event_id
               join tags t on t.tag_id = a.tag_id and t.name = 'a tag'
               left join links l on l.from_type = 'event' and l.from_id = e.event_id
               left join items i on l.to_type = 'item' and i.item_id = l.to_id
               where e.user_id = 5 order by e.event_id`
  const rows = await app.backend.sql(sql)
  const events = Array.from({ length: 20 }, (_, i) => `event ${i}`)
  assert.deepEqual(rows.map((row) => row.title).sort(), events.sort())
  assert.deepEqual(
    rows.filter((row) => row.item !== null),
    [{ title: 'event 19', item: 'an item' }],
  )
  // The pair is the key of the assignment's own row.
  const found = await tab.run(() => {
    const tag_id = db.tags.first().tag_id
    return db.tag_assignments.get(['event', tagged, tag_id])?.taggable_id
  })
  assert.ok(found > 0)
})

test('a full queue refuses the next write in words, until some of it has drained', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open({ user: '6' })
  await tab.until(() => db.user === '6')
  await tab.synced()
  await app.backend.end('SIGKILL')
  let seen
  try {
    seen = await tab.run(async () => {
      let last
      for (let i = 0; i < 10_000; i += 1) last = db.tags.insert({ name: `tag ${i}` })
      const refused = thrown(() => db.tags.insert({ name: 'one more' }))
      await last.durable
      return { refused, count: db.tags.count(), pending: db.sync.status.pending }
    })
  } finally {
    await app.backend.serve()
  }
  assert.equal(seen.refused.code, 'queue_full', seen.refused.message)
  assert.deepEqual([seen.count, seen.pending], [10_000, 10_000])
  await tab.run(() => db.sync.now())
  // It drains from its beginning, and there is room again.
  await tab.until(() => db.sync.status.pending < 10_000, undefined, { timeout: 60_000 })
  await tab.run(() => db.tags.insert({ name: 'one more' }).durable)
  const sql = `select name from tags where user_id = 6 order by tag_id limit 3`
  const first = (await app.backend.sql(sql)).map((row) => row.name)
  assert.deepEqual(first, ['tag 0', 'tag 1', 'tag 2'])
})

test('before the first sync, rows can be made at once', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open({ user: '3' })
  await tab.until(() => db.user === '3')
  const write = await tab.run(async () => {
    const type = db.event_types.insert({ name: 'mine' })
    const event = db.events.insert({ title: 'at once', event_type_id: type.key })
    await event.synced
    return { key: event.key, type: type.key, row: event.row.event_type_id }
  })
  assert.ok(write.key > 0 && write.type > 0)
  assert.equal(write.row, write.type)
})

test('keys that a leader gave before it died are known to the next one', async () => {
  const profile = await app.profile()
  const [a, b] = [await profile.tab(), await profile.tab()]
  await a.open({ user: '7' })
  await a.until(() => db.user === '7')
  await a.synced()
  await b.open({ user: '7' })
  await app.backend.end('SIGKILL')
  try {
    await b.run(async () => {
      const writes = []
      for (let i = 0; i < 30; i += 1) writes.push(db.events.insert({ title: `event ${i}` }))
      globalThis.write = writes.at(-1)
      globalThis.old = write.key
      await write.durable
    })
    await a.until(() => db.events.count() === 30)
    // The leader gets keys with its first sync, tells nobody of them, and syncs no more.
    await a.run(() => {
      const post = BroadcastChannel.prototype.postMessage
      BroadcastChannel.prototype.postMessage = function (message) {
        if (JSON.parse(message).kind !== 'rekeyed') post.call(this, message)
      }
      const send = globalThis.fetch
      let answered = false
      globalThis.fetch = (request, ...rest) => {
        const isSync = (request.url ?? String(request)).includes('/v1/sync')
        if (isSync && answered) return Promise.reject(new TypeError('the network is gone'))
        const answer = send(request, ...rest)
        if (isSync) void answer.then(() => (answered = true)).catch(() => {})
        return answer
      }
    })
  } finally {
    await app.backend.serve()
  }
  await a.run(() => db.sync.now())
  await a.until(() => db.events.rows().every((row) => row.event_id > 0))
  assert.ok((await b.run(() => write.key)) < 0, 'the other tab has not heard of it')
  await a.close()
  await b.until(() => db.sync.status.leader)
  const seen = await b.run(async () => {
    db.sync.now()
    await write.synced
    return { key: write.key, temporary: write.temporary, byOld: db.events.get(old)?.event_id }
  })
  const sql = `select max(event_id) as last, count(*)::int as count from events where user_id = 7`
  const [{ last, count }] = await app.backend.sql(sql)
  assert.deepEqual([seen, count], [{ key: last, temporary: false, byOld: last }, 30])
})

test('a new leader gives the keys when the old one died with them leased', async () => {
  const profile = await app.profile()
  const [a, b] = [await profile.tab(), await profile.tab()]
  await a.open({ user: '4' })
  await a.until(() => db.user === '4')
  await a.synced()
  await b.open({ user: '4' })
  assert.equal(await a.run(() => db.sync.status.leader), true)
  await app.backend.end('SIGKILL')
  try {
    for (const tab of [a, b])
      await tab.run(makeEvents, { prefix: 'left', count: 40, types: [null] })
    await a.close()
    await b.until(() => db.sync.status.leader)
  } finally {
    await app.backend.serve()
  }
  await b.run(() => db.sync.now())
  await b.synced()
  const sql = 'select count(*)::int as count, min(event_id) as least from events where user_id = 4'
  const [{ count, least }] = await app.backend.sql(sql)
  assert.equal(count, 80)
  assert.ok(least > 0)
})
