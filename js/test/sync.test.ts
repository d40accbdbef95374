import assert from 'node:assert/strict'
import test from 'node:test'

import type { MutationOp } from '../src/binding.js'
import { HaversackError } from '../src/errors.js'
import { bindingError, openFake, reported, settled } from './fake-binding.js'

const settledBy = (winner: 'mine' | 'theirs') => ({ winner, open: false })

test('the status is the same object until something of it changes', () => {
  const { db, client } = openFake()
  const status = db.sync.status
  assert.equal(status.state, 'online')
  assert.equal(db.user, 'ann')
  assert.equal(db.sync.status, status)
  client.now = { ...client.now, pending: 3, error: bindingError('network') }
  assert.notEqual(db.sync.status, status)
  assert.equal(db.sync.status.pending, 3)
  assert.ok(db.sync.status.error instanceof HaversackError)
  assert.equal(db.sync.status.error.code, 'network')
  assert.ok(Object.isFrozen(db.sync.status))
})

test('listeners are called once for what happens in one go, and never after they stopped', async () => {
  const { db, send } = openFake()
  const seen: string[] = []
  const stop = db.sync.onChange(() => seen.push('sync'))
  db.conflicts.onChange(() => seen.push('conflicts'))
  db.sync.now()
  send({ kind: 'status' })
  send({ kind: 'rejected' })
  assert.equal(seen.length, 0)
  await settled()
  assert.deepEqual(seen, ['sync'])
  assert.equal(db.sync.status.state, 'syncing')
  send({ kind: 'status' })
  stop()
  send({ kind: 'lost' })
  await settled()
  assert.deepEqual(seen, ['sync', 'conflicts'])
  const errors = await reported(() => {
    db.sync.onChange(() => {
      throw new Error('mine')
    })
    db.sync.onChange(() => seen.push('other'))
    send({ kind: 'status' })
  })
  assert.deepEqual([errors.length, seen.at(-1)], [1, 'other'])
})

test('a rejected mutation is written again, edited, and what it blocks follows in its order', () => {
  const { db, client } = openFake()
  const error = bindingError('rejected', { sqlstate: '23514' })
  const of = (seq: number, blockedBy: number | null, ops: MutationOp[]) => ({
    ...{ seq, at: 1, ops, error, rejectedAt: 2, blockedBy },
  })
  const values = { title: 'too dear', due_date: '2026-01-01T00:00:00Z', attendees: '7' }
  client.refused = [
    of(3, null, [{ op: 'insert', table: 'events', values: { id: 9, ...values } }]),
    of(4, null, [{ op: 'insert', table: 'events', values: { id: 5, title: 'unrelated' } }]),
    of(5, 3, [{ op: 'update', table: 'events', key: [9], set: { title: 'renamed' } }]),
    of(6, 5, [{ op: 'delete', table: 'events', key: [9] }]),
  ]
  const write = db.sync.rejected[0]!.retry((op) =>
    op.op === 'insert' ? { ...op, values: { ...op.values, due_date: new Date(0) as never } } : op,
  )
  assert.equal(write.key, undefined)
  assert.deepEqual(
    client.made.map(({ ops }) => ops),
    [
      [
        {
          op: 'insert',
          table: 'events',
          values: { id: 9, ...values, due_date: '1970-01-01T00:00:00.000Z' },
        },
      ],
      [{ op: 'update', table: 'events', key: [9], set: { title: 'renamed' } }],
      [{ op: 'delete', table: 'events', key: [9] }],
    ],
  )
  assert.deepEqual(
    db.sync.rejected.map(({ seq }) => seq),
    [4],
  )
})

test('a retry that is refused at once leaves the mutation where it was', () => {
  const { db, client } = openFake()
  const error = bindingError('rejected', {})
  client.refused = [{ seq: 3, at: 1, ops: [], error, rejectedAt: 2, blockedBy: null }]
  const [rejected] = db.sync.rejected
  client.thrown = bindingError('check_violation')
  assert.throws(() => rejected!.retry(), { code: 'check_violation' })
  client.thrown = undefined
  assert.equal(db.sync.rejected.length, 1)
})

test('a rejected mutation shows until it is dismissed', async () => {
  const { db, client } = openFake()
  assert.equal(db.sync.rejected.length, 0)
  const error = bindingError('rejected', { sqlstate: '23514', constraint: 'events_check' })
  client.refused = [{ seq: 7, at: 1, ops: [], error, rejectedAt: 2, blockedBy: null }]
  const [rejected] = db.sync.rejected
  assert.equal(db.sync.rejected[0], rejected)
  assert.equal(rejected?.seq, 7)
  assert.ok(rejected.error instanceof HaversackError)
  assert.equal(rejected.error.details.constraint, 'events_check')
  await rejected.dismiss()
  assert.deepEqual(db.sync.rejected, [])
})

test('a lost value is written again, and forgotten once that is durable', async () => {
  const { db, client, send } = openFake()
  db.events.insert({ title: 'theirs', attendees: 2n })
  const lost = { seq: 3, table: 'events', key: [1], base: null, at: 5, ...settledBy('theirs') }
  client.losses = [
    { id: 1, ...lost, column: 'title', mine: 'mine', theirs: 'theirs' },
    { id: 2, ...lost, column: 'attendees', mine: '3', theirs: '2' },
    { id: 3, ...lost, column: null, mine: null, theirs: null },
  ]
  const [title, attendees, removal] = db.conflicts.lost
  assert.equal(db.conflicts.lost[0], title)
  assert.deepEqual([title?.key, title?.mine, title?.theirs], [1, 'mine', 'theirs'])
  assert.deepEqual([attendees?.mine, attendees?.theirs], [3n, 2n])

  const write = title!.reapply()
  assert.equal(db.events.get(1)?.title, 'mine')
  await settled()
  assert.deepEqual(client.calls.dismissed, [])
  send({ kind: 'durable', local: write.local })
  await write.durable
  await settled()
  assert.deepEqual(client.calls.dismissed, [1])

  const failing = attendees!.reapply()
  assert.equal(db.events.get(1)?.attendees, 3n)
  const durable = assert.rejects(failing.durable)
  send({ kind: 'failed', local: failing.local, error: bindingError('storage_quota') })
  await durable
  assert.deepEqual(client.calls.dismissed, [1])

  removal!.reapply()
  assert.equal(db.events.get(1), undefined)
  assert.equal(db.conflicts.lost.length, 2)
})

test('a value that was overwritten can be brought back, and so can a row', async () => {
  const { db, client } = openFake()
  db.events.insert({ title: 'mine' })
  const lost = { seq: 3, table: 'events', key: [1], base: null, at: 5, ...settledBy('mine') }
  const row = { title: 'gone', attendees: '4' }
  client.losses = [
    { id: 1, ...lost, column: 'title', mine: 'mine', theirs: 'theirs' },
    { id: 2, ...lost, column: null, mine: null, theirs: row },
  ]
  const [title, removed] = db.conflicts.lost
  assert.deepEqual([title?.winner, removed?.winner], ['mine', 'mine'])
  assert.deepEqual(removed?.theirs, { title: 'gone', attendees: 4n })
  title!.reapply()
  assert.equal(db.events.get(1)?.title, 'theirs')
  const write = removed!.reapply()
  assert.deepEqual(client.made.at(-1)?.ops, [{ op: 'insert', table: 'events', values: row }])
  assert.notEqual(write.key, 1)
})

test('an open conflict is decided by one of both values or by another', async () => {
  const { db, client, send } = openFake()
  db.events.insert({ title: 'theirs', attendees: 2n })
  const found = { seq: 3, table: 'events', key: [1], at: 5, winner: 'nobody', open: true } as const
  client.losses = [
    { id: 1, ...found, column: 'title', base: 'old', mine: 'mine', theirs: 'theirs' },
    { id: 2, ...found, column: 'attendees', base: '1', mine: '3', theirs: '2' },
    { id: 3, ...found, column: 'title', base: 'old', mine: 'mine', theirs: 'theirs' },
  ]
  assert.deepEqual(db.conflicts.lost, [])
  const [title, attendees, other] = db.conflicts.open
  assert.equal(db.conflicts.open[0], title)
  assert.deepEqual([attendees?.base, attendees?.mine, attendees?.theirs], [1n, 3n, 2n])

  const mine = title!.resolve('mine')
  const base = { title: 'theirs' }
  const row = { table: 'events', key: [1] }
  assert.deepEqual(client.made.at(-1)?.ops, [
    { op: 'update', ...row, set: { title: 'mine' }, base },
  ])
  assert.deepEqual(client.calls.dismissed, [], 'not before it is durable')
  send({ kind: 'durable', local: client.made.at(-1)!.local })
  await mine.durable
  await settled()
  assert.deepEqual(client.calls.dismissed, [1])

  const writes = client.made.length
  await attendees!.resolve('theirs').synced
  assert.deepEqual([client.calls.dismissed, client.made.length], [[1, 2], writes])

  // A value that is called as a choice is.
  other!.resolve({ value: 'theirs' })
  assert.deepEqual(client.made.at(-1)?.ops, [
    { op: 'update', ...row, set: { title: 'theirs' }, base },
  ])
  assert.equal(db.conflicts.open.length, 1)
})

test('a database that was closed for a reason says so everywhere', async () => {
  const { db, send } = openFake()
  const seen: string[] = []
  db.events.live({ next: () => {}, error: (error) => seen.push(`live ${error.code}`) })
  db.sync.onChange(() => seen.push(`sync ${db.sync.status.state} ${db.sync.status.error?.code}`))
  await settled()
  send({ kind: 'closed', error: bindingError('identity_changed') })
  await settled()
  assert.deepEqual(seen, ['live identity_changed', 'sync closed identity_changed'])
  assert.throws(
    () => db.events.insert({ title: 'a' }),
    (error: HaversackError) => error.code === 'identity_changed',
  )
  assert.equal(db.user, 'ann')
})
