export const name = 'first sync shows the events, and the third user sees none of them'

export async function run({ a, b, c, sql, user, other, marker }) {
  const wanted = [`${marker} to be edited`, `${marker} to be deleted`]
  const keys = []
  for (const title of wanted) keys.push(await sql.addEvent(user, title, '2027-02-03'))

  await Promise.all([a, b, c].map((profile) => profile.start()))
  await a.agenda.signIn(user)
  const began = Date.now()
  const total = await sql.eventCount(user)
  await a.agenda.showsCount(total, 30_000)
  const first_sync_s = ((Date.now() - began) / 1000).toFixed(1)
  await b.agenda.signIn(user)
  await b.agenda.showsCount(total, 30_000)
  await c.agenda.signIn(other)
  const others = await sql.eventCount(other)
  await c.agenda.showsState('online')
  await c.agenda.showsCount(others)

  for (const profile of [a, b, c]) await profile.agenda.search(marker)
  await a.agenda.showsTitles(wanted)
  await b.agenda.showsTitles(wanted)
  await c.agenda.showsCount(0)
  await Promise.all([a, b].map((profile) => profile.agenda.readyForOffline()))

  const foreign = await c.agenda.titles()
  await c.stop()
  return {
    page: `A and B show ${total} events (A after ${first_sync_s} s), the third user ${others} and ${foreign.length} of theirs`,
    sql: `${total} and ${others}`,
    keep: { editedKey: keys[0], deletedKey: keys[1] },
  }
}
