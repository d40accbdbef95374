// Tests of types: compiled, never run. A line under `@ts-expect-error` has to be an error.

import {
  and,
  array,
  at,
  between,
  column,
  containedIn,
  contains,
  coreVersion,
  count,
  eq,
  gt,
  gte,
  hasAllKeys,
  hasKey,
  ilike,
  isNull,
  like,
  lt,
  matches,
  max,
  meta,
  ne,
  not,
  notNull,
  oneOf,
  open,
  or,
  overlaps,
  rank,
  search,
  similar,
  similarity,
  startsWith,
  sum,
  toDate,
  wordSimilar,
} from 'haversack'
import type { RowState, Timestamp, Write } from 'haversack'
import { schema } from '../schema.js'

const db = await open({ schema, url: '/api', token: async () => 'token' })

/** Compiles only where both types are the same. */
function same<A, B>(
  ..._: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [never]
): void {}

// Reads.
const event = db.events.get(1)
same<typeof event, typeof db.events extends { get(key: number): infer R } ? R : never>()
if (event !== undefined) {
  same<typeof event.attendees, bigint>()
  same<typeof event.due_date, Timestamp | null>()
  if (event.due_date !== null) toDate(event.due_date)
  // @ts-expect-error a row is read-only
  event.title = 'other'
  // @ts-expect-error no such column
  event.name
}
db.tag_assignments.get(['event', 1, 2])
db.counters.get(1n)
db.table('sync').get('a')
db.constructor.get(1)
// @ts-expect-error the key is a number
db.events.get('1')
// @ts-expect-error the key is a bigint
db.counters.get(1)
// @ts-expect-error the key has three columns
db.tag_assignments.get(['event', 1])
// @ts-expect-error the key's second column is a number
db.tag_assignments.get(['event', '1', 2])
// @ts-expect-error no such table
db.event
// @ts-expect-error no such table
db.table('event')
// @ts-expect-error `db.sync` is not the table
db.sync.get('a')

same<Awaited<ReturnType<typeof db.events.fetch>>, ReturnType<typeof db.events.rows>>()
const fetched = await db.events.where({ status: 'active' }).limit(10).fetch()
// @ts-expect-error a result is read-only
fetched.pop()
// @ts-expect-error a row is read-only
fetched[0]!.title = 'other'

const sums = db.events.groupBy('status').aggregate({ n: count() })
same<Awaited<ReturnType<typeof sums.fetch>>, ReturnType<typeof sums.rows>>()

// States.
same<RowState, 'acknowledged' | 'pending' | 'sent' | 'rejected' | 'conflict'>()
const state = db.events.state(1)
same<typeof state, RowState>()
same<ReturnType<typeof meta>['state'], RowState>()
db.tag_assignments.state(['event', 1, 2])
// @ts-expect-error the key is a number
db.events.state('1')
// @ts-expect-error no such state
state === 'synced'
// @ts-expect-error a key is no row
meta(1)

// Conditions.
db.events.where({
  status: 'active',
  priority: between(4, 5),
  location: null,
  event_id: oneOf([1, 2]),
})
db.events.where({
  due_date: gte(new Date()),
  attendees: gt(3n),
  all_day: true,
  custom_fields: notNull(),
})
db.events.where({
  due_date: between(new Date(), '2026-01-01'),
  labels: isNull(),
  status: ne('active'),
})
db.events.where({
  status: oneOf(['active', 'completed']),
  cost: eq('12.50'),
  cover: new Uint8Array(),
})
// @ts-expect-error no such column
db.events.where({ state: 'active' })
// @ts-expect-error not a label of the enum
db.events.where({ status: 'open' })
// @ts-expect-error not a label of the enum
db.events.where({ status: oneOf(['active', 'open']) })
// @ts-expect-error a text column and a number
db.events.where({ title: 5 })
// @ts-expect-error a text column and a number
db.events.where({ title: gte(5) })
// @ts-expect-error a number column and texts
db.events.where({ priority: between('a', 'b') })
// @ts-expect-error an int8 column and a number
db.events.where({ attendees: 3 })
// @ts-expect-error a column that can't be null
db.events.where({ title: null })
// @ts-expect-error undefined is no condition
db.events.where({ title: undefined })
// @ts-expect-error JSON is compared with nothing but null
db.events.where({ custom_fields: 'a' })
// @ts-expect-error an operator compares with values, not with null
db.events.where({ location: eq(null) })

// Conditions put together.
db.events.where(or({ status: 'active' }, { priority: gt(4), location: null }))
db.events.where(and(not({ title: like('%draft%') }), or({ title: startsWith('A') }, {})))
db.events.where({ custom_fields: contains({ a: [1, 'b', null] }), labels: contains(['a']) })
db.events.where({ custom_fields: hasKey('a'), labels: overlaps(['a', 'b']) })
db.events.where(or({ custom_fields: hasAllKeys(['a']) }, { labels: containedIn(['a']) }))
db.events.where({ event_id: lt(column('id')), due_date: eq(column('due_date')) })
// @ts-expect-error no such column
db.events.where(or({ state: 'active' }))
// @ts-expect-error not a label of the enum
db.events.where(not({ status: 'open' }))
// @ts-expect-error not a label of the enum, two groups down
db.events.where(or(and({ status: 'open' })))
// @ts-expect-error no such column to compare with
db.events.where({ event_id: lt(column('ident')) })
// @ts-expect-error a number is no text
db.events.where({ priority: like('1%') })
// @ts-expect-error a text holds nothing
db.events.where({ title: contains('a') })
// @ts-expect-error an array of texts
db.events.where({ labels: contains([1]) })
// @ts-expect-error an array has no keys
db.events.where({ labels: hasKey('a') })
// @ts-expect-error JSON has nothing in common with anything: that is for arrays
db.events.where({ custom_fields: eq({ a: 1 }) })

// Order.
db.events.orderBy('due_date').orderBy('id', 'desc').limit(1).offset(1)
db.events.where({}).orderBy(['priority', 'desc'], 'due_date', ['title', 'asc'])
// @ts-expect-error no such column
db.events.orderBy('due')
// @ts-expect-error no such direction
db.events.orderBy('due_date', 'down')
// @ts-expect-error no such column
db.events.orderBy(['priority', 'desc'], 'due')

db.events.orderBy('due_date', 'desc nulls last').orderBy(['priority', 'asc nulls first'])
db.events.orderBy('id').after({ id: 1 })
// @ts-expect-error a key is a number
db.events.orderBy('id').after({ id: '1' })

// Texts and JSON.
db.events.where({ title: ilike('a%') }).where({ title: matches('^a', { ignoreCase: true }) })
db.events.where({ custom_fields: at('color', 'red') })
db.events.where({ custom_fields: at(['sizes', 0], between(1, 3)) })
db.events.where({ custom_fields: at('color', oneOf(['red', null, { a: 1 }])) })
db.events.where({ custom_fields: at('color', like('r%')) })
// @ts-expect-error a text has no paths
db.events.where({ title: at('color', 'red') })
// @ts-expect-error a number is no text
db.events.where({ priority: matches('1') })

// Groups.
const groups = db.events
  .groupBy('status', 'event_id')
  .aggregate({ n: count(), some: count('due_date'), most: max('priority'), all: array('title') })
const group = groups
  .having({ n: gt(1) })
  .orderBy('most', 'desc')
  .limit(1)
  .rows()[0]!
same<typeof group.n, number>()
same<typeof group.most, number | null>()
same<typeof group.all, readonly string[] | null>()
same<typeof group.event_id, number | null>()
same<typeof group.status, 'active' | 'completed' | 'cancelled'>()
// @ts-expect-error no such column
db.events.groupBy('stat')
// @ts-expect-error no such column
db.events.aggregate({ n: sum('prio') })
// @ts-expect-error no such value
groups.having({ m: 1 })
// @ts-expect-error no such value
groups.orderBy('priority')

// Results.
const rows = db.events.orderBy('id').rows()
same<(typeof rows)[number]['title'], string>()
// @ts-expect-error a result is read-only
rows.push(rows[0]!)
const stop: () => void = db.events.live(({ rows, changes, complete }) => {
  same<(typeof rows)[number]['id'], number>()
  same<(typeof changes.removed)[number]['id'], number>()
  same<(typeof changes.moved)[number]['id'], number>()
  same<typeof complete, boolean>()
})
db.events.where({ id: 1 }).live({ next: () => stop(), error: (error) => error.code === 'closed' })
db.events.live(({ rows }) => rows.map((row) => meta(row).state), { state: true })
// @ts-expect-error no such option
db.events.live(() => {}, { states: true })
// @ts-expect-error no such code
db.events.live({ next: () => {}, error: (error) => error.code === 'close' })

// Writes.
const write = db.events.insert({
  title: 'Water the plants',
  due_date: new Date(),
  labels: ['home'],
})
same<typeof write.key, number>()
same<typeof write.durable, Promise<void>>()
db.events.update(1, {
  status: 'completed',
  location: null,
  custom_fields: { a: [1, null] },
})
db.tag_assignments.delete(['event', 1, 2])
// @ts-expect-error a required column is missing
db.events.insert({ priority: 1 })
// @ts-expect-error no such column
db.events.insert({ title: 'a', name: 'b' })
// @ts-expect-error a generated column
db.events.insert({ title: 'a', search_key: 'a' })
// @ts-expect-error a number column and a text
db.events.insert({ title: 'a', priority: '1' })
// @ts-expect-error a column that can't be null
db.events.update(1, { title: null })
// @ts-expect-error the key is no column of an update
db.events.update(1, { id: 2 })
// @ts-expect-error a function is not JSON
db.events.update(1, { custom_fields: { a: () => 1 } })
// @ts-expect-error the key is a number
db.events.delete('1')

// Transactions.
const done: Write<undefined, undefined> = db.transaction((tx) => {
  const parent = tx.events.insert({ title: 'parent' })
  tx.events.insert({ title: 'child', event_id: parent })
  tx.table('sync').delete('a')
  tx.sync.delete('a')
  const tag = tx.tags.insert({ name: 'home' })
  // @ts-expect-error the column refers to a number, the new row's key is a text
  tx.events.insert({ title: 'child', event_id: tag })
  // @ts-expect-error a transaction has no reads
  tx.events.get(1)
})
await done.synced

// Syncing.
same<typeof db.user, string | null>()
same<typeof db.sync.status.lastSync, number | null>()
db.sync.rejected.forEach((rejected) => rejected.dismiss())
db.conflicts.lost.forEach((lost) => lost.reapply().key)

// The module.
same<ReturnType<typeof coreVersion>, Promise<string>>()
// @ts-expect-error it takes nothing
void coreVersion(1)

// Relations.
import type { Tables } from '../schema.js'
type OfEvents = Tables['events']['relations']
same<OfEvents['tag_assignments']['table'], 'tag_assignments'>()
// @ts-expect-error no such relation
same<OfEvents['tags'], never>()
const beside = db.events.with('tag_assignments').orderBy('title').rows()[0]!
same<(typeof beside)['tag_assignments'][number]['tag_id'], number>()
same<(typeof beside)['title'], string>()
const ofTag = db.tag_assignments.where({ tag_id: 1 }).limit(1)
same<
  NonNullable<
    ReturnType<ReturnType<typeof withTags>['first']>
  >['tag_assignments'][number]['tag_id'],
  number
>()
function withTags() {
  return db.events.with({ tag_assignments: ofTag })
}
db.events.search(['title', 'location'], 'rue').orderBy('title').limit(5)
db.events.orderBy(rank('title', 'x', { with: ['location'] }), ['priority', 'desc'], 'title')
db.events.where({ title: similar('x', { threshold: 0.5 }), location: wordSimilar('x') })
// @ts-expect-error no column of texts
db.events.where({ priority: search('x') })
// @ts-expect-error no column
db.events.orderBy(similarity('name', 'x'))
// @ts-expect-error no column
db.events.search(['title', 'name'], 'x')
// @ts-expect-error no such way to read a text
db.events.search('title', 'x', { syntax: 'prefix' })
db.events.where(db.events.related('tag_assignments', { tag_id: 1 }))
// @ts-expect-error no such relation
db.events.with('tags')
// @ts-expect-error it leads to another table
db.events.with({ tag_assignments: db.tags.limit(1) })
// @ts-expect-error no such relation
db.events.related('tags')
// @ts-expect-error no column of the related table
db.events.related('tag_assignments', { title: 'x' })
// @ts-expect-error what is beside a row is no column of it
db.events.with('tag_assignments').where({ tag_assignments: 1 })
