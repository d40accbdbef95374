// Searching texts, answered by the module that ships; cargo xtask fuzz query compares with Postgres.

import assert from 'node:assert/strict'
import test from 'node:test'

import {
  HaversackError,
  not,
  or,
  rank,
  search,
  similar,
  similarity,
  wordSimilar,
  wordSimilarity,
} from 'haversack'
import { openMemory } from 'haversack/testing'
import { column, id, schemaOf, table } from './tables.js'

const notes = table('notes', [
  id,
  column('title', 'text'),
  column('body', 'text', { nullable: true }),
  column('n', 'int4', { nullable: true }),
])
const schema = schemaOf(notes)
const rows = [
  { title: 'The fat cats', body: 'sat on a mat', n: 3 },
  { title: 'A cat', body: null, n: 2 },
  { title: 'Dogs', body: 'no cats here, only fat dogs', n: 1 },
  { title: 'Conference on wi-fi', body: 'fat pipes', n: 4 },
]

interface Note {
  readonly id: number
  readonly title: string
  readonly body: string | null
  readonly n: number | null
}

async function opened() {
  const db = await openMemory({ schema, rows: { notes: rows }, identity: '1' } as never)
  const of = (db as unknown as { notes: never }).notes as import('haversack').Table<{
    row: Note
    insert: Partial<Note>
    update: Partial<Note>
    relations: {}
    key: number
  }>
  return { db, notes: of }
}

const ids = (found: readonly Note[]): string => found.map(({ id }) => id).join(' ')

test('words are found in every form, in one column or in several as one text', async () => {
  const { db, notes } = await opened()
  const found = (filter: object) => ids(notes.where(filter as never).rows())
  assert.equal(found({ title: search('cats') }), '1 2')
  assert.equal(found({ title: search('the cat', { config: 'simple' }) }), '')
  assert.equal(found({ title: search('fat cat', { with: ['body'] }) }), '1 3')
  assert.equal(found({ title: search('cat -fat', { with: ['body'] }) }), '2')
  assert.equal(found({ body: search('"fat dog" or mat') }), '1 3')
  assert.equal(found({ title: search('con:* & !cat', { syntax: 'operators' }) }), '4')
  assert.equal(found({ title: search('fi', { syntax: 'phrase' }) }), '4')
  // Of a text that is null it is unknown.
  assert.equal(found(not({ body: search('fat') })), '1')
  assert.equal(found(or({ body: search('mat') }, { n: 2 })), '1 2')
  assert.equal(notes.where({ title: search('cat') }).count(), 2)
  await db.close()
})

test('the best answers come first, and a write is found at once', async () => {
  const { db, notes } = await opened()
  assert.equal(ids(notes.search(['title', 'body'], 'fat').rows()), '1 3 4')
  const twice = notes.insert({ title: 'fat fat', body: 'fat cat', n: 9 }).key
  const best = notes.search(['title', 'body'], 'fat').limit(2)
  assert.equal(ids(best.rows()), `${twice} 1`)
  assert.equal(best.explain().strategy, 'text')
  assert.deepEqual(best.explain().index, ['to_tsvector(english, title, body)'])
  assert.equal(ids(notes.orderBy(rank('title', 'cat'), ['n', 'desc']).limit(3).rows()), '1 2 5')
  assert.equal(ids(notes.orderBy('n', rank('title', 'cat')).limit(1).rows()), '3')
  notes.update(twice, { title: 'thin', body: null })
  assert.equal(ids(best.rows()), '1 3')
  notes.delete(1)
  assert.equal(ids(best.rows()), '3 4')
  await db.close()
})

test('a typo does no harm to a similarity', async () => {
  const { db, notes } = await opened()
  const found = (filter: object) => ids(notes.where(filter as never).rows())
  assert.equal(found({ title: search('conferense') }), '')
  assert.equal(found({ title: similar('conferense on wi-fi') }), '4')
  assert.equal(found({ title: similar('conferense', { threshold: 0.9 }) }), '')
  assert.equal(found({ title: wordSimilar('conferense') }), '4')
  assert.equal(ids(notes.orderBy(similarity('title', 'dogs cats')).limit(2).rows()), '3 1')
  assert.equal(ids(notes.orderBy(wordSimilarity('body', 'dgs')).rows()), '3 1 4 2')
  await db.close()
})

test('a live search is told of what begins and ceases to match', async () => {
  const { db, notes } = await opened()
  const results: string[] = []
  const stop = notes.search('title', 'cat').live(({ rows }) => results.push(ids(rows)))
  await Promise.resolve()
  notes.update(4, { title: 'Cats and wi-fi' })
  await Promise.resolve()
  notes.update(4, { body: 'thin pipes' })
  notes.update(3, { n: 7 })
  await Promise.resolve()
  notes.update(2, { title: 'A dog' })
  await Promise.resolve()
  stop()
  assert.equal(results[0], '1 2')
  assert.equal(results[1], '1 2 4')
  assert.equal(results.at(-1), '1 4')
  await db.close()
})

test('what can not be searched is refused, with what to do', async () => {
  const { db, notes } = await opened()
  const refused = (work: () => unknown, code: string, message: RegExp): void => {
    assert.throws(work, (error: unknown) => {
      assert.ok(error instanceof HaversackError, String(error))
      assert.equal(error.code, code, error.message)
      assert.match(`${error.message} ${error.details.hint ?? ''}`, message)
      return true
    })
  }
  const where = (filter: object) => notes.where(filter as never).rows()
  refused(() => where({ n: search('x') }), 'invalid_query', /n has no text/)
  refused(() => where({ title: search('x', { with: ['y'] }) }), 'unknown_column', /y/)
  refused(
    () => where({ title: search('x', { config: 'german' }) }),
    'invalid_query',
    /only the server knows.*german.*fetch/,
  )
  refused(
    () => where({ title: search('x', { config: 'klingon' }) }),
    'invalid_query',
    /configuration called klingon/,
  )
  refused(
    () => where({ title: search('a b', { syntax: 'operators' }) }),
    'invalid_query',
    /can't be read: syntax error/,
  )
  refused(() => where({ title: search(5 as never) }), 'invalid_query', /takes a text/)
  refused(() => where({ title: similar('x', { threshold: 2 }) }), 'type_mismatch', /0 to 1/)
  refused(
    () => where({ title: similar('x', { threshold: 'a' as never }) }),
    'invalid_query',
    /threshold/,
  )
  refused(() => notes.orderBy(rank('title', 5 as never)), 'invalid_query', /ranked by a text/)
  refused(
    () => notes.search('title', 'cat').after({ id: 1 }).rows(),
    'invalid_query',
    /order by rank.*limit and offset/,
  )
  await db.close()
})
