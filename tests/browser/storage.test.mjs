// What is on disk, and what happens when the disk refuses.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

let app

before(async () => {
  app = await App.start()
  await app.backend.sql(
    `insert into users (user_id, username, email, password_hash) values (1, 'ada', 'ada@example.org', 'x');
     insert into events (user_id, title) select 1, 'event ' || n from generate_series(1, 600) n`,
  )
})
after(() => app?.stop())

/** Opens the replica's IndexedDB database as anybody could. */
const openRaw = () =>
  new Promise((resolve, reject) => {
    void indexedDB.databases().then((all) => {
      const name = all.map((db) => db.name).find((name) => name.startsWith('haversack '))
      const request = indexedDB.open(name)
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  })

async function synced() {
  const profile = await app.profile()
  const tab = await profile.tab()
  await tab.open()
  await tab.synced()
  await tab.page.evaluate(`globalThis.openRaw = ${openRaw.toString()}`)
  return tab
}

test('the row stores hold readable confirmed rows under the table’s name', async () => {
  const tab = await synced()
  const seen = await tab.run(async () => {
    await db.flush()
    const raw = await openRaw()
    const read = (store, verb, key) =>
      new Promise((resolve) => {
        const request = raw.transaction(store).objectStore(store)[verb](key)
        request.onsuccess = () => resolve(request.result)
      })
    const key = db.events.orderBy('title').first().event_id
    const stored = await read('events', 'get', key)
    const count = await read('events', 'count')
    const journal = await read('journal', 'count')
    raw.close()
    return { stored, shown: { ...db.events.get(key) }, count, journal }
  })
  assert.equal(seen.count, 600)
  assert.equal(seen.journal, 0, 'the journal is drained')
  assert.deepEqual(seen.stored, seen.shown)
})

test('a pending write is in the queue alone until it is confirmed', async () => {
  const tab = await synced()
  await app.backend.end('SIGKILL')
  try {
    const seen = await tab.run(async () => {
      await db.flush()
      const write = db.events.insert({ title: 'not confirmed' })
      await write.durable
      const raw = await openRaw()
      const transaction = raw.transaction(['events', 'sync_queue'])
      const get = (request) =>
        new Promise((resolve) => (request.onsuccess = () => resolve(request.result)))
      const row = await get(transaction.objectStore('events').get(write.key))
      const queue = await get(transaction.objectStore('sync_queue').getAll())
      raw.close()
      return { row, queue, shown: db.events.get(write.key)?.title }
    })
    assert.equal(seen.shown, 'not confirmed')
    assert.equal(seen.row, undefined)
    assert.equal(seen.queue.length, 1)
    assert.match(JSON.stringify(seen.queue[0]), /not confirmed/)
  } finally {
    await app.backend.serve()
  }
})

test('rows, writes and deletions survive a reload', async () => {
  const tab = await synced()
  await app.backend.end('SIGKILL')
  try {
    const before = await tab.run(async () => {
      const [first, second] = db.events.orderBy('title').limit(2).rows()
      await db.events.insert({ title: 'made offline' }).durable
      await db.events.update(first.event_id, { title: 'edited offline' }).durable
      await db.events.delete(second.event_id).durable
      return {
        rows: db.events
          .orderBy('event_id')
          .rows()
          .map((row) => [row.event_id, row.title]),
      }
    })
    await tab.load()
    const opened = await tab.open({ token: null })
    assert.equal(opened.code, undefined)
    const after = await tab.run(() =>
      db.events
        .orderBy('event_id')
        .rows()
        .map((row) => [row.event_id, row.title]),
    )
    assert.deepEqual(after, before.rows)
    assert.equal(await tab.run(() => db.sync.status.pending), 3)
  } finally {
    await app.backend.serve()
  }
  await tab.run((token) => {
    globalThis.token = token
    db.sync.now()
  }, app.backend.token('1'))
  await tab.synced()
  const [{ count }] = await app.backend.sql(
    `select count(*)::int from events where title in ('made offline', 'edited offline')`,
  )
  assert.equal(count, 2)
})

test('a browser that refuses IndexedDB is told in words', async () => {
  const profile = await app.profile()
  const tab = await profile.tab()
  await tab.load(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('A mutation operation was attempted', 'SecurityError')
    }
  })
  const opened = await tab.open()
  assert.equal(opened.code, 'storage_unavailable')
  assert.match(opened.message, /stored/)
})

test('a store that newer code has written is refused, and left as it is', async () => {
  const tab = await synced()
  await tab.run(async () => {
    await db.close()
    const raw = await openRaw()
    const meta = raw.transaction('meta', 'readwrite').objectStore('meta')
    await new Promise((resolve) => {
      const request = meta.get('state')
      request.onsuccess = () => {
        meta.put({ ...request.result, store_version: 99 }, 'state').onsuccess = resolve
      }
    })
    raw.close()
  })
  await tab.load()
  const opened = await tab.open()
  assert.equal(opened.code, 'store_too_new')
  assert.equal(opened.recovery, 'upgrade')
})

test('newer code in another tab closes this one instead of waiting for it', async () => {
  const tab = await synced()
  const closed = await tab.run(async () => {
    const raw = await openRaw()
    const { name, version } = raw
    raw.close()
    await new Promise((resolve, reject) => {
      const request = indexedDB.open(name, version + 1)
      request.onsuccess = () => resolve(request.result.close())
      request.onblocked = () => reject(new Error('the old tab blocks the new one'))
    })
    return { state: db.sync.status.state, code: db.sync.status.error?.code }
  })
  assert.deepEqual(closed, { state: 'closed', code: 'store_upgraded' })
  const refused = await tab.run(() => thrown(() => db.events.insert({ title: 'x' })))
  assert.equal(refused.code, 'store_upgraded')
})

test('a full disk refuses the write before acknowledging it, and undoes it', async () => {
  const tab = await synced()
  const result = await tab.run(async () => {
    // Forced: the browser's own quota can't be filled in a test's time.
    const add = IDBObjectStore.prototype.add
    IDBObjectStore.prototype.add = function (...given) {
      const request = add.apply(this, given)
      this.transaction.abort()
      return request
    }
    const write = db.events.insert({ title: 'no room' })
    const shown = db.events.get(write.key) !== undefined
    const refused = await outcome(write.durable)
    IDBObjectStore.prototype.add = add
    return {
      shown,
      refused,
      left: db.events.get(write.key) !== undefined,
      pending: db.sync.status.pending,
    }
  })
  assert.equal(result.shown, true)
  assert.ok(['storage_failed', 'storage_quota'].includes(result.refused.code), result.refused.code)
  assert.equal(result.left, false)
  assert.equal(result.pending, 0)
})
