export const name = 'a row inserted by SQL appears in A without a reload'

export async function run({ a, sql, user, marker, pictures }) {
  const title = `${marker} from SQL`
  await a.agenda.search(title)
  // Nothing has its words yet, so what is similar is shown.
  await a.agenda.showsSimilar(true)
  await a.agenda.page.evaluate(() => (window.notReloaded = true))
  const inside = await a.agenda.inside()
  if (inside.queries < 3) throw new Error(`the panel shows ${inside.queries} live queries`)
  const began = Date.now()
  const key = await sql.addEvent(user, title, '2027-02-03')
  await a.agenda.showsTitles([title])
  await a.agenda.showsSimilar(false)
  const seen_ms = Date.now() - began
  await a.agenda.insideMoves(inside.cursor)
  await pictures('inside', a)
  await a.agenda.closePanel()
  if (!(await a.agenda.page.evaluate(() => window.notReloaded))) throw new Error('A was reloaded')
  await a.agenda.search(title.replace('Story', 'Stoory'))
  await a.agenda.showsSimilar(true)
  await a.agenda.open(title)
  const shown = await a.agenda.page.innerText('[data-testid="detail-id"]')
  if (Number(shown) !== key) throw new Error(`A shows it as number ${shown}, SQL as ${key}`)
  return {
    page: `A shows number ${shown} ${seen_ms} ms later`,
    sql: `number ${key}`,
    keep: { fromSqlKey: key },
  }
}
