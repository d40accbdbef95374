// From a commit in one browser to the live result in another, both on this machine.

import { App } from '../../tests/support/app.mjs'
import { percentile } from './processes.mjs'

/** When the transaction of each note began, by its title, in milliseconds since 1970. */
async function began(backend) {
  const rows = await backend.sql(
    `select n.title, extract(epoch from min(c.at)) * 1000 as at from notes n
     join haversack.changes c on c.key = array[n.id::text]
     join haversack.tables t on t.id = c.tbl and t.name = 'notes' group by n.title`,
  )
  return new Map(rows.map(({ title, at }) => [title, Number(at)]))
}

/**
 * Writes in one page so often, and gives how long each took to show in another, in milliseconds: since its
 * transaction began in Postgres, which is a little before the commit, and since the page's call, which writes to
 * IndexedDB first. The machine has one clock for all.
 */
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
    const called = new Map()
    const shown = new Map()
    for (let i = 0; i < writes; i++) {
      const title = `written ${i}`
      const start = await a.run(async (title) => {
        const start = performance.timeOrigin + performance.now()
        await db.notes.insert({ title }).synced
        return start
      }, title)
      called.set(title, start)
      shown.set(title, await b.until((title) => shown.get(title), title, { polling: 5 }))
      await new Promise((resolve) => setTimeout(resolve, 20 + ((i * 37) % 60)))
    }
    const commits = await began(app.backend)
    if (commits.size !== writes) throw new Error(`${commits.size} of ${writes} writes have a time`)
    const since = (starts) => [...shown].map(([title, end]) => end - starts.get(title))
    const of = (times) => ({ median: percentile(times, 0.5), p95: percentile(times, 0.95) })
    return { commit: of(since(commits)), call: of(since(called)), writes }
  } finally {
    await app.stop()
  }
}
