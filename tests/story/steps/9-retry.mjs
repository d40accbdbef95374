export const name = 'the rejected write is corrected in the page and tried again'

export async function run({ a, b, sql, marker, kept }) {
  const title = `${marker} from SQL`
  const key = kept.fromSqlKey
  await a.agenda.openAttention()
  await a.agenda.correct('budget', '120')
  await sql.until('120.00', 'select budget from events where event_id = $1', [key])
  await a.agenda.showsPending(0)
  const left = await a.agenda.cards('rejected')
  if (left.length > 0) throw new Error(`A's page still shows as rejected: ${JSON.stringify(left)}`)
  await a.agenda.closePanel()
  await a.agenda.open(title)
  await a.agenda.showsFields({ budget: '120' })
  await b.agenda.closePanel()
  await b.agenda.search(title)
  await b.agenda.open(title)
  await b.agenda.showsFields({ budget: '120' })
  const row = await sql.event(key)
  return { page: 'A and B show 120, nothing is refused any more', sql: `budget ${row.budget}` }
}
