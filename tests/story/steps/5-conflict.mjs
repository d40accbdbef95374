export const name = 'both edit the same column and different columns of one event'

export async function run({ a, b, sql, marker, kept, pictures }) {
  const title = `${marker} edited offline`
  const key = kept.editedKey
  for (const { agenda } of [a, b]) {
    await agenda.search(marker)
    await agenda.open(title)
  }
  await a.route.goOffline()
  await b.agenda.set('priority', '5')
  await b.agenda.set('description', 'B wrote this')
  await sql.until('5,B wrote this', fields('priority', 'description'), [key])
  await a.agenda.set('priority', '1')
  await a.agenda.set('location', 'Lisbon')
  await a.agenda.showsState('offline')
  await a.agenda.showsPending(2)

  await a.route.goOnline()
  await a.agenda.syncNow()
  await sql.until('5,Lisbon,B wrote this', fields('priority', 'location', 'description'), [key])
  const merged = { priority: '5', location: 'Lisbon', description: 'B wrote this' }
  await a.agenda.showsPending(0)
  await a.agenda.showsFields(merged)
  await b.agenda.showsFields(merged)

  await a.agenda.openAttention()
  const [lost] = await a.agenda.cards('lost')
  if (lost?.['lost-mine'] !== '1' || lost['lost-theirs'] !== '5') {
    throw new Error(`A's page shows as lost: ${JSON.stringify(lost)}`)
  }
  await pictures('lost', a)
  await a.agenda.reapply()
  await sql.until('1', fields('priority'), [key])
  await b.agenda.showsFields({ priority: '1' })
  await a.agenda.closePanel()
  await a.agenda.open(title)
  await a.agenda.showsFields({ priority: '1' })
  const row = await sql.event(key)
  return {
    page: 'A and B: priority 5, Lisbon, “B wrote this”; A had lost its 1, and after “Use mine” both show 1',
    sql: `priority ${row.priority}, ${row.location}, “${row.description}”`,
  }
}

/** A query for columns of one event, joined by commas. */
function fields(...columns) {
  return `select concat_ws(',', ${columns.join(', ')}) from events where event_id = $1`
}
