import { titlesAfter } from './2-offline-edits.mjs'

export const name = "A's browser is killed with SIGKILL and started again, still offline"

export async function run({ a, sql, user, marker }) {
  const killed = await a.kill()
  await a.start()
  await a.agenda.search(marker)
  await a.agenda.showsTitles(titlesAfter(marker))
  await a.agenda.showsPending(5)
  const titles = await sql.titles(user, marker)
  if (titles.length !== 2) throw new Error(`Postgres was reached: it has ${titles}`)
  return {
    page: `4 titles and 5 changes to send, after ${killed} processes were killed`,
    sql: `still the ${titles.length} of before`,
  }
}
