// The agenda as a person uses it: everything is done with the page's controls and read from what it
// shows. The one exception is `write500`, which types faster than a person can.

const id = (name) => `[data-testid="${name}"]`
/** How long anything on the page may take, unless a step says otherwise. */
const WAIT_MS_MAX = 15_000
/** How often a question is put to the page that it can't answer by itself. */
const POLL_MS = 50

export class AgendaPage {
  constructor(page) {
    this.page = page
    page.setDefaultTimeout(WAIT_MS_MAX)
  }

  async signIn(user) {
    await this.page.click(id(`signin-user-${user}`))
    await this.page.waitForSelector(id('status'))
  }

  /**
   * Waits until the page could be opened without its server. Asked again and again from here:
   * `waitForFunction` takes the promise of an `async` predicate for its truth.
   */
  async readyForOffline() {
    const waited = Date.now() + WAIT_MS_MAX
    for (;;) {
      const missing = await this.page.evaluate(async () => {
        const worker = navigator.serviceWorker.controller
        if (worker?.state !== 'activated') return `a worker (it is ${worker?.state})`
        for (const path of ['/demo/config', '/demo/users', '/index.html']) {
          if (!(await caches.match(path, { ignoreSearch: true }))) return path
        }
        return null
      })
      if (missing === null) return
      if (Date.now() > waited) throw new Error(`the page is not ready for offline: no ${missing}`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  async reload() {
    await this.page.reload()
    await this.page.waitForSelector(id('status'))
  }

  // ------------------------------------------------------------ what it shows

  /** The number beside the list's heading. */
  async count() {
    return Number(await this.page.getAttribute(id('count'), 'data-count'))
  }

  async pending() {
    return Number(await this.page.getAttribute(id('pending'), 'data-pending'))
  }

  async state() {
    return this.page.getAttribute(id('status'), 'data-state')
  }

  /** The titles of the rows on the screen, sorted. */
  async titles() {
    return (await this.page.locator(`${id('event')} ${id('title')}`).allInnerTexts()).sort()
  }

  /** Resolves when the number beside the heading is this; else rejects, naming what it is. */
  async showsCount(wanted, timeout = WAIT_MS_MAX) {
    await this.#until(
      (n) => Number(document.querySelector('[data-testid="count"]')?.dataset.count) === n,
      wanted,
      timeout,
      async () => `the page counts ${await this.count()} events, not ${wanted}`,
    )
  }

  /** Resolves when what is shown is what is similar to a search, or is not. */
  async showsSimilar(wanted, timeout = WAIT_MS_MAX) {
    await this.#until(
      (similar) => {
        const count = document.querySelector('[data-testid="count"]')
        return count !== null && 'similar' in count.dataset === similar
      },
      wanted,
      timeout,
      async () => `the page ${wanted ? 'shows nothing' : 'still shows what is'} similar`,
    )
  }

  /** Resolves when exactly these titles are on the screen. */
  async showsTitles(wanted, timeout = WAIT_MS_MAX) {
    const sorted = [...wanted].sort()
    await this.#until(
      (titles) => {
        const cells = document.querySelectorAll('[data-testid="event"] [data-testid="title"]')
        const shown = [...cells].map((cell) => cell.innerText).sort()
        return JSON.stringify(shown) === JSON.stringify(titles)
      },
      sorted,
      timeout,
      async () =>
        `the page shows ${JSON.stringify(await this.titles())}, not ${JSON.stringify(sorted)}`,
    )
  }

  /** Resolves when so many changes wait to be sent. */
  async showsPending(wanted, timeout = WAIT_MS_MAX) {
    await this.#until(
      (n) => Number(document.querySelector('[data-testid="pending"]')?.dataset.pending) === n,
      wanted,
      timeout,
      async () => `${await this.pending()} changes wait, not ${wanted}; ${await this.state()}`,
    )
  }

  async showsState(wanted, timeout = WAIT_MS_MAX) {
    await this.#until(
      (state) => document.querySelector('[data-testid="status"]')?.dataset.state === state,
      wanted,
      timeout,
      async () => `the page says ${await this.state()}, not ${wanted}`,
    )
  }

  /** What the open event's fields hold. */
  async fields(...names) {
    const values = {}
    for (const name of names) values[name] = await this.page.inputValue(id(`detail-${name}`))
    return values
  }

  /** Resolves when the open event's fields hold these values. */
  async showsFields(wanted, timeout = WAIT_MS_MAX) {
    await this.#until(
      (values) =>
        Object.entries(values).every(
          ([name, value]) =>
            document.querySelector(`[data-testid="detail-${name}"]`)?.value === value,
        ),
      wanted,
      timeout,
      async () =>
        `the fields are ${JSON.stringify(await this.fields(...Object.keys(wanted)))}, ` +
        `not ${JSON.stringify(wanted)}`,
    )
  }

  /** The cards of a kind, `rejected` or `lost`, with the text of each of their parts. */
  async cards(kind) {
    return this.page
      .locator(id(kind))
      .evaluateAll((cards) =>
        cards.map((card) =>
          Object.fromEntries(
            [...card.querySelectorAll('[data-testid]')].map((part) => [
              part.dataset.testid,
              part.innerText.trim(),
            ]),
          ),
        ),
      )
  }

  // ------------------------------------------------------------ what is done

  async search(text) {
    await this.page.fill(id('search'), text)
  }

  async add(title, day) {
    await this.page.fill(id('new-title'), title)
    await this.page.fill(id('new-day'), day)
    await this.page.click(id('new-add'))
    await this.page.waitForFunction(
      () => document.querySelector('[data-testid="new-title"]').value === '',
    )
  }

  /** Renames an event in its row, by the keyboard. */
  async renameInPlace(title, newTitle) {
    await this.#row(title).dblclick()
    await this.page.fill(id('inplace-title'), newTitle)
    await this.page.press(id('inplace-title'), 'Enter')
  }

  async open(title) {
    await this.#row(title).click()
    await this.page.waitForFunction(
      (wanted) => document.querySelector('[data-testid="detail-title"]')?.value === wanted,
      title,
    )
  }

  async delete(title) {
    await this.open(title)
    await this.page.click(id('delete'))
  }

  /** Sets a field of the open event. */
  async set(name, value) {
    const field = this.page.locator(id(`detail-${name}`))
    if ((await field.evaluate((element) => element.tagName)) === 'SELECT') {
      await field.selectOption(value)
    } else {
      await field.fill(value)
      await field.blur()
    }
  }

  async openAttention() {
    if (await this.page.isVisible(id('attention-panel'))) return
    await this.page.click(id('attention'))
    await this.page.waitForSelector(id('attention-panel'))
  }

  /** What the panel of the database's inside says: its cursor, and how many queries are live. */
  async inside() {
    if (!(await this.page.isVisible(id('inside-panel')))) await this.page.click(id('inside'))
    await this.page.waitForSelector(id('inside-query'))
    const cursor = await this.page.innerText(id('inside-cursor'))
    return { cursor, queries: await this.page.locator(id('inside-query')).count() }
  }

  /** Waits until the panel shows another cursor. */
  async insideMoves(cursor) {
    const moved = ([selector, before]) => {
      const text = document.querySelector(selector)?.textContent
      return text !== undefined && text !== before
    }
    await this.page.waitForFunction(moved, [id('inside-cursor'), cursor])
  }

  async closePanel() {
    for (const name of ['detail-close', 'attention-close', 'inside-close']) {
      if (await this.page.isVisible(id(name))) await this.page.click(id(name))
    }
  }

  /** Corrects a value of the first rejected write, and tries that again. */
  async correct(column, value) {
    const card = this.page.locator(id('rejected')).first()
    await card.locator(id(`correct-${column}`)).fill(value)
    await card.locator(id('retry')).click()
  }

  /** Ends the first open conflict, by `mine` or `theirs`. */
  async decide(choice) {
    await this.page
      .locator(id(`resolve-${choice}`))
      .first()
      .click()
  }

  async reapply() {
    await this.page.click(id('reapply'))
  }

  /** Presses “Try now”, where the page has not noticed by itself that it can be online. */
  async syncNow() {
    await this.page.evaluate(() => document.querySelector('[data-testid="sync-now"]')?.click())
  }

  /**
   * Adds 500 events, one mutation each, through the page's database; resolves when all are durable.
   * In bursts, because a tab holds no more than some hundreds of keys at a time.
   */
  async write500(title) {
    await this.page.evaluate(async (start) => {
      const { db } = window.haversackDemo
      const burst = 50
      for (let first = 1; first <= 500; first += burst) {
        const writes = Array.from({ length: burst }, (_, i) =>
          db.events.insert({ title: `${start} ${String(first + i).padStart(3, '0')}` }),
        )
        await Promise.all(writes.map((write) => write.durable))
      }
    }, title)
  }

  #row(title) {
    const exact = this.page.locator(id('title')).getByText(title, { exact: true })
    return this.page.locator(id('event')).filter({ has: exact }).first()
  }

  async #until(condition, argument, timeout, explain) {
    try {
      await this.page.waitForFunction(condition, argument, { timeout, polling: 20 })
    } catch (error) {
      if (error.name !== 'TimeoutError') throw error
      throw new Error(`after ${timeout} ms ${await explain()}`)
    }
  }
}
