export const name = 'the endpoint is killed with kill -9 while A pushes 500 mutations'

const MUTATIONS = 500
/** The kill falls where some verdicts are known and others are not. */
const VERDICTS_MIN = 100
const VERDICTS_MAX = 400
/** A's connection is held to this many bytes a second, so that the kill can fall in between. */
const UPLOAD_RATE = 60_000

export async function run({ a, b, sql, user, stack, marker }) {
  const title = `${marker} batch`
  await a.agenda.closePanel()
  await b.agenda.closePanel()
  const before = await sql.judged(user)
  a.route.endpoint.uploadRate = UPLOAD_RATE
  const writing = a.agenda.write500(title)
  // `all` also ends the wait when the page can't write.
  await Promise.all([writing, killAmongVerdicts(sql, user, before, stack)])
  a.route.endpoint.uploadRate = null
  // What was under way when the endpoint died may still have committed.
  const verdicts = (await sql.judged(user)) - before
  if (verdicts < VERDICTS_MIN || verdicts >= VERDICTS_MAX) {
    throw new Error(`the kill fell after ${verdicts} verdicts`)
  }
  const waiting = await a.agenda.pending()
  if (waiting === 0) throw new Error('A believes that everything is sent, with the endpoint dead')

  await stack.startEndpoint()
  await a.agenda.showsPending(0, 60_000)
  const [{ all, different }] = await sql.rows(
    `select count(*)::int as all, count(distinct title)::int as different
       from events where user_id = $1 and strpos(title, $2) = 1`,
    [user, title],
  )
  if (all !== MUTATIONS || different !== MUTATIONS) {
    throw new Error(`Postgres has ${all} events with ${different} titles`)
  }
  for (const { agenda } of [a, b]) {
    await agenda.search(title)
    await agenda.showsCount(MUTATIONS, 40_000)
  }
  return {
    page: `killed after ${verdicts} verdicts with ${waiting} waiting; then A and B show ${MUTATIONS}`,
    sql: `${all} events, ${different} different titles`,
  }
}

/** Kills the endpoint as soon as enough verdicts are recorded. */
async function killAmongVerdicts(sql, user, before, stack) {
  const until = Date.now() + 30_000
  while ((await sql.judged(user)) - before < VERDICTS_MIN) {
    if (Date.now() > until) throw new Error('A pushes too slowly')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await stack.killEndpoint()
}
