// Rows of other tables: as conditions and beside rows, answered by the module that ships.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'

import { meta, not, or } from 'haversack'
import type { HaversackError, SchemaOf } from 'haversack'
import { openMemory } from 'haversack/testing'

import { column, foreignKey, id, schemaOf, table } from './tables.js'

interface Tables {
  authors: {
    row: { readonly id: number; readonly name: string; readonly mentor_id: number | null }
    insert: { readonly id?: number; readonly name: string; readonly mentor_id?: number | null }
    update: { readonly name?: string; readonly mentor_id?: number | null }
    relations: {
      readonly mentor: { readonly table: 'authors'; readonly many: false; readonly optional: true }
      readonly authors_as_mentor: {
        readonly table: 'authors'
        readonly many: true
        readonly optional: true
      }
      readonly books: { readonly table: 'books'; readonly many: true; readonly optional: true }
      readonly marks: { readonly table: 'marks'; readonly many: true; readonly optional: true }
    }
    key: number
  }
  books: {
    row: { readonly id: number; readonly title: string; readonly author_id: number | null }
    insert: { readonly id?: number; readonly title: string; readonly author_id?: number | null }
    update: { readonly title?: string; readonly author_id?: number | null }
    relations: {
      readonly author: { readonly table: 'authors'; readonly many: false; readonly optional: true }
      readonly marks: { readonly table: 'marks'; readonly many: true; readonly optional: true }
    }
    key: number
  }
  marks: {
    row: {
      readonly id: number
      readonly kind: string
      readonly of_id: number
      readonly stars: number
    }
    insert: {
      readonly id?: number
      readonly kind: string
      readonly of_id: number
      readonly stars: number
    }
    update: { readonly stars?: number }
    relations: {
      readonly book: { readonly table: 'books'; readonly many: false; readonly optional: true }
      readonly author: { readonly table: 'authors'; readonly many: false; readonly optional: true }
    }
    key: number
  }
}

const optional = { nullable: true }

const schema = schemaOf(
  table('authors', [id, column('name', 'text'), column('mentor_id', 'int4', optional)], {
    foreign_keys: [foreignKey('authors_mentor', 'mentor_id', 'authors', 'no_action')],
  }),
  table('books', [id, column('title', 'text'), column('author_id', 'int4', optional)], {
    foreign_keys: [foreignKey('books_author', 'author_id', 'authors', 'no_action')],
  }),
  table('marks', [id, column('kind', 'text'), column('of_id', 'int4'), column('stars', 'int4')], {
    polymorphic: [{ column: 'of_id', by: 'kind', tables: { book: 'books', author: 'authors' } }],
  }),
) as unknown as SchemaOf<Tables>

const page = readFileSync(new URL('../../docs/queries.md', import.meta.url), 'utf8')
const [given, finding, giving] = page
  .split('## Rows of other tables')[1]!
  .split('## Groups')[0]!
  .split(/\n\n/)
  .filter((block) => block.startsWith('|'))
  .map((block) => block.trim().split('\n').slice(2).map(cells))

/** The cells of a line of a table, without marks. */
function cells(line: string): string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1'))
}

const rows = Object.fromEntries(
  given!.map(([table, rows]) => [table, JSON.parse(rows!) as object[]]),
) as { readonly [T in keyof Tables]: Tables[T]['row'][] }

const opened = () => openMemory({ schema, identity: '1', rows })

test('every example finds and gives what the page says', async () => {
  const db = await opened()
  const ask = (code: string) =>
    (
      new Function('db', 'not', 'or', `return db.${code}`)(db, not, or) as {
        rows(): readonly { readonly id: number }[]
        count(): number
      }
    ).rows()
  assert.ok(finding!.length >= 8 && giving!.length >= 2)
  for (const [code, ids] of finding!) {
    assert.equal(
      ask(code!)
        .map(({ id }) => id)
        .join(', '),
      ids,
      code,
    )
  }
  for (const [code, made] of giving!) assert.deepEqual(ask(code!), JSON.parse(made!), code)
  assert.equal(db.authors.where(db.authors.related('marks')).count(), 1)
  await db.close()
})

test('the rows beside a row are those that everybody sees', async () => {
  const db = await opened()
  const [ada, bo] = db.authors.with('mentor', 'authors_as_mentor', 'books').rows()
  assert.equal(bo!.mentor, db.authors.get(1))
  assert.deepEqual(
    ada!.authors_as_mentor,
    [bo, db.authors.get(3)].map((row) => db.authors.get(row!.id)),
  )
  assert.equal(ada!.mentor, null)
  assert.equal(ada!.books[0]!.title, 'Z')
  assert.equal(meta(ada!).state, 'acknowledged')
  assert.ok(Object.isFrozen(ada) && Object.isFrozen(ada!.books))
  await db.close()
})

test('a row with what is beside it is the same object until one of them changes', async () => {
  const db = await opened()
  const query = () => db.authors.orderBy('id').with({ books: db.books.orderBy('title') })
  const [ada, bo] = query().rows()
  assert.equal(query().rows()[0], ada)
  db.books.update(12, { title: 'XX' })
  const [adaAgain, boAgain] = query().rows()
  assert.equal(adaAgain, ada)
  assert.notEqual(boAgain, bo)
  assert.equal(boAgain!.books[0]!.title, 'XX')
  await db.close()
})

test('live queries are told of changes in other tables, and of nothing else', async () => {
  const db = await opened()
  const beside: string[] = []
  const unread: string[][] = []
  db.authors.with('books').live(({ rows, changes }) => {
    beside.push(`${rows.length}: ${changes.updated.map(({ name }) => name).join()}`)
  })
  db.authors.where(not(db.authors.related('books'))).live(({ rows }) => {
    unread.push(rows.map(({ name }) => name))
  })
  await Promise.resolve()
  db.books.insert({ title: 'V', author_id: 3 })
  await Promise.resolve()
  db.marks.update(100, { stars: 4 })
  await Promise.resolve()
  assert.deepEqual(beside, ['3: ', '3: Cy'])
  assert.deepEqual(unread, [['Cy'], []])
  await db.close()
})

test('a new row is beside the one it refers to, under its temporary key too', async () => {
  const db = await opened()
  const made = db.authors.insert({ name: 'Di' })
  db.books.insert({ title: 'U', author_id: made.key })
  const di = db.authors.where({ name: 'Di' }).with('books').first()
  assert.equal(di!.books[0]!.title, 'U')
  await db.close()
})

test('what is no relation is refused, with the names that there are', async () => {
  const db = await opened()
  const refused = (ask: () => unknown, message: RegExp) =>
    assert.throws(ask, (error: HaversackError) => {
      assert.equal(error.code, 'invalid_query')
      assert.match(`${error.message} ${error.details.hint}`, message)
      return true
    })
  refused(() => db.authors.with('readers' as never), /no relation "readers".*mentor.*books/)
  refused(() => db.authors.where(db.authors.related('x' as never)), /no relation "x"/)
  refused(() => db.authors.with({ books: db.marks as never }), /books leads to books.*marks/)
  refused(() => db.authors.with('books').with('books'), /books is beside the rows already/)
  refused(() => db.authors.with({ books: db.books.after({ id: 1 }) }), /no `after`/)
  refused(() => db.authors.with('books').groupBy('name').aggregate({}), /leave out with/)
  await assert.rejects(async () => db.authors.with('books').fetch(), /leave out `with`/)
  await db.close()
})
