export const name = 'a budget that both changed is decided by A in the page'

const BUDGET = 'select budget from events where event_id = $1'

export async function run({ a, b, sql, kept, pictures }) {
  const key = kept.fromSqlKey
  await a.route.goOffline()
  await b.agenda.set('budget', '200')
  await sql.until('200.00', BUDGET, [key])
  await a.agenda.set('budget', '90')
  await a.agenda.showsPending(1)
  await a.route.goOnline()
  await a.agenda.syncNow()
  await a.agenda.showsPending(0)
  await a.agenda.showsFields({ budget: '200' })

  await a.agenda.openAttention()
  const [open] = await a.agenda.cards('open')
  const shown = [open?.['open-base'], open?.['open-mine'], open?.['open-theirs']].map(Number)
  if (String(shown) !== '120,90,200') {
    throw new Error(`A's page shows as open: ${JSON.stringify(open)}`)
  }
  await pictures('open', a)
  await a.agenda.decide('mine')
  await sql.until('90.00', BUDGET, [key])
  await b.agenda.showsFields({ budget: '90' })
  const left = await a.agenda.cards('open')
  if (left.length > 0) throw new Error(`A's page still asks: ${JSON.stringify(left)}`)
  const row = await sql.event(key)
  return {
    page: 'A was asked (120, mine 90, theirs 200), took its own, and B shows 90',
    sql: `budget ${row.budget}`,
  }
}
