// An application of the tests: an empty page that opens databases, in profiles of real Chromium.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

import { Backend } from './backend.mjs'
import { launchOptions } from './chromium.mjs'
import { serveFolder } from './static-server.mjs'

/** The schema that most tests use. */
export const ORGANIZATIONAL = fileURLToPath(
  new URL('../../schemas/organizational', import.meta.url),
)

const PAGE = '<!doctype html><meta charset="utf-8"><title>application</title>'
/** How long a condition may take to come true, in milliseconds. */
const WAIT_MS_MAX = 30_000

export class App {
  #folder
  #profiles = []
  #server

  /** Starts an endpoint and a page server; options as for `Backend.start`. */
  static async start(options = { schema: ORGANIZATIONAL }) {
    const app = new App()
    const connect = []
    app.#server = await serveFolder(process.env.HAVERSACK_PKG, { '/': PAGE }, { connect })
    app.origin = new URL(app.#server.url).origin
    app.backend = await Backend.start({ ...options, origins: [app.origin] })
    connect.push(app.backend.url, app.backend.url.replace('http', 'ws'))
    app.schema = await (await fetch(`${app.backend.url}/v1/schema`)).json()
    return app
  }

  /** The same over a schema of one migration, made for a test, and its haversack.toml. */
  static async over(migration, config) {
    const folder = await mkdtemp(join(tmpdir(), 'haversack-schema-'))
    await mkdir(join(folder, 'migrations'))
    await writeFile(join(folder, 'migrations/V1__tables.sql'), migration)
    await writeFile(join(folder, 'haversack.toml'), config)
    const app = await App.start({ schema: folder })
    app.#folder = folder
    return app
  }

  /** Adds the users of the organizational schema who sign in as `1` to `count`. */
  async addUsers(count) {
    await this.backend.sql(
      `insert into users (user_id, username, email, password_hash)
       select n, 'user ' || n, n || '@example.org', 'x' from generate_series(1, ${count}) n`,
    )
  }

  /** A browser with a profile on disk. */
  async profile() {
    const profile = await Profile.start(this)
    this.#profiles.push(profile)
    return profile
  }

  async stop() {
    for (const profile of this.#profiles) await profile.stop()
    await this.backend?.stop()
    await this.#server.close()
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true })
  }
}

class Profile {
  static async start(app) {
    const profile = new Profile()
    profile.app = app
    profile.folder = await mkdtemp(join(tmpdir(), 'haversack-test-'))
    profile.context = await chromium.launchPersistentContext(profile.folder, launchOptions())
    return profile
  }

  /** A tab with the empty page. */
  async tab() {
    const page = await this.context.newPage()
    const tab = new Tab(page, this.app)
    await tab.load()
    return tab
  }

  /** Two tabs with the database open, of which the first has synced; options as for `Tab.open`. */
  async twoTabs(options) {
    const tabs = [await this.tab(), await this.tab()]
    await tabs[0].open(options)
    await tabs[0].synced()
    await tabs[1].open(options)
    return tabs
  }

  async stop() {
    await this.context.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}

class Tab {
  /** What the page threw that nobody caught. */
  errors = []

  constructor(page, app) {
    this.page = page
    this.app = app
    page.on('pageerror', (error) => this.errors.push(error.message))
  }

  /** Loads the page anew; `prepare` runs in it before anything else. */
  async load(prepare) {
    if (prepare) await this.page.addInitScript(prepare)
    await this.page.goto(this.app.origin)
    await this.page.evaluate(async () => {
      globalThis.haversack = await import('/dist/index.js')
      // What a rejected promise says, as plain data.
      globalThis.outcome = async (promise) => {
        try {
          return { value: await promise }
        } catch (error) {
          const { code, message, recovery, details } = error
          return { code, message, recovery, details }
        }
      }
      globalThis.thrown = (work) => {
        try {
          return { value: work() }
        } catch (error) {
          const { code, message, recovery, details } = error
          return { code, message, recovery, details }
        }
      }
    })
  }

  /** Opens `db` with the page's `hooks`, as a user, or with tokens of one's own; gives `outcome`'s view of it. */
  open({ user = '1', token = this.app.backend.token(user), url = this.app.backend.url } = {}) {
    return this.page.evaluate(
      async ({ schema, url, token }) => {
        globalThis.token = token
        const source = async () => {
          if (globalThis.token === null) throw new Error('nobody has signed in')
          return globalThis.token
        }
        const start = performance.now()
        const opened = await globalThis.outcome(
          globalThis.haversack.open({ schema, url, token: source, hooks: globalThis.hooks }),
        )
        globalThis.db = opened.value
        return { ...opened, value: undefined, milliseconds: performance.now() - start }
      },
      { schema: this.app.schema, url, token },
    )
  }

  /** Runs a function in the page; `db`, `haversack`, `outcome` and `thrown` are global there. */
  run(work, argument) {
    return this.page.evaluate(work, argument)
  }

  /** Waits until a function in the page gives something true, and gives that. */
  async until(work, argument, options = {}) {
    const handle = await this.page.waitForFunction(work, argument, {
      timeout: WAIT_MS_MAX,
      polling: 20,
      ...options,
    })
    return handle.jsonValue()
  }

  /** Waits until nothing is pending and the last sync has succeeded. */
  synced() {
    return this.until(() => db.sync.status.pending === 0 && db.sync.status.state === 'online')
  }

  async close() {
    await this.page.close()
  }
}

/** For `Tab.load`: counts the rows that syncs bring, by table, in the page's `cameBy`. */
export function countRows() {
  globalThis.cameBy = {}
  const { fetch } = globalThis
  globalThis.fetch = async (...asked) => {
    const answer = await fetch(...asked)
    const isSync = String(asked[0]?.url ?? asked[0]).endsWith('/v1/sync')
    const text = isSync && answer.ok ? await answer.clone().text() : ''
    for (const line of text.split('\n').filter(Boolean)) {
      const { line: kind, table, rows } = JSON.parse(line)
      if (kind === 'rows') cameBy[table] = (cameBy[table] ?? 0) + rows.length
    }
    return answer
  }
}
