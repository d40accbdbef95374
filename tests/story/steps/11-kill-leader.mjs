export const name = "A's leading tab is killed; its other tab sends what both wrote offline"

const SENT_MS_MAX = 5000

export async function run({ a, b, sql, marker }) {
  const wanted = [`${marker} of the first tab`, `${marker} of the second tab`]
  // The first tab has led since the browser started.
  const [first, second] = [a.agenda, await a.openTab()]
  await second.showsState('online')
  await a.route.goOffline()
  await first.search(marker)
  await first.add(wanted[0], '2027-03-04')
  await second.search(wanted[0])
  await second.showsTitles([wanted[0]])
  await second.add(wanted[1], '2027-03-05')
  await second.showsPending(2)
  await a.crashTab(first)

  await a.route.goOnline()
  const began = Date.now()
  await second.syncNow()
  await sql.until('2', 'select count(*) from events where title = any ($1)', [wanted])
  const sent_ms = Date.now() - began
  if (sent_ms > SENT_MS_MAX) throw new Error(`they were sent after ${sent_ms} ms`)
  await second.showsPending(0)
  await b.agenda.closePanel()
  await b.agenda.search(`${marker} tab`)
  await b.agenda.showsTitles(wanted)
  return {
    page: `the tab that is left sent both after ${sent_ms} ms, B shows them`,
    sql: `${wanted.length} rows, each once`,
  }
}
