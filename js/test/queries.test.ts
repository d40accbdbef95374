// The examples of docs/queries.md, answered by the module that ships.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'

import * as haversack from 'haversack'
import { openMemory } from 'haversack/testing'
import { schema } from './schema.js'

const page = readFileSync(new URL('../../docs/queries.md', import.meta.url), 'utf8')
const examples = page.split('## Examples')[1]!.split('## Order')[0]!
const groupLines = page.split('| groups |')[1]!.split('\n\n')[0]!.split('\n').slice(2)
const searchLines = page
  .split('## Searching texts')[1]!
  .split('| filter |')[1]!
  .split('\n\n')[0]!
  .split('\n')
  .slice(2)
const [rowLines, filterLines] = examples
  .split(/\n\n/)
  .filter((block) => block.startsWith('|'))
  .map((block) => block.trim().split('\n').slice(2))

const USER = '6f6f8d9e-0000-4000-8000-000000000001'

/** The cells of a line of a table, without marks. */
function cells(line: string): string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1'))
}

const names = ['id', 'title', 'priority', 'event_id', 'location', 'custom_fields', 'labels']
const rows = rowLines!.map((line) => {
  const values = cells(line).map((text): unknown => JSON.parse(text))
  return { user_id: USER, ...Object.fromEntries(names.map((name, i) => [name, values[i]])) }
})

test('every example finds what the page says', async () => {
  const db = await openMemory({ schema, identity: USER, rows: { events: rows } as never })
  assert.ok(filterLines!.length >= 20, `${filterLines!.length} examples`)
  assert.ok(searchLines.length >= 8)
  for (const line of [...filterLines!, ...searchLines]) {
    const [code, ids] = cells(line)
    // The operators by their names, as an import has them.
    const filter: unknown = new Function(...Object.keys(haversack), `return (${code})`)(
      ...Object.values(haversack),
    )
    const query = db.events.where(filter as never)
    // And as somebody's saved query.
    const saved = db.events.query(JSON.parse(JSON.stringify(query)))
    assert.deepEqual(saved.toJSON(), query.toJSON(), code)
    for (const asked of [query, saved]) {
      const found = asked.rows().map(({ id }) => id)
      assert.equal(found.join(', '), ids, code)
    }
  }
  await db.close()
})

test('every example of groups makes what the page says', async () => {
  const db = await openMemory({ schema, identity: USER, rows: { events: rows } as never })
  assert.ok(groupLines.length >= 5)
  for (const line of groupLines) {
    const [code, made] = cells(line)
    const query = new Function('db', ...Object.keys(haversack), `return db.events.${code}`)(
      db,
      ...Object.values(haversack),
    ) as { rows(): unknown; fetch(): Promise<unknown> }
    assert.deepEqual(query.rows(), JSON.parse(made!), code)
    assert.deepEqual(await query.fetch(), JSON.parse(made!), 'there is no server')
    const saved = db.events.groups(JSON.parse(JSON.stringify(query)))
    assert.deepEqual(saved.rows(), JSON.parse(made!), code)
  }
  await db.close()
})

test('groups are kept live, and what did not change stays the same object', async () => {
  const db = await openMemory({ schema, identity: USER, rows: { events: rows } as never })
  const groups = db.events.groupBy('location').aggregate({ n: haversack.count() })
  const results: { rows: readonly unknown[]; changes: { updated: readonly unknown[] } }[] = []
  const stop = groups.live((result) => results.push(result))
  await Promise.resolve()
  assert.equal(results.length, 1)
  db.events.update(2, { location: null })
  await Promise.resolve()
  assert.equal(results.length, 2)
  const [before, after] = results
  assert.deepEqual(after!.rows, [
    { location: 'Rue B', n: 1 },
    { location: null, n: 3 },
  ])
  assert.equal(after!.rows[0], before!.rows[1])
  assert.deepEqual(after!.changes.updated, [{ location: null, n: 3 }])
  db.events.update(2, { title: 'of no group' })
  await Promise.resolve()
  assert.equal(results.length, 2)
  stop()
  const refused = (work: () => unknown, message: RegExp): void => {
    assert.throws(work, (error: unknown) => {
      assert.ok(error instanceof haversack.HaversackError, String(error))
      assert.equal(error.code, 'invalid_query', error.message)
      assert.match(error.message, message)
      return true
    })
  }
  const { avg, count, sum } = haversack
  refused(() => db.events.limit(1).aggregate({ n: count() }), /behind aggregate/)
  refused(() => db.events.aggregate({ n: 1 as never }), /n is no aggregate/)
  refused(() => db.events.aggregate({ n: sum('title') }).rows(), /no sum of title/)
  refused(() => db.events.groupBy('custom_fields').aggregate({}).rows(), /custom_fields/)
  refused(
    () =>
      db.events
        .groupBy('title')
        .aggregate({ title: avg('id') })
        .rows(),
    /two columns/,
  )
  const n = groups.having({ missing: 1 } as never)
  assert.throws(() => n.rows(), { code: 'unknown_column' })
  await db.close()
})

test('a live query is asked again only where a write concerns it', async () => {
  const db = await openMemory({ schema, identity: USER, rows: { events: rows } as never })
  const asked = { high: 0, page: 0, skipping: 0 }
  const counted = <Q extends { rows(): unknown; live(next: () => void): () => void }>(
    name: keyof typeof asked,
    query: Q,
  ): (() => void) => {
    const { rows } = query
    query.rows = () => {
      asked[name]++
      return rows.call(query)
    }
    return query.live(() => {})
  }
  const { count, gte } = haversack
  // The rows that it opened with are news until the first write.
  db.counters.insert({ label: 'first' })
  const stops = [
    counted('high', db.events.where({ priority: gte(4) })),
    counted('page', db.events.orderBy('title').limit(1)),
    counted('skipping', db.events.where({ priority: 9 }).offset(1)),
  ]
  const groups = db.events.where({ location: 'Rue A' }).groupBy('title').aggregate({ n: count() })
  const done = async (write: () => void, expected: Partial<typeof asked>): Promise<void> => {
    await Promise.resolve()
    for (const name of Object.keys(asked) as (keyof typeof asked)[]) asked[name] = 0
    write()
    await Promise.resolve()
    assert.deepEqual(asked, { high: 0, page: 0, skipping: 0, ...expected })
  }
  let made = 0
  stops.push(groups.live(() => made++))
  // Neither was in it nor is, or comes after the end of a page; an offset counts rows that are not in
  // the result.
  await done(() => db.events.update(1, { priority: 2 }), { page: 1, skipping: 1 })
  await done(() => db.events.update(1, { priority: 4 }), { high: 1, page: 1, skipping: 1 })
  await done(() => db.events.update(1, { title: 'x' }), { high: 1, page: 1, skipping: 1 })
  await done(() => db.events.update(1, { priority: 1 }), { high: 1, skipping: 1 })
  await done(() => db.events.delete(1), { skipping: 1 })
  await done(() => db.counters.insert({ label: 'a' }), {})
  assert.equal(made, 1)
  await done(() => db.events.update(2, { title: 'y' }), { skipping: 1 })
  assert.equal(made, 2)
  stops.forEach((stop) => stop())
  await done(() => db.events.update(2, { priority: 5 }), {})
  await db.close()
})

test('what a column has no comparison for is refused by name', async () => {
  const db = await openMemory({ schema, identity: USER, rows: { events: rows } as never })
  const refused = (filter: unknown, code: string, message: RegExp): void => {
    assert.throws(
      () => db.events.where(filter as never).rows(),
      (error: unknown) => {
        assert.ok(error instanceof haversack.HaversackError, String(error))
        assert.equal(error.code, code, error.message)
        assert.match(error.message, message)
        return true
      },
    )
  }
  refused({ priority: haversack.like('1%') }, 'invalid_query', /priority/)
  refused({ labels: haversack.hasKey('a') }, 'invalid_query', /labels/)
  refused({ title: haversack.contains('a') }, 'invalid_query', /title/)
  refused({ title: haversack.eq(haversack.column('id')) }, 'invalid_query', /title.*id/)
  refused({ title: haversack.eq(haversack.column('name')) }, 'unknown_column', /name/)
  refused({ title: haversack.like('a\\') }, 'type_mismatch', /LIKE/)
  refused({ labels: haversack.contains(['a', { b: 1 }]) }, 'type_mismatch', /labels/)
  const many = Array.from({ length: 70 }, (_, id) => ({ id }))
  refused(haversack.or(...(many as never[])), 'invalid_query', /64 conditions/)
  await db.close()
})

test('what can be asked of no path, of no regular expression and of no place is refused by name', async () => {
  const db = await openMemory({ schema, identity: USER, rows: { events: rows } as never })
  const { at, column, eq, gte, like, matches, overlaps } = haversack
  const refused = (query: { rows(): unknown }, code: string, message: RegExp): void => {
    assert.throws(
      () => query.rows(),
      (error: unknown) => {
        assert.ok(error instanceof haversack.HaversackError, String(error))
        assert.equal(error.code, code, error.message)
        assert.match(error.message, message)
        return true
      },
    )
  }
  const where = (filter: unknown) => ({ rows: () => db.events.where(filter as never).rows() })
  refused(where({ title: at('a', 1) }), 'invalid_query', /title has no paths/)
  refused(where({ custom_fields: at(Array(40).fill('a'), 1) }), 'invalid_query', /32 steps/)
  refused(where({ custom_fields: at('a', eq(column('id')) as never) }), 'invalid_query', /column/)
  refused(where({ custom_fields: at('a', overlaps([1])) }), 'invalid_query', /custom_fields/)
  refused(where({ priority: matches('1') }), 'invalid_query', /priority/)
  refused(where({ title: matches('(') }), 'invalid_query', /title.*regular expression/)
  const nested = '((((a{1,255}){1,255}){1,255}){1,255}){1,255}'
  refused(where({ title: matches(nested) }), 'invalid_query', /too large/)
  refused(where({ title: matches('(?b)a') }), 'invalid_query', /basic or extended/)
  refused(where({ custom_fields: at('a', like('a\\')) }), 'type_mismatch', /LIKE/)

  const byPriority = db.events.orderBy('priority', 'desc')
  refused(byPriority.after({ id: 1 } as never), 'invalid_query', /priority.*after/)
  refused(byPriority.after({ priority: 1 } as never), 'invalid_query', /id.*after/)
  refused(byPriority.after({ priority: 1.5, id: 1 } as never), 'invalid_query', /priority/)
  refused(byPriority.after({ priority: 'x', id: 1 } as never), 'type_mismatch', /priority/)
  const three = db.events.where({ priority: 3 }).orderBy('priority')
  refused(three.after({ priority: 4, id: 1 } as never), 'invalid_query', /priority/)
  assert.throws(() => byPriority.after(null as never), /after null/)
  assert.equal(three.after({ priority: 3, id: 1 } as never).rows().length, 1)
  assert.equal(db.events.where({ custom_fields: at('size', gte(2)) }).count(), 1)
  await db.close()
})

test('page after page, every row comes once, though others come and go', async () => {
  const db = await openMemory({ schema, identity: USER, rows: { events: rows } as never })
  for (const direction of ['asc nulls first', 'asc', 'desc', 'desc nulls last'] as const) {
    const query = db.events.orderBy('location', direction)
    const all = query.rows().map(({ id }) => id)
    const seen: number[] = []
    let page = query.limit(1)
    for (;;) {
      const [row] = page.rows()
      if (row === undefined) break
      seen.push(row.id)
      // As JSON, it is kept anywhere.
      const { location, id } = row
      const place = JSON.parse(JSON.stringify({ location, id })) as { location: null; id: number }
      page = query.limit(1).after(place)
      assert.equal(page.count(), 4)
    }
    assert.deepEqual(seen, all, direction)
  }
  const byId = db.events.orderBy('id').limit(2)
  const first = byId.rows()
  db.events.delete(first[0]!.id)
  db.events.delete(first[1]!.id)
  assert.deepEqual(
    byId
      .after(first[1]!)
      .rows()
      .map(({ id }) => id),
    [3, 4],
  )
  await db.close()
})
