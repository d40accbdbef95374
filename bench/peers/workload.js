// The workload: which rows there are, what is asked of them, and what the right answers are, worked
// out in plain JavaScript from the rows alone. It knows no peer.
//
// Every question carries a number that makes it a question of its own, so that nobody answers it
// from a cache of results.

export const KEY = 'event_id'
export const LIMIT = 50
/** The page that is asked for, from 1 on. */
export const PAGE = 37
const DAY_MS = 86_400_000
const FIRST_DAY = Date.parse('2026-01-01')
const DAYS = 900
/** Kinds of questions for nearly all rows; each has times of its own in the first day, `n` by `n`. */
const OPEN = ['json', 'text', 'page', 'group']
const APART_MS = 4_000_000
/** Rows that are inserted one by one come before all others, so that no question finds them. */
const INSERTED_DAY = Date.parse('2020-01-01')
const INSERTED_KEY = 1_000_000

/** What a trigger of Postgres sets behind a write, some time later. */
const NOT_COMPARED = new Set(['updated_at'])

/** The form that Postgres's timestamps have in every peer. */
export const iso = (ms) => new Date(ms).toISOString().replace('Z', '000Z')

/** The words of a text, as every peer that has no full text of its own splits it. */
export function words(row) {
  return `${row.title} ${row.description ?? ''}`.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
}

/** What a question finds comes by date, equal dates by key. */
export function byDue(a, b) {
  if (a.due_date !== b.due_date) return a.due_date < b.due_date ? -1 : 1
  return a[KEY] - b[KEY]
}

/** A question for rows of a range of priorities, of fifteen, from a date on. */
export function compoundQuestion(n) {
  const low = 1 + (n % 5)
  const high = Math.min(5, low + (n % 2))
  return { user: 1, low, high, from: iso(FIRST_DAY + ((n * 37) % DAYS) * DAY_MS + n) }
}

export class Workload {
  #rows
  #countries
  #pairs

  /** `rows`: all of them, which every peer holds. */
  constructor(rows) {
    this.#rows = new Map(rows.map((row) => [row[KEY], row]))
    this.keys = rows.map((row) => row[KEY])
    this.#countries = [...new Set(rows.map((row) => row.custom_fields.country))]
    this.#pairs = tellingPairs(rows)
  }

  /** The `n`th question of a kind. No two are equal. */
  question(kind, n) {
    const from = iso(FIRST_DAY + OPEN.indexOf(kind) * APART_MS + n)
    switch (kind) {
      case 'get':
        return this.keys[(n * 7919) % this.keys.length]
      case 'compound':
        return compoundQuestion(n)
      case 'range': {
        const start = FIRST_DAY + ((n * 37) % DAYS) * DAY_MS - n
        return { from: iso(start), to: iso(start + 7 * DAY_MS) }
      }
      case 'json':
        return { country: this.#countries[n % this.#countries.length], from }
      case 'text':
        return { words: this.#pairs[n % this.#pairs.length], from }
      case 'page':
        return { from, offset: (PAGE - 1) * LIMIT, limit: LIMIT }
      case 'group':
        return { from }
      case 'readAll':
        return {}
    }
    throw new Error(`no questions of kind ${kind}`)
  }

  /** The right answer to a question. */
  answer(kind, asked) {
    if (kind === 'get') return [this.#rows.get(asked)]
    const rows = [...this.#rows.values()]
    const found = (test) => rows.filter(test).sort(byDue)
    const later = (row) => row.due_date >= asked.from
    switch (kind) {
      case 'compound':
        return found(
          (row) =>
            row.user_id === asked.user &&
            row.priority >= asked.low &&
            row.priority <= asked.high &&
            later(row),
        ).slice(0, LIMIT)
      case 'range':
        return found((row) => later(row) && row.due_date <= asked.to)
      case 'json':
        return found((row) => row.custom_fields.country === asked.country && later(row))
      case 'text':
        return found((row) => {
          const has = new Set(words(row))
          return asked.words.every((word) => has.has(word)) && later(row)
        })
      case 'page':
        return found(later).slice(asked.offset, asked.offset + asked.limit)
      case 'group':
        return groups(rows.filter(later))
      case 'readAll':
        return rows.sort((a, b) => a[KEY] - b[KEY])
    }
    throw new Error(`no answers of kind ${kind}`)
  }

  /** The `n`th row to be inserted by itself: as one that is there, and with a key and date of its own. */
  newRow(n) {
    const like = this.#rows.get(this.keys[n % this.keys.length])
    return { ...like, [KEY]: INSERTED_KEY + n, due_date: iso(INSERTED_DAY + n) }
  }

  /** The `n`th change: its key and what it sets. The answers follow once it is `changed`. */
  change(n) {
    const key = this.keys[(n * 7919) % this.keys.length]
    const { priority } = this.#rows.get(key)
    return { key, set: { priority: 1 + (priority % 5) } }
  }

  changed({ key, set }) {
    this.#rows.set(key, { ...this.#rows.get(key), ...set })
  }
}

/** Number, sum of priorities and latest date by status. */
function groups(rows) {
  const groups = new Map()
  for (const { status, priority, due_date } of rows) {
    const group = groups.get(status) ?? { status, n: 0, priorities: 0, last: '' }
    groups.set(status, group)
    group.n++
    group.priorities += priority ?? 0
    if (due_date > group.last) group.last = due_date
  }
  return [...groups.values()].sort((a, b) => (a.status < b.status ? -1 : 1))
}

/**
 * Pairs of words that stand together in some rows, none of them everywhere. A word is left out if
 * another begins as it does: one that stems would find both.
 */
function tellingPairs(rows) {
  const counts = new Map()
  for (const row of rows) {
    for (const word of new Set(words(row))) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  const beginnings = new Map()
  for (const word of counts.keys()) {
    const beginning = word.slice(0, 4)
    beginnings.set(beginning, (beginnings.get(beginning) ?? 0) + 1)
  }
  const telling = (word) =>
    /^[a-z]{4,}$/.test(word) &&
    beginnings.get(word.slice(0, 4)) === 1 &&
    counts.get(word) < rows.length / 4
  const pairs = new Map()
  for (const row of rows) {
    const some = [...new Set(words(row))].filter(telling).sort()
    for (let i = 0; i < some.length; i++) {
      for (let j = i + 1; j < some.length; j++) {
        const pair = `${some[i]} ${some[j]}`
        pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
      }
    }
  }
  return [...pairs]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, 40)
    .map(([pair]) => pair.split(' '))
}

/** Objects with their members in order, so that equal ones have equal texts. */
function canonical(value) {
  if (Array.isArray(value)) return value.map(canonical)
  if (value === null || typeof value !== 'object') return value
  const names = Object.keys(value).sort()
  return Object.fromEntries(names.map((name) => [name, canonical(value[name])]))
}

/** The text of a row, of those columns that `like` has. */
function textOf(row, like) {
  if (row === undefined || row === null) return String(row)
  const names = Object.keys(like).filter((name) => !NOT_COMPARED.has(name))
  return JSON.stringify(
    canonical(Object.fromEntries(names.map((name) => [name, row[name] ?? null]))),
  )
}

/**
 * Compares an answer with the right one, row by row and in order.
 *
 * @throws Error which says where they differ
 */
export function verify(where, answer, right) {
  for (let i = 0; i < Math.max(answer.length, right.length); i++) {
    if (i >= right.length || i >= answer.length) {
      const [more, less] = [answer.length, right.length]
      throw new Error(`${where}: ${more} rows came and ${less} are right`)
    }
    const [ours, theirs] = [textOf(answer[i], right[i]), textOf(right[i], right[i])]
    if (ours !== theirs) {
      throw new Error(`${where}: row ${i} is\n  ${ours}\nand right is\n  ${theirs}`)
    }
  }
}
