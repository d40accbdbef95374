export const name = 'a write that breaks a CHECK which calls a SQL function comes back as rejected'

const CONSTRAINT = 'events_budget_within_subscription'
/** More than the subscription of anyone in the seed data allows. */
const BUDGET = '99999999'

export async function run({ a, sql, marker, kept, pictures }) {
  const title = `${marker} from SQL`
  const key = kept.fromSqlKey
  // The two writes follow each other, so the second one waits behind the first.
  await a.agenda.set('budget', BUDGET)
  await a.agenda.showsFields({ budget: BUDGET })
  await a.agenda.set('location', 'Porto')
  await sql.until('Porto', 'select location from events where event_id = $1', [key])
  await a.agenda.showsPending(0)
  await a.agenda.showsFields({ budget: '', location: 'Porto' })

  await a.agenda.openAttention()
  const [card] = await a.agenda.cards('rejected')
  if (card?.['rejected-sqlstate'] !== '23514' || card['rejected-constraint'] !== CONSTRAINT) {
    throw new Error(`A's page shows as rejected: ${JSON.stringify(card)}`)
  }
  if (card['rejected-reason'] === '') throw new Error('the page gives no reason')
  await pictures('rejected', a)
  await pictures('list and detail', a, title)
  const row = await sql.event(key)
  if (row.budget !== null) throw new Error(`Postgres has taken the budget ${row.budget}`)
  return {
    page: `“${card['rejected-reason']}” (23514, ${CONSTRAINT}); budget empty again, Porto kept`,
    sql: `budget ${row.budget}, ${row.location}`,
  }
}
