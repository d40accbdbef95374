// The examples of docs/guide.md: each of its blocks stands here, and so compiles; a test in the
// browser calls them.

import {
  between,
  column,
  count,
  gte,
  HaversackError,
  isNull,
  lt,
  lte,
  meta,
  min,
  not,
  ilike,
  oneOf,
  open,
  or,
  search,
  similar,
  similarity,
  startsWith,
  toDate,
  type Choice,
  type Database,
  type LiveResult,
  type RowState,
} from 'haversack'
import { schema, type Tables } from './schema'

type Db = Database<Tables>
type Note = Tables['notes']['row']

/** Resolves after the first sync on this device; at once on every later visit. */
export function firstSync(db: Db): Promise<void> {
  return new Promise((resolve) => {
    const stop = db.sync.onChange(look)
    function look() {
      if (db.sync.status.lastSync === null) return
      stop()
      resolve()
    }
    look()
  })
}

/** Opens the database of this user, whoever was here before. */
export async function openAs(user: string, url: string, token: () => Promise<string>): Promise<Db> {
  const db = await open({ schema, url, token })
  if (db.user === null || db.user === user) return db
  await ended(db) // somebody else's rows: show nothing of them
  return open({ schema, url, token })
}

function ended(db: Db): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = db.sync.onChange(look)
    function look() {
      const { state, error } = db.sync.status
      if (state !== 'closed') return
      stop()
      if (error === null || error.code === 'identity_changed') resolve()
      else reject(error)
    }
    look()
  })
}

export function reads(db: Db, id: number) {
  const note = db.notes.get(id) // undefined where the replica holds none
  const open = db.notes.where({ done: false })
  const soon = open.where({ due: between(new Date(), '2026-12-31T00:00:00Z') })
  const some = db.notes.where({ id: oneOf([1, 2, 3]), body: isNull() })
  const newest = db.notes.orderBy('created_at', 'desc').limit(20).offset(20)

  newest.rows() // frozen rows; an unchanged row is the same object (===) every time
  open.count()
  soon.first()
  some.explain() // the index that was used, and how many rows were looked at
  if (note?.due) toDate(note.due) // timestamps are ISO text with microseconds
  return note
}

export function asks(db: Db) {
  const urgent = or({ title: startsWith('!') }, { due: lt(new Date()) })
  const wanted = db.notes.where({ done: false }).where(urgent).orderBy('due').limit(50)
  const odd = db.notes.where(not({ created_at: lte(column('due')) }))

  const found = db.notes.search(['title', 'body'], '"water pump" -garden').limit(20)
  const done = db.notes.where({ done: true, title: search('paint:*', { syntax: 'operators' }) })
  const near = db.notes.where({ title: similar('gardn') }).orderBy(similarity('title', 'gardn'))

  const byDue = db.notes.orderBy('due').limit(50)
  const page = byDue.rows()
  const next = byDue.after(page.at(-1)!).rows()

  const byDay = db.notes
    .where({ done: false })
    .groupBy('due')
    .aggregate({ notes: count(), first: min('id') })
    .having({ notes: gte(2) })
  byDay.orderBy('notes', 'desc').limit(3).rows() // [{ due: …, notes: 5, first: 12 }, …]
  return [wanted, odd, next, found, done, near]
}

/** The same question, put to Postgres. */
export async function exact(db: Db) {
  const rows = await db.notes.where({ done: false }).orderBy('due').limit(20).fetch()
  return rows
}

export function lives(db: Db, render: (rows: readonly Note[]) => void) {
  const query = db.notes.where({ done: false }).orderBy('due')
  const stop = query.live(({ rows, changes }: LiveResult<Note>) => {
    render(rows)
    console.log(changes.added.length, changes.updated.length, changes.removed.length)
  })
  return stop
}

export function writes(db: Db) {
  const write = db.notes.insert({ title: 'Water the plants' })
  db.notes.get(write.key) // it is there already, with its id, user_id and created_at

  db.notes.update(write.key, { body: 'The fern too', due: new Date() })
  db.notes.delete(write.key)

  db.transaction((tx) => {
    tx.notes.insert({ title: 'Both of these' })
    tx.notes.insert({ title: 'or neither' })
  })
}

export async function outcome(db: Db) {
  const write = db.notes.insert({ title: 'Pay the rent' })
  try {
    await write.durable
    await write.synced
  } catch (error) {
    if (!(error instanceof HaversackError)) throw error
    switch (error.code) {
      case 'rejected': // Postgres refused it, and says why
        return `${error.details.constraint ?? error.details.sqlstate}: ${error.message}`
      case 'conflict': // someone else was first in everything it changed
      case 'gone': // the row is no longer there
        return error.message
      default: // storage_quota, storage_failed, closed, …: see `error.recovery`
        throw error
    }
  }
  return 'synced'
}

export function statusLine(db: Db, show: (line: string) => void) {
  return db.sync.onChange(() => {
    const { state, pending, lastSync, progress, error } = db.sync.status
    if (progress) show(`loading ${progress.done} of ${progress.total}`)
    else if (state === 'signed-out') show('please sign in')
    else if (state === 'offline') show(`offline, ${pending} not sent (${error?.code})`)
    else show(`${pending} not sent, synced ${lastSync && new Date(lastSync).toISOString()}`)
  })
}

export function filters(db: Db) {
  const wanted = db.notes.where({ done: false, title: ilike('%milk%') })
  localStorage.setItem('filter', JSON.stringify(wanted.orderBy('due').limit(50)))
  const kept = db.notes.query(JSON.parse(localStorage.getItem('filter') ?? '{}'))
  return kept
}

export async function report(db: Db) {
  console.log(JSON.stringify(await db.inspect(), null, 2))
}

export function marks(db: Db, render: (title: string, state: RowState) => void) {
  const notes = db.notes.where({ done: false })
  return notes.live(({ rows }) => rows.forEach((row) => render(row.title, meta(row).state)), {
    state: true,
  })
}

export async function attention(db: Db) {
  for (const refused of db.sync.rejected) {
    console.warn(refused.error.message, refused.error.details.constraint, refused.ops)
    if (refused.blockedBy !== null) continue // it follows the one that it depends on
    refused.retry((op) => op) // what the person has corrected; or refused.dismiss()
  }
  for (const lost of db.conflicts.lost) {
    console.warn(`${lost.table}.${lost.column}: ${lost.mine} lost against ${lost.theirs}`)
    lost.reapply() // or lost.dismiss()
  }
}

/** Has a person decide what two changed. */
export async function decide(
  db: Db,
  ask: (column: string, ...values: unknown[]) => Promise<Choice>,
): Promise<void> {
  for (const conflict of db.conflicts.open) {
    const { column, base, mine, theirs } = conflict
    const choice = await ask(column, base, mine, theirs) // 'mine', 'theirs' or { value: … }
    await conflict.resolve(choice).durable
  }
}

/** What a write that breaks a rule throws. */
export function refusedAtOnce(db: Db): void {
  try {
    db.notes.insert({ title: '' })
  } catch (error) {
    if (!(error instanceof HaversackError)) throw error
    error.code // 'check_violation'; or not_null_violation, unique_violation, foreign_key_violation
    error.details.sqlstate // '23514'
    error.details.constraint // 'notes_title_check'
  }
}
