// The examples of docs/queries.md, answered by the module that ships.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'

import * as haversack from 'haversack'
import { openMemory } from 'haversack/testing'
import { schema } from './schema.js'

const page = readFileSync(new URL('../../docs/queries.md', import.meta.url), 'utf8')
const examples = page.split('## Examples')[1]!.split('## Order')[0]!
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
  for (const line of filterLines!) {
    const [code, ids] = cells(line)
    // The operators by their names, as an import has them.
    const filter: unknown = new Function(...Object.keys(haversack), `return (${code})`)(
      ...Object.values(haversack),
    )
    const found = db.events
      .where(filter as never)
      .rows()
      .map(({ id }) => id)
    assert.equal(found.join(', '), ids, code)
  }
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
