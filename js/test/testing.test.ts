// The module that ships, without a browser. What the core checks is tested natively; here, that a
// database in memory is the one that applications know.

import assert from 'node:assert/strict'
import test from 'node:test'

import { HaversackError } from 'haversack'
import { openMemory } from 'haversack/testing'
import type { MemoryOptions } from 'haversack/testing'
import { refusal } from './refusal.js'
import { schema } from './types/guide/schema.js'
import type { Tables } from './types/guide/schema.js'

const NOON = Date.UTC(2026, 0, 1, 12)

function open(options: Partial<MemoryOptions<Tables>> = {}) {
  return openMemory({ schema, identity: '7', now: NOON, random: 1, ...options })
}

test('a write is visible at once, and confirmed a moment later', async () => {
  const db = await open()
  const write = db.notes.insert({ title: 'a' })
  assert.deepEqual(write.row, {
    id: 1,
    user_id: 7,
    title: 'a',
    body: null,
    done: false,
    due: null,
    created_at: '2026-01-01T12:00:00.000000Z',
  })
  await write.durable
  await write.synced
  assert.equal(db.sync.pending.length, 0)
  assert.equal(db.sync.status.state, 'online')
  assert.equal(db.user, '7')
  await db.notes.update(1, { done: true }).synced
  assert.equal(db.notes.get(1)?.done, true)
  await db.notes.delete(1).synced
  assert.equal(db.notes.count(), 0)
  await db.flush()
})

test('a transaction is all or nothing', async () => {
  const db = await open()
  const write = db.transaction((tx) => {
    tx.notes.insert({ title: 'a' })
    tx.notes.insert({ title: 'b' })
  })
  await write.synced
  assert.equal(db.notes.count(), 2)
  const refused = refusal(() =>
    db.transaction((tx) => {
      tx.notes.insert({ title: 'c' })
      tx.notes.insert({ title: 'x'.repeat(201) })
    }),
  )
  assert.equal(refused.code, 'value_too_long')
  assert.equal(db.notes.count(), 2)
  // No key was drawn for what was refused.
  assert.equal(db.notes.insert({ title: 'd' }).key, 3)
})

test('rows to begin with may fill what users may not, and be anybody\u2019s', async () => {
  const db = await open({
    rows: {
      notes: [
        { title: 'no key' },
        { id: 40, title: 'key', user_id: 8, created_at: new Date(NOON - 1) as never },
        { title: 'no key either' },
      ],
    },
  })
  const rows = db.notes.rows().map(({ id, user_id, created_at }) => [id, user_id, created_at])
  assert.deepEqual(rows, [
    [40, 8, '2026-01-01T11:59:59.999000Z'],
    [41, 7, '2026-01-01T12:00:00.000000Z'],
    [42, 7, '2026-01-01T12:00:00.000000Z'],
  ])
  assert.equal(db.notes.insert({ title: 'next' }).key, 43)
})

test('a row to begin with that breaks a rule is named, and check: false passes it', async () => {
  const bad = { notes: [{ title: 'good' }, { title: null as never }] }
  await assert.rejects(open({ rows: bad }), (error: HaversackError) => {
    assert.match(error.message, /^rows\.notes\[1\]: title of notes needs a value/)
    assert.deepEqual([error.code, error.details.sqlstate], ['not_null_violation', '23502'])
    return true
  })
  const db = await open({ rows: bad, check: false })
  assert.equal(db.notes.get(2)?.title, null)
  const twice = {
    notes: [
      { id: 1, title: 'a' },
      { id: 1, title: 'b' },
    ],
  }
  await assert.rejects(open({ rows: twice, check: false }), { code: 'unique_violation' })
  await assert.rejects(open({ rows: { nots: [] } as never }), { code: 'unknown_table' })
  await assert.rejects(open({ rows: { notes: {} } as never }), { code: 'config_invalid' })
})

test('reset goes back to the beginning, and live queries hear of it', async () => {
  const db = await open({ rows: { notes: [{ title: 'first' }] } })
  const seen: string[][] = []
  const stop = db.notes.live(({ rows }) => seen.push(rows.map(({ title }) => title)))
  await Promise.resolve()
  db.notes.insert({ title: 'second' })
  db.notes.update(1, { title: 'changed' })
  await Promise.resolve()
  db.reset()
  await Promise.resolve()
  assert.deepEqual(seen, [['first'], ['changed', 'second'], ['first']])
  assert.equal(db.notes.insert({ title: 'second again' }).key, 2)
  stop()
})

test('two databases share nothing but the module, and one that is closed is over', async () => {
  const [one, two] = [await open(), await open({ identity: '8' })]
  one.notes.insert({ title: 'mine' })
  assert.equal(two.notes.count(), 0)
  const write = two.notes.insert({ title: 'a' })
  await write.synced
  await two.close()
  assert.equal(refusal(() => two.notes.count()).code, 'closed')
  assert.equal(refusal(() => two.reset()).code, 'closed')
  assert.equal(one.notes.count(), 1)
})

test('nobody signed in can write nothing', async () => {
  const db = await open({ identity: null })
  assert.equal(db.user, null)
  assert.equal(refusal(() => db.notes.insert({ title: 'a' })).code, 'not_signed_in')
})

test('an identity is found that the schema can hold', async () => {
  const { notes } = await openMemory({ schema })
  assert.equal(notes.insert({ title: 'a' }).row?.user_id, 1)
})

test('the same seed and time give the same keys, another seed others', async () => {
  const uuids = JSON.parse(JSON.stringify(schema)) as typeof schema
  Object.assign(uuids.tables[0]!.columns[0]!, {
    type: { name: 'uuid' },
    default: { kind: 'uuid' },
  })
  const keys = async (random?: number) => {
    const db = await openMemory({
      schema: uuids,
      now: NOON,
      rows: { notes: [{ title: 'a' }] },
      ...(random === undefined ? {} : { random }),
    })
    db.notes.insert({ title: 'b' })
    return db.notes.rows().map(({ id }) => id)
  }
  const made = await keys(1)
  assert.deepEqual(await keys(1), made)
  assert.equal(new Set([...made, ...(await keys(2)), ...(await keys()), ...(await keys())]).size, 8)
})

test('options that make no sense are refused', async () => {
  for (const options of [{ now: new Date(NaN) }, { random: NaN }, { schema: {} as never }]) {
    await assert.rejects(open(options), { code: 'config_invalid' })
  }
  const old = { ...schema, format: 1 }
  await assert.rejects(open({ schema: old }), { code: 'schema_changed' })
})
