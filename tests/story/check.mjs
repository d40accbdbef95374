// Drives the demo through the story that Haversack has to hold, with real browsers, a real endpoint
// and a real Postgres, and prints for every step what the page shows beside what SQL says.
//
//   HAVERSACK_BIN            the endpoint's binary
//   DATABASE_URL             the owner's; migrated, attached and seeded
//   HAVERSACK_DATABASE_URL   the login role's
//   HAVERSACK_JWT_SECRET     the key that signs tokens
//   HAVERSACK_SCHEMA_DIR     the folder of the schema that is served
//   HAVERSACK_SCREENSHOTS    a folder for pictures; none are taken without

import { mkdtemp, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { photographer } from './pictures.mjs'
import { Profile } from './profiles.mjs'
import { Sql } from './sql.mjs'
import { Stack } from './stack.mjs'
import * as firstSync from './steps/1-first-sync.mjs'
import * as offlineEdits from './steps/2-offline-edits.mjs'
import * as killBrowser from './steps/3-kill-browser.mjs'
import * as online from './steps/4-online.mjs'
import * as conflict from './steps/5-conflict.mjs'
import * as killEndpoint from './steps/6-kill-endpoint.mjs'
import * as rowFromSql from './steps/7-row-from-sql.mjs'
import * as rejected from './steps/8-rejected.mjs'
import * as retry from './steps/9-retry.mjs'
import * as decide from './steps/10-decide.mjs'
import * as killLeader from './steps/11-kill-leader.mjs'
import * as schemaMoves from './steps/12-schema-moves.mjs'

const STEPS = [
  firstSync,
  offlineEdits,
  killBrowser,
  online,
  conflict,
  killEndpoint,
  rowFromSql,
  rejected,
  retry,
  decide,
  killLeader,
  schemaMoves,
]
/** How many lines of a page's console are shown when a step fails. */
const CONSOLE_LINES_SHOWN = 30

const settings = {
  bin: need('HAVERSACK_BIN'),
  schemaDir: need('HAVERSACK_SCHEMA_DIR'),
  ownerUrl: need('DATABASE_URL'),
  loginUrl: need('HAVERSACK_DATABASE_URL'),
  secret: need('HAVERSACK_JWT_SECRET'),
}

async function main() {
  const began = Date.now()
  const folder = await mkdtemp(join(tmpdir(), 'haversack-story-'))
  const stack = new Stack(settings)
  const sql = await Sql.connect(settings.ownerUrl)
  const profiles = []
  try {
    await stack.start(3)
    const [user, other] = await twoUsers(sql)
    for (const [i, name] of ['A', 'B', 'C'].entries()) {
      profiles.push(new Profile(name, join(folder, name), stack.routes[i]))
    }
    const [a, b, c] = profiles
    const pictures = await photographer(process.env.HAVERSACK_SCREENSHOTS)
    // Told apart from what an earlier story left in the same database.
    const marker = `Story ${Date.now().toString(36)}`
    const world = { a, b, c, sql, stack, user, other, marker, pictures, kept: {} }
    for (const [i, step] of STEPS.entries()) {
      if (!(await tell(i + 1, step, world))) {
        const kept = await evidence(profiles, stack)
        console.log(`\nthe story failed at step ${i + 1}; pictures are in ${kept}`)
        return 1
      }
    }
    console.log(`the story holds, after ${seconds(began)} s`)
    return 0
  } finally {
    for (const profile of profiles) await profile.stop().catch(() => {})
    await stack.stop()
    await sql.end()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs a step and prints its line. False where it failed. */
async function tell(number, step, world) {
  const began = Date.now()
  try {
    const { page, sql, keep } = await step.run(world)
    const uncaught = [world.a, world.b, world.c].flatMap((profile) => profile.uncaught)
    if (uncaught.length > 0) throw new Error(`a page let an error escape: ${uncaught[0]}`)
    Object.assign(world.kept, keep)
    console.log(
      `ok ${number} ${step.name} (${seconds(began)} s)\n     page: ${page}\n     SQL:  ${sql}`,
    )
    return true
  } catch (error) {
    console.log(`not ok ${number} ${step.name} (${seconds(began)} s)\n     ${error.stack ?? error}`)
    return false
  }
}

/** Prints what pages and processes said, and keeps pictures. Returns their folder. */
async function evidence(profiles, stack) {
  const folder =
    process.env.HAVERSACK_SCREENSHOTS ?? (await mkdtemp(join(tmpdir(), 'haversack-failed-')))
  await mkdir(folder, { recursive: true })
  for (const { name, context, agenda, console: lines } of profiles) {
    if (lines.length > 0) {
      console.log(`--- console of ${name}\n${lines.slice(-CONSOLE_LINES_SHOWN).join('\n')}`)
    }
    if (context) {
      await agenda.page.screenshot({ path: join(folder, `failed-${name}.png`) }).catch(() => {})
    }
  }
  console.log(stack.logs())
  return folder
}

/** The user with the most events, and another one. */
async function twoUsers(sql) {
  const found = await sql.rows(
    `select u.user_id from users u left join events e using (user_id)
      group by u.user_id order by count(e.event_id) desc, u.user_id limit 2`,
  )
  if (found.length < 2) throw new Error('the seed data has fewer than two users')
  return found.map((row) => row.user_id)
}

function seconds(since) {
  return ((Date.now() - since) / 1000).toFixed(1)
}

function need(name) {
  const value = process.env[name]
  if (value) return value
  console.error(`check.mjs needs ${name}`)
  process.exit(2)
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
process.exitCode = await main()
