export const name = 'A goes offline, adds three events, edits one, deletes one, and reloads'

/** What A's list shows after the five changes. */
export function titlesAfter(marker) {
  return [`${marker} one`, `${marker} two`, `${marker} three`, `${marker} edited offline`]
}

export async function run({ a, sql, user, marker }) {
  const before = await sql.titles(user, marker)
  const { agenda } = a
  await a.route.goOffline()
  for (const word of ['one', 'two', 'three']) await agenda.add(`${marker} ${word}`, '2027-02-03')
  await agenda.renameInPlace(`${marker} to be edited`, `${marker} edited offline`)
  await agenda.delete(`${marker} to be deleted`)
  await agenda.showsTitles(titlesAfter(marker))
  await agenda.showsPending(5)
  await agenda.showsState('offline')

  await agenda.reload()
  await agenda.search(marker)
  await agenda.showsTitles(titlesAfter(marker))
  await agenda.showsPending(5)

  const now = await sql.titles(user, marker)
  if (String(now) !== String(before)) throw new Error(`Postgres was reached: it has ${now}`)
  return {
    page: `4 titles and ${await agenda.pending()} changes to send, after a reload without any server`,
    sql: `still the ${now.length} of before`,
  }
}
