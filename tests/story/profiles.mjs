// Browser profiles on disk. Each is a Chromium of its own, which can be killed with all of its
// processes and started again on the same files.

import { readdir, readFile } from 'node:fs/promises'
import { chromium } from 'playwright-core'
import { launchOptions } from '../support/chromium.mjs'
import { AgendaPage } from './agenda-page.mjs'

/** How many lines of the console are kept. */
const CONSOLE_LINES_MAX = 200

export class Profile {
  /** What the page said on its console, newest last. */
  console = []
  /** Errors that the page did not catch. */
  uncaught = []
  context = null
  agenda = null

  constructor(name, folder, route) {
    this.name = name
    this.folder = folder
    this.route = route
  }

  /** Starts the browser and opens the page. */
  async start() {
    this.context = await chromium.launchPersistentContext(this.folder, {
      ...launchOptions(),
      viewport: { width: 1400, height: 900 },
    })
    this.agenda = await this.#visit(this.context.pages()[0] ?? (await this.context.newPage()))
  }

  /** Opens the page in another tab, too. */
  async openTab() {
    return this.#visit(await this.context.newPage())
  }

  /** Ends a tab's process as a crash does; the tab left is the one that is driven from now on. */
  async crashTab(agenda) {
    const crashed = agenda.page.waitForEvent('crash')
    const session = await this.context.newCDPSession(agenda.page)
    // It never answers.
    session.send('Page.crash').catch(() => {})
    await crashed
    const left = this.context.pages().find((page) => page !== agenda.page)
    this.agenda = new AgendaPage(left)
    await agenda.page.close()
  }

  async #visit(page) {
    page.on('console', (message) => this.#note(`${message.type()}: ${message.text()}`))
    page.on('pageerror', (error) => {
      this.uncaught.push(error.stack ?? error.message)
      this.#note(`uncaught: ${error.message}`)
    })
    await page.goto(this.route.origin)
    return new AgendaPage(page)
  }

  /** Kills the browser with SIGKILL, all of its processes. */
  async kill() {
    const closed = this.context.waitForEvent('close')
    const pids = await processTree(await this.#browserPid())
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await closed
    this.context = null
    return pids.length
  }

  async stop() {
    await this.context?.close()
    this.context = null
  }

  async #browserPid() {
    for (const { pid, command } of await processes()) {
      const isBrowser = !command.some((word) => word.startsWith('--type='))
      if (isBrowser && command.includes(`--user-data-dir=${this.folder}`)) return pid
    }
    throw new Error(`no browser runs on ${this.folder}`)
  }

  #note(line) {
    this.console.push(line)
    if (this.console.length > CONSOLE_LINES_MAX) this.console.shift()
  }
}

/** A process and all that descend from it. */
async function processTree(root) {
  const all = await processes()
  const tree = [root]
  for (const pid of tree) {
    tree.push(...all.filter((other) => other.parent === pid).map((other) => other.pid))
  }
  return tree
}

/** The processes of this machine, as far as they can be read. */
async function processes() {
  const found = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = await readFile(`/proc/${name}/stat`, 'utf8')
      const command = await readFile(`/proc/${name}/cmdline`, 'utf8')
      // The second field is the program's name in brackets, which may hold spaces.
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      found.push({ pid: Number(name), parent: Number(parent), command: command.split('\0') })
    } catch {
      // It has just ended.
    }
  }
  return found
}
