// The code of README and guide, run as it stands there: in a page, with an endpoint and Postgres.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'
import { chromium } from 'playwright-core'

import { Backend } from '../support/backend.mjs'
import { launchOptions } from '../support/chromium.mjs'
import { serveFolder } from '../support/static-server.mjs'

const GUIDE = fileURLToPath(new URL('../../js/test/types/guide', import.meta.url))
const PAGE = '<!doctype html><meta charset="utf-8"><title>guide</title>'
/** What the README calls the endpoint. */
const README_URL = 'https://sync.example.org'

const pages = { '/': PAGE }
const connect = []
let backend
let server
let browser
let page

before(async () => {
  server = await serveFolder(process.env.HAVERSACK_PKG, pages, { connect })
  const origins = [new URL(server.url).origin]
  backend = await Backend.start({ schema: `${GUIDE}/notes`, origins })
  connect.push(backend.url, backend.url.replace('http', 'ws'))
  pages['/token'] = backend.token('1')
  for (const name of ['readme', 'guide']) {
    const code = await bundle(name)
    pages[`/${name}.js`] = code.replace(README_URL, backend.url)
  }
  browser = await chromium.launch(launchOptions())
  page = await browser.newPage()
  await page.goto(server.url)
})
after(async () => {
  await browser?.close()
  await backend?.stop()
  await server?.close()
})

/** As an application's bundler does, but for the package, which is served beside it. */
async function bundle(name) {
  const { outputFiles } = await build({
    entryPoints: [`${GUIDE}/${name}.ts`],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
    plugins: [
      {
        name: 'package',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^haversack$/ }, () => ({ path: '/dist/index.js', external: true })),
      },
    ],
  })
  return outputFiles[0].text
}

test('the schema that the examples are compiled with is the one that is served', async () => {
  const { schema } = await page.evaluate(async () => {
    const text = await (await fetch('/guide.js')).text()
    return { schema: /"fingerprint":"([0-9a-f]{64})"/.exec(text)[1] }
  })
  const served = await (await fetch(`${backend.url}/v1/schema`)).json()
  assert.equal(schema, served.fingerprint, 'pull js/test/types/guide/schema.ts again')
})

test("the README's code works when pasted", async () => {
  await page.evaluate(async () => {
    const readme = await import('/readme.js')
    for (;;) {
      try {
        return await readme.add('Water the plants')
      } catch (error) {
        // The first visit: the first sync has not brought the user yet.
        if (error.code !== 'not_signed_in') throw error
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  })
  const rows = await backend.sql('select user_id, title, due is not null as due from notes')
  assert.deepEqual(rows, [{ user_id: 1, title: 'Water the plants', due: true }])
})

test("the guide's code does what the guide says", async () => {
  const seen = await page.evaluate(async (url) => {
    const guide = await import('/guide.js')
    const token = async () => (await fetch('/token')).text()
    const db = await guide.openAs('1', url, token)
    await guide.firstSync(db)
    const lines = []
    const drawn = []
    guide.statusLine(db, (line) => lines.push(line))
    guide.lives(db, (rows) => drawn.push(rows.length))
    const marks = []
    guide.marks(db, (title, state) => marks.push(state))
    guide.writes(db)
    const synced = await guide.outcome(db)
    const note = guide.reads(db, db.notes.first().id)
    const fetched = await guide.exact(db)
    const same = fetched.every((row) => row === db.notes.get(row.id))
    await guide.attention(db)
    await db.close()
    return {
      lines: lines.length,
      drawn: drawn.at(-1),
      marks,
      synced,
      title: note.title,
      fetched: fetched.length,
      same,
    }
  }, backend.url)
  assert.equal(seen.synced, 'synced')
  assert.equal(seen.title, 'Water the plants')
  assert.ok(seen.lines > 0)
  assert.ok(seen.marks.includes('pending') && seen.marks.at(-1) === 'acknowledged')
  // One of the README's, two of the transaction, one of `outcome`; the deleted one is gone.
  assert.equal(seen.drawn, 4)
  assert.deepEqual([seen.fetched, seen.same], [4, true])
  const [{ count }] = await backend.sql('select count(*)::int from notes')
  assert.equal(count, 4)
})

test('what the CHECK forbids is refused at once, with the name of the constraint', async () => {
  const thrown = await page.evaluate(async (url) => {
    const guide = await import('/guide.js')
    const token = async () => (await fetch('/token')).text()
    const db = await guide.openAs('1', url, token)
    await guide.firstSync(db)
    try {
      db.notes.insert({ title: '' })
    } catch ({ code, details }) {
      return { code, sqlstate: details.sqlstate, constraint: details.constraint }
    } finally {
      await db.close()
    }
  }, backend.url)
  const constraint = 'notes_title_check'
  assert.deepEqual(thrown, { code: 'check_violation', sqlstate: '23514', constraint })
})

test('what only the server knows comes back as rejected, with the name of the constraint', async () => {
  await backend.sql(`create function no_spam() returns trigger language plpgsql as $$
    begin
      if new.title = 'spam' then
        raise exception 'no spam here' using errcode = '23514', constraint = 'notes_no_spam';
      end if;
      return new;
    end $$`)
  await backend.sql(
    'create trigger no_spam before insert on notes for each row execute function no_spam()',
  )
  const refused = await page.evaluate(async (url) => {
    const guide = await import('/guide.js')
    const token = async () => (await fetch('/token')).text()
    const db = await guide.openAs('1', url, token)
    await guide.firstSync(db)
    const write = db.notes.insert({ title: 'spam' })
    const error = await write.synced.catch((error) => error)
    const kept = db.sync.rejected.length
    await guide.attention(db)
    const left = db.sync.rejected.length
    await db.close()
    return { code: error.code, constraint: error.details.constraint, kept, left }
  }, backend.url)
  const constraint = 'notes_no_spam'
  assert.deepEqual(refused, { code: 'rejected', constraint, kept: 1, left: 0 })
})
