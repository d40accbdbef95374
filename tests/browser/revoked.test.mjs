// A permission that is taken away while a device is offline (F46).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

let app

before(async () => {
  app = await App.start()
  await app.addUsers(2)
  await app.backend.sql(
    `insert into events (event_id, user_id, title)
     values (1001, 1, 'kept'), (1002, 1, 'edited offline'), (1003, 1, 'deleted offline')`,
  )
})
after(() => app?.stop())

test('rows that were taken away while offline go at the next contact, and what was written of them is kept', async () => {
  const profile = await app.profile()
  const tab = await profile.tab()
  await tab.open()
  await tab.until(() => db.events.count() === 3 && db.sync.status.state === 'online')
  await tab.run(() => db.flush())
  await app.backend.end('SIGKILL')
  try {
    await tab.run(async () => {
      await db.events.update(1002, { title: 'edited' }).durable
      await db.events.delete(1003).durable
      await db.events.update(1001, { title: 'still mine' }).durable
    })
    await app.backend.sql('update events set user_id = 2 where event_id in (1002, 1003)')
  } finally {
    await app.backend.serve()
  }
  await tab.run(() => db.sync.now())
  await tab.synced()
  const seen = await tab.run(() => ({
    titles: db.events.rows().map(({ title }) => title),
    states: [1001, 1002].map((id) => db.events.state(id)),
    rejected: db.sync.rejected.map(({ error, ops }) => [error.code, ops[0].op, ops[0].key[0]]),
  }))
  assert.deepEqual(seen.titles, ['still mine'], 'the others are gone, also as they were edited')
  assert.deepEqual(seen.states, ['acknowledged', 'rejected'])
  // To delete what is gone already is no failure.
  assert.deepEqual(seen.rejected, [['gone', 'update', 1002]])
  const rows = await app.backend.sql('select event_id, user_id, title from events order by 1')
  assert.deepEqual(
    rows.map(({ event_id, user_id, title }) => `${event_id} ${user_id} ${title}`),
    ['1001 1 still mine', '1002 2 edited offline', '1003 2 deleted offline'],
    'nothing that was written of them arrived',
  )
  // Nothing of them is left on the device but what this user wrote; that waits for a decision.
  await tab.run(() => db.flush())
  await tab.load()
  await tab.open({ token: null })
  const stored = await tab.run(async () => {
    const texts = {}
    for (const { name } of await indexedDB.databases()) {
      const opened = await new Promise((resolve, reject) => {
        const request = indexedDB.open(name)
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
      for (const store of opened.objectStoreNames) {
        const all = opened.transaction(store).objectStore(store).getAll()
        await new Promise((resolve) => (all.onsuccess = resolve))
        texts[store] = (texts[store] ?? '') + JSON.stringify(all.result)
      }
      opened.close()
    }
    return { texts, rejected: db.sync.rejected.length, rows: db.events.count() }
  })
  assert.ok(stored.texts.events.includes('still mine'))
  for (const [store, text] of Object.entries(stored.texts)) {
    if (store !== 'sync_rejected') assert.ok(!text.includes('offline'), store)
  }
  assert.deepEqual([stored.rejected, stored.rows], [1, 1])
})
