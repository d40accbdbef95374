import assert from 'node:assert/strict'
import test from 'node:test'

import { HaversackError } from '../src/errors.js'
import {
  between,
  column,
  containedIn,
  contains,
  eq,
  gt,
  gte,
  hasAllKeys,
  hasAnyKey,
  hasKey,
  isNull,
  like,
  lt,
  lte,
  ne,
  notNull,
  oneOf,
  overlaps,
  startsWith,
} from '../src/operators.js'
import { and, not, or } from '../src/predicates.js'
import { bindingError, openFake } from './fake-binding.js'

/** Asserts that a call throws our error with this code. */
function refuses(code: string, call: () => unknown, message?: RegExp): void {
  assert.throws(call, (error) => {
    assert.ok(error instanceof HaversackError, String(error))
    assert.equal(error.code, code)
    if (message !== undefined) assert.match(error.message, message)
    return true
  })
}

test('a query becomes a shape and its parameters in order', () => {
  const { db, client } = openFake()
  const due = new Date(Date.UTC(2026, 0, 2))
  db.events
    .where({ status: 'active', priority: between(4, 5), location: null, attendees: gt(3n) })
    .where({
      due_date: gte(due),
      all_day: true,
      labels: notNull(),
      cover: new Uint8Array([1, 255]),
    })
    .orderBy('due_date', 'desc')
    .orderBy(['priority', 'asc'], 'title')
    .limit(50)
    .offset(100)
    .rows()
  assert.deepEqual(client.shapes, [
    {
      table: 'events',
      where: [
        { column: 'status', op: 'eq' },
        { column: 'priority', op: 'between' },
        { column: 'location', op: 'is_null' },
        { column: 'attendees', op: 'gt' },
        { column: 'due_date', op: 'gte' },
        { column: 'all_day', op: 'eq' },
        { column: 'labels', op: 'not_null' },
        { column: 'cover', op: 'eq' },
      ],
      order: [
        { column: 'due_date', descending: true },
        { column: 'priority', descending: false },
        { column: 'title', descending: false },
      ],
      limit: true,
      offset: true,
    },
  ])
  assert.deepEqual(client.params, ['active', 4, 5, '3', due.toISOString(), 1, '\\x01ff', 50, 100])
})

test('every operator has its own name', () => {
  const { db, client } = openFake()
  const operators = [eq(1), ne(1), lt(1), lte(1), gt(1), gte(1), between(1, 1), isNull(), notNull()]
  for (const priority of operators) db.events.where({ priority }).rows()
  db.events.where({ priority: oneOf([1]) }).rows()
  assert.deepEqual(
    client.shapes.map((shape) => shape.where[0]!.op),
    ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'between', 'is_null', 'not_null', 'in'],
  )
})

test('groups come before their members, and say how many they are', () => {
  const { db, client } = openFake()
  db.events
    .where(
      or(
        { status: 'active', priority: gt(3) },
        not({ title: like('%draft%') }),
        and({ due_date: lte(column('due_date')) }, or(), {}),
      ),
    )
    .where({ location: startsWith('Rue') })
    .rows()
  assert.deepEqual(client.shapes[0]!.where, [
    { op: 'or', n: 3 },
    { op: 'and', n: 2 },
    { column: 'status', op: 'eq' },
    { column: 'priority', op: 'gt' },
    { op: 'not', n: 1 },
    { column: 'title', op: 'like' },
    { op: 'and', n: 3 },
    { column: 'due_date', op: 'lte', other: 'due_date' },
    { op: 'or', n: 0 },
    { op: 'and', n: 0 },
    { column: 'location', op: 'starts_with' },
  ])
  assert.deepEqual(client.params, ['active', 3, '%draft%', 'Rue'])
})

test('what JSON and arrays are tested for goes as JSON', () => {
  const { db, client } = openFake()
  db.events
    .where({ custom_fields: contains({ b: [1, null], a: 'x' }), labels: overlaps(['a', 'b']) })
    .where({ custom_fields: hasKey('b'), labels: containedIn([]) })
    .where(and({ custom_fields: hasAnyKey(['a', 'c']) }, { custom_fields: hasAllKeys([]) }))
    .where({ custom_fields: contains(null) })
    .rows()
  assert.deepEqual(
    client.shapes[0]!.where.map(({ op }) => op),
    [
      ...['contains', 'overlaps', 'has_key', 'contained_in'],
      ...['and', 'has_any_key', 'has_all_keys', 'contains'],
    ],
  )
  const expected = ['{"b":[1,null],"a":"x"}', '["a","b"]', 'b', '[]', '["a","c"]', '[]', 'null']
  assert.deepEqual(client.params, expected)
})

test('a group of nothing, of itself, and ten thousand deep, is refused in words', () => {
  const { db } = openFake()
  refuses('invalid_query', () => db.events.where(or(null as never)), /a group is of conditions/)
  refuses('invalid_query', () => db.events.where(not(undefined as never)), /undefined/)
  refuses('invalid_query', () => db.events.where(or({ title: undefined as never })), /undefined/)
  let deep = not<{ title: string }>({})
  for (let i = 0; i < 10_000; i++) deep = not(deep)
  refuses('invalid_query', () => db.events.where(deep as never), /nested too deeply/)
  refuses('type_mismatch', () => db.events.where({ custom_fields: contains(new Map() as never) }))
  refuses('invalid_query', () => db.events.where({ title: like(5 as never) }), /a text/)
})

test('the same question with other values compiles nothing', () => {
  const { db, client } = openFake()
  for (let i = 0; i < 10; i++) {
    db.events
      .where({ title: `t${i}`, priority: between(i, 9) })
      .orderBy('due_date')
      .limit(i)
      .rows()
  }
  assert.equal(client.shapes.length, 1)
  db.events
    .where({ title: 't', priority: between(1, 9) })
    .orderBy('due_date')
    .rows()
  assert.equal(client.shapes.length, 2)
})

test('lists are padded to few lengths, and an empty one gives no row', () => {
  const { db, client } = openFake()
  for (let i = 1; i <= 5; i++) db.events.insert({ title: `t${i}` })
  const ids = (list: number[]): number[] =>
    db.events
      .where({ id: oneOf(list) })
      .rows()
      .map((row) => row.id)
  assert.deepEqual(ids([1, 2, 3]), [1, 2, 3])
  assert.deepEqual(client.params, [1, 2, 3, 3])
  assert.deepEqual(ids([5, 2, 4, 1]), [1, 2, 4, 5])
  assert.deepEqual(ids([3]), [3])
  assert.deepEqual(ids([]), [])
  assert.equal(ids(Array.from({ length: 10_000 }, (_, i) => i)).length, 5)
  assert.equal(client.params.length, 10_000)
  refuses('invalid_query', () => ids(new Array<number>(10_001).fill(1)))
  assert.deepEqual(
    client.shapes.map((shape) => shape.where[0]!.n),
    [4, 1, 0, 10_000],
  )
})

test('queries are immutable and can be asked again', () => {
  const { db } = openFake()
  for (let i = 1; i <= 5; i++) db.events.insert({ title: `t${i}`, priority: i % 2 })
  const odd = db.events.where({ priority: 1 })
  const last = odd.orderBy('id', 'desc')
  assert.deepEqual(
    last
      .limit(1)
      .rows()
      .map((row) => row.id),
    [5],
  )
  assert.deepEqual(
    last
      .offset(1)
      .rows()
      .map((row) => row.id),
    [3, 1],
  )
  assert.deepEqual(
    odd
      .where({ id: gt(1) })
      .rows()
      .map((row) => row.id),
    [3, 5],
  )
  assert.equal(odd.count(), 3)
  assert.equal(last.first()?.id, 5)
  assert.equal(last.limit(0).first(), undefined)
  assert.equal(db.events.count(), 5)
  assert.equal(db.events.where({}).rows().length, 5)
  const { milliseconds, text, ...explained } = odd.explain()
  assert.deepEqual(explained, {
    strategy: 'range',
    index: [],
    schemaIndex: null,
    examined: 5,
    returned: 3,
  })
  assert.ok(milliseconds >= 0)
  assert.match(
    text,
    /^events: by an index on , then sorted; 5 rows examined, 3 returned in [\d.]+ ms$/,
  )
})

test('an undefined condition is an error, never everything', () => {
  const { db } = openFake()
  const missing = {} as { title: string }
  refuses(
    'invalid_query',
    () => db.events.where({ title: missing.title }),
    /events\.title.*undefined/,
  )
  refuses('invalid_query', () => db.events.where({ priority: between(1, undefined as never) }))
  refuses('invalid_query', () => db.events.where({ priority: oneOf([1, undefined as never]) }))
})

test('what has no meaning is refused when the query is built', () => {
  const { db } = openFake()
  refuses('invalid_query', () => db.events.where({ location: ne(null as never) }), /isNull/)
  refuses('invalid_query', () => db.events.where({ labels: ['a'] as never }))
  refuses('invalid_query', () => db.events.where({ due_date: new Date(NaN) }))
  refuses('invalid_query', () => db.events.limit(-1))
  refuses('invalid_query', () => db.events.limit(1.5))
  refuses('invalid_query', () => db.events.offset(NaN))
  refuses('invalid_query', () => db.events.orderBy(['id', 'down' as never]))
  refuses('unknown_column', () => db.events.where({ state: 1 } as never).rows(), /unknown_column/)
  refuses('unknown_table', () => db.table('event' as never), /event/)
})

test('numbers that JSON lacks are parameters like others', () => {
  const { db, client } = openFake()
  db.events.where({ priority: between(-Infinity, NaN) }).rows()
  assert.deepEqual(client.params, [-Infinity, NaN])
})

test('what the core says of a run that failed is thrown, and the next run works', () => {
  const { db, client } = openFake()
  client.failure = bindingError('type_mismatch')
  refuses('type_mismatch', () => db.events.where({ title: 'x' }).rows())
  assert.deepEqual(db.events.where({ title: 'x' }).rows(), [])
})

test('keys of every kind find their row', () => {
  const { db, client } = openFake()
  db.events.insert({ title: 'a' })
  client.arrive('tags', { id: 'x', name: 'home' })
  client.arrive('counters', { id: '9007199254740993', label: null })
  client.arrive('tag_assignments', { entity_type: 'event', entity_id: 1, tag_id: 2 })
  assert.equal(db.events.get(1)?.title, 'a')
  assert.equal(db.events.get(2), undefined)
  assert.equal(db.tags.get('x')?.name, 'home')
  assert.equal(db.counters.get(9007199254740993n)?.id, 9007199254740993n)
  assert.equal(db.tag_assignments.get(['event', 1, 2])?.tag_id, 2)
  assert.equal(db.tag_assignments.get(['event', 1, 3]), undefined)
})

test('a key of another type is an error, and one outside the type finds nothing', () => {
  const { db } = openFake()
  db.events.insert({ title: 'a' })
  assert.equal(db.events.get(2 ** 32 + 1), undefined)
  assert.equal(db.events.get(1.5), undefined)
  refuses('type_mismatch', () => db.events.get('1' as never))
  refuses('type_mismatch', () => db.events.get(undefined as never), /undefined/)
  refuses('type_mismatch', () => db.tags.get(1 as never))
  refuses('type_mismatch', () => db.tag_assignments.get(['event', 1] as never), /3|columns/)
})

test('tables whose names are taken are reached by table()', () => {
  const { db } = openFake()
  db.table('sync').insert({ id: 'a', note: 'b' })
  assert.equal(db.table('sync').get('a')?.note, 'b')
  assert.equal(typeof db.sync.now, 'function')
  db.constructor.insert({ id: 7 })
  assert.equal(db.constructor.get(7)?.id, 7)
  assert.equal(db.table('events'), db.events)
  assert.equal((db as { toString?: unknown }).toString, undefined)
})

test('parameters of any number and any text arrive as they were given', () => {
  const { db, client } = openFake()
  const long = 'ü€🎒'.repeat(5_000)
  const texts = ['', 'plain', 'grün', long, '€'.repeat(30_000), 'the last']
  for (const text of texts) {
    db.events.where({ location: 'x', priority: gte(-0.5), title: text }).rows()
    assert.deepEqual(client.params, ['x', -0.5, text])
  }
  const list = Array.from({ length: 1_024 }, (_, i) => `${i % 2 ? 'ö' : 'o'}${i}`)
  db.events
    .where({ title: oneOf(list), location: long })
    .limit(3)
    .offset(2)
    .rows()
  assert.deepEqual(client.params, [...list, long, 3, 2])
  // As the memory grows, views of it are detached.
  client.memory.grow(1)
  assert.equal(db.events.where({ title: 'ß', priority: 2 }).count(), 0)
  assert.deepEqual(client.params, ['ß', 2])
})
