// Queries as JSON: what comes back asks the same, and what is wrong is named. Every operator comes back in
// the test of the examples of docs/queries.md.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'

import { array, avg, count, gte, ilike, oneOf, rank, sum } from 'haversack'
import { openMemory } from 'haversack/testing'
import { refusal } from './refusal.js'
import { schema } from './schema.js'
import { schema as notes } from './types/guide/schema.js'

const open = () => openMemory({ schema, identity: '6f6f8d9e-0000-4000-8000-000000000001' })

/** What the core is asked: a shape, and its parameters. */
const asks = (query: object) => [...(query as { asks(): readonly unknown[] }).asks()]

/** The same by way of its text. */
const kept = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

test('the JSON is as the page shows it', async () => {
  const page = readFileSync(new URL('../../docs/queries.md', import.meta.url), 'utf8')
  const json = page.split('## Queries as JSON')[1]!.split('```json')[1]!.split('```')[0]!
  const db = await openMemory({ schema: notes })
  const query = db.notes
    .where({ done: false, title: ilike('%milk%') })
    .orderBy('due')
    .limit(50)
  assert.deepEqual(query.toJSON(), JSON.parse(json))
  assert.deepEqual(db.notes.query(JSON.parse(json)).toJSON(), query.toJSON())
  await db.close()
})

test('order, rank, pages and the rows of other tables come back too', async () => {
  const db = await open()
  const base = db.events.where({
    priority: gte(2),
    status: oneOf(['active', 'completed', 'cancelled']),
  })
  const queries = [
    base.orderBy(['due_date', 'desc nulls last'], 'title').limit(5).offset(2),
    base.orderBy(rank('title', 'a b', { config: 'simple' }), ['priority', 'desc']).limit(0),
    base.orderBy('due_date').after({ due_date: null, id: 7 }),
    base.orderBy(['due_date', 'asc nulls first']).limit(2),
  ]
  for (const query of queries) {
    const saved = query.toJSON()
    const again = db.events.query(kept(query))
    assert.deepEqual(again.toJSON(), saved)
    assert.deepEqual(asks(again), asks(query))
  }
  assert.deepEqual(queries[0]!.toJSON(), {
    table: 'events',
    where: [
      { column: 'priority', op: 'gte', value: 2 },
      { column: 'status', op: 'in', values: ['active', 'completed', 'cancelled'] },
    ],
    order: [{ column: 'due_date', direction: 'desc nulls last' }, { column: 'title' }],
    limit: 5,
    offset: 2,
  })
  await db.close()
})

test('groups come back', async () => {
  const db = await open()
  const groups = db.events
    .where({ priority: gte(2) })
    .groupBy('status')
    .aggregate({ events: count(), all: sum('priority'), mean: avg('priority'), ids: array('id') })
    .having({ events: gte(2) } as never)
    .orderBy('all' as never, 'desc')
    .limit(3)
  const again = db.events.groups(kept(groups))
  assert.deepEqual(again.toJSON(), groups.toJSON())
  assert.deepEqual(asks(again).slice(1), asks(groups).slice(1))
  assert.deepEqual(groups.toJSON().having, [{ column: 'events', op: 'gte', value: 2 }])
  await db.close()
})

test('what is wrong with a saved query is named, and where', async () => {
  const db = await open()
  const deep = (levels: number): object =>
    levels === 0 ? { column: 'id', op: 'is_null' } : { op: 'not', of: [deep(levels - 1)] }
  const wrong: [saved: unknown, code: string, words: RegExp][] = [
    [null, 'invalid_query', /query is an object, not null/],
    [[], 'invalid_query', /query is an object/],
    [{ table: 'items' }, 'invalid_query', /query is about items, not events/],
    [{ wher: [] }, 'invalid_query', /query has no "wher", but table, where/],
    [{ where: {} }, 'invalid_query', /query\.where is an array/],
    [{ where: [{ op: 'eq', column: 'id' }] }, 'invalid_query', /query\.where\[0\] has no value/],
    [{ where: [{ op: 'is', column: 'id' }] }, 'invalid_query', /where\[0\]\.op: there is no "is"/],
    [{ where: [{ op: '.', column: 'id', value: 1 }] }, 'invalid_query', /there is no "\."/],
    [{ where: [{ op: 'toString', of: [] }] }, 'invalid_query', /there is no "toString"/],
    [
      { where: [{ op: 'or', of: [{ op: 'between', column: 'id', values: [1] }] }] },
      'invalid_query',
      /where\[0\]\.of\[0\]\.values: between has two, not 1/,
    ],
    [{ where: [{ op: 'not', of: [] }] }, 'invalid_query', /not is of one condition, not of 0/],
    [{ where: [{ op: 'exists', of: [] }] }, 'invalid_query', /relation is a text/],
    [{ where: [deep(100)] }, 'invalid_query', /nested too deeply/],
    [{ where: [{ op: 'eq', column: 'secret', value: 1 }] }, 'unknown_column', /secret/],
    [{ where: [{ op: 'eq', column: '__proto__', value: 1 }] }, 'unknown_column', /__proto__/],
    [{ where: [{ op: 'eq', column: 'id', value: {} }] }, 'invalid_query', /events\.id/],
    [{ where: [{ op: 'contains', column: 'title', value: 'a' }] }, 'invalid_query', /title/],
    [{ order: [{ column: 'secret' }] }, 'unknown_column', /secret/],
    [{ order: [{ column: 'id', direction: 'up' }] }, 'invalid_query', /not a string/],
    [{ order: [{ rank: 'best', column: 'title' }] }, 'invalid_query', /there is no "best"/],
    [{ limit: -1 }, 'invalid_query', /limit must be a whole number/],
    [{ limit: '5' }, 'invalid_query', /limit must be a whole number/],
    [{ after: 3 }, 'invalid_query', /rows come after a row/],
    [{ with: { nothing: {} } }, 'invalid_query', /no relation "nothing"/],
  ]
  for (const [saved, code, words] of wrong) {
    const error = refusal(() => db.events.query(saved))
    assert.equal(error.code, code, `${JSON.stringify(saved)}: ${error.message}`)
    assert.match(error.message, words)
  }
  // What a value has to be is known as the query runs.
  const dated = db.events.query({ where: [{ op: 'lt', column: 'due_date', value: 'soon' }] })
  assert.equal(refusal(() => dated.rows()).code, 'type_mismatch')
  const groups = refusal(() =>
    db.events.groups({ by: ['status'], values: { n: { op: 'median' } } }),
  )
  assert.equal(groups.code, 'invalid_query')
  await db.close()
})
