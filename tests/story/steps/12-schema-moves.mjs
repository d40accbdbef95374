import { App, ORGANIZATIONAL, countRows } from '../../support/app.mjs'
import { beforeColumns, removeFolders } from '../../support/earlier-schema.mjs'

export const name = 'V1 meets V2: what two tabs and a second device queued lands in the new columns'

/** How many items the user has, which the migration leaves as they are. */
const ITEMS = 200

// In a database of its own: the demo's has its second migration already.
export async function run() {
  process.env.HAVERSACK_TEST_DATABASE_URL ??= process.env.DATABASE_URL
  const folder = await beforeColumns()
  let app
  try {
    app = await App.start({ schema: folder })
    return await story(app)
  } finally {
    await app?.stop()
    await removeFolders([folder])
  }
}

async function story(app) {
  const { backend } = app
  await app.addUsers(1)
  await backend.sql(`
    insert into items (user_id, name) select 1, 'item ' || n from generate_series(1, ${ITEMS}) n;
    insert into events (event_id, user_id, title, custom_fields) values
      (9001, 1, 'one', '{"priority": 2}'), (9002, 1, 'two', '{"priority": 2}')`)
  const [a, b] = [await app.profile(), await app.profile()]
  const [first, second, other] = [await opened(a), await opened(a), await opened(b)]
  await backend.end()
  await edit(first, 9001, { priority: 4, location: 'Porto', color: 'x' })
  await edit(second, 9002, { priority: 'high' })
  await other.run(() => db.events.insert({ title: 'three', custom_fields: { budget: 5 } }).durable)

  await backend.migrateTo(ORGANIZATIONAL)
  app.schema = await (await fetch(`${backend.url}/v1/schema`)).json()
  const newer = await a.tab()
  await newer.load(countRows)
  for (const tab of [newer, other]) {
    if (tab === other) await tab.load()
    await tab.open()
    await tab.synced()
  }
  const rows = await backend.sql(
    `select title, priority, budget::text, location, custom_fields as rest from events order by title`,
  )
  const wanted = [
    { title: 'one', priority: 4, budget: null, location: 'Porto', rest: { color: 'x' } },
    { title: 'three', priority: null, budget: '5.00', location: null, rest: {} },
    { title: 'two', priority: null, budget: null, location: null, rest: { priority: 'high' } },
  ]
  if (JSON.stringify(rows) !== JSON.stringify(wanted)) {
    throw new Error(`Postgres has ${JSON.stringify(rows)}`)
  }
  const kept = await newer.run(() => db.sync.rejected.length + db.conflicts.lost.length)
  if (kept > 0) throw new Error(`${kept} writes were refused or lost`)
  const old = await second.run(() => ({
    read: db.items.rows().length,
    refused: thrown(() => db.events.insert({ title: 'too late' })).code,
  }))
  if (old.read !== ITEMS || old.refused !== 'store_upgraded') {
    throw new Error(`the tab of before says ${JSON.stringify(old)}`)
  }
  const { items = 0, events = 0 } = await newer.run(() => cameBy)
  if (items > 0) throw new Error(`${items} unchanged items were fetched again`)
  return {
    page: `${events} events came anew, of ${ITEMS} items none; the tabs of before read on, and refuse writes`,
    sql: 'priority 4 and Porto and a budget of 5.00 in their columns, “high” still in custom_fields',
  }
}

async function opened(profile) {
  const tab = await profile.tab()
  await tab.open()
  await tab.synced()
  await tab.run(() => db.flush())
  return tab
}

function edit(tab, key, fields) {
  return tab.run(
    ([key, fields]) => db.events.update(key, { custom_fields: fields }).durable,
    [key, fields],
  )
}
