// A proxy that answers in the endpoint's place, and says when to come again.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { App } from '../support/app.mjs'

let app

before(async () => {
  app = await App.start()
  await app.addUsers(1)
})
after(() => app?.stop())

test('what a proxy wishes is heeded, by its own clock', async () => {
  const tab = await (await app.profile()).tab()
  await tab.open()
  await tab.synced()
  const asked = []
  // Ten years ahead of the page: only beside its own date does its wish mean 3 s.
  const then = Date.now() + 10 * 365 * 86_400_000
  const date = (seconds) => new Date(then + seconds * 1000).toUTCString()
  const wishes = [
    { 'retry-after': '3' },
    { 'retry-after': date(3), date: date(0) },
    // What is no wish.
    { 'retry-after': 'soon' },
  ]
  await tab.page.route('**/v1/sync', async (route) => {
    asked.push(performance.now())
    const wish = wishes[asked.length - 1]
    if (!wish) return route.continue()
    await route.fulfill({
      status: asked.length % 2 ? 503 : 429,
      headers: {
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'retry-after, date',
        'content-type': 'text/html',
        ...wish,
      },
      body: '<h1>come again</h1>',
    })
  })
  await tab.run(() => db.events.insert({ title: 'past a proxy' }).durable)
  await tab.until(() => db.sync.status.pending === 0, undefined, { timeout: 30_000 })
  // Once nothing is in the way, more than one request may follow.
  const waits = asked.slice(1, wishes.length + 1).map((at, i) => at - asked[i])
  assert.equal(waits.length, wishes.length)
  for (const wait of waits.slice(0, 2)) {
    assert.ok(wait >= 2_900 && wait < 8_000, `waits of ${waits.join(', ')} ms`)
  }
  assert.ok(waits[2] < 2_900, `no wish makes nobody wait: ${waits.join(', ')} ms`)
})
