// From a commit in one browser to the live result in another, both on this machine.

import { App } from '../../tests/support/app.mjs'
import { percentile } from './processes.mjs'

/** Runs `write` in one page so often, and gives how long each took to show in another, in milliseconds. */
export async function measureLatency(schema, { writes }) {
  const app = await App.start({ schema })
  try {
    const [writer, reader] = [await app.profile(), await app.profile()]
    const [a, b] = [await writer.tab(), await reader.tab()]
    await a.open()
    await b.open()
    await a.synced()
    await b.synced()
    await b.run(() => {
      globalThis.shown = new Map()
      db.notes.live(({ rows }) => {
        const now = performance.timeOrigin + performance.now()
        for (const row of rows) if (!shown.has(row.title)) shown.set(row.title, now)
      })
    })
    const times = []
    for (let i = 0; i < writes; i++) {
      const title = `written ${i}`
      // The two pages have one clock. The call comes before the commit, so what is measured is more
      // than what is asked for.
      const start = await a.run(async (title) => {
        const start = performance.timeOrigin + performance.now()
        await db.notes.insert({ title }).synced
        return start
      }, title)
      const end = await b.until((title) => shown.get(title), title, { polling: 5 })
      times.push(end - start)
      await new Promise((resolve) => setTimeout(resolve, 20 + ((i * 37) % 60)))
    }
    return { median: percentile(times, 0.5), p95: percentile(times, 0.95), writes }
  } finally {
    await app.stop()
  }
}
