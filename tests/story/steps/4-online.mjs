import { titlesAfter } from './2-offline-edits.mjs'

export const name = "A comes online: B's live list shows the five changes within 2 s of the push"

const SEEN_MS_MAX = 2000

export async function run({ a, b, sql, user, marker, kept }) {
  const wanted = titlesAfter(marker)
  await a.route.goOnline()
  await a.agenda.syncNow()
  // All five are pushed in one transaction, so the first of them to be seen is all of them.
  await sql.until(
    'true',
    `select (select count(*) = 3 from events where user_id = $1 and title = any ($2))
        and (select title = $3 from events where event_id = $4)
        and not exists (select from events where event_id = $5)`,
    [user, wanted.slice(0, 3), wanted[3], kept.editedKey, kept.deletedKey],
  )
  const pushed = Date.now()
  await b.agenda.showsTitles(wanted)
  const seen_ms = Date.now() - pushed
  if (seen_ms > SEEN_MS_MAX) throw new Error(`B showed them ${seen_ms} ms after the push`)

  await a.agenda.showsPending(0)
  await a.agenda.showsTitles(wanted)
  const total = await sql.eventCount(user)
  for (const { agenda } of [a, b]) {
    await agenda.search('')
    await agenda.showsCount(total)
  }
  return {
    page: `B shows all five ${seen_ms} ms after the push; A and B count ${total}`,
    sql: `${(await sql.titles(user, marker)).length} titles, the deleted one gone, ${total} in all`,
  }
}
