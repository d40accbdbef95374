// What differs between two results: by a few cases, and by random ones against the definition.

import assert from 'node:assert/strict'
import test from 'node:test'

import { compare } from '../src/changes.js'

type Row = { readonly id: number; readonly version: number }

const identity = ({ id }: Row) => id
const ids = (rows: readonly Row[]) => rows.map(identity)

test('a row that moved is named, and not those that it passed', () => {
  const rows = [0, 1, 2, 3, 4].map((id) => ({ id, version: 0 }))
  const [a, b, c, d, e] = rows as [Row, Row, Row, Row, Row]
  const changes = compare(identity, rows, [e, a, b, c, d])
  assert.deepEqual(changes, { added: [], updated: [], removed: [], moved: [e] })
  assert.deepEqual(ids(compare(identity, rows, [a, c, d, b, e]).moved), [1])
  const anew = { ...b, version: 1 }
  const both = compare(identity, rows, [a, c, d, e, anew])
  assert.deepEqual([both.updated, both.moved], [[anew], [anew]])
  // That others came or went moves nobody.
  assert.deepEqual(compare(identity, rows, [{ id: 9, version: 0 }, b, d]).moved, [])
})

test('what was removed, moved and added leads from one result to the other, and is the least', () => {
  const seed = Date.now() % 2 ** 31
  let state = seed
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >> 8) % below
  }
  const draw = () => {
    const rows: Row[] = []
    for (let id = 0; id < 8; id++) {
      if (random(4) > 0) rows.splice(random(rows.length + 1), 0, { id, version: random(2) })
    }
    return rows
  }
  for (let i = 0; i < 2_000; i++) {
    const before = draw()
    const after = draw().map((row) => {
      const same = before.find(({ id, version }) => id === row.id && version === row.version)
      return same ?? row
    })
    const { added, updated, removed, moved } = compare(identity, before, after)
    const words = `seed ${seed}: from ${JSON.stringify(before)} to ${JSON.stringify(after)}`
    const [was, is] = [ids(before), ids(after)]
    assert.deepEqual(
      ids(added),
      is.filter((id) => !was.includes(id)),
      words,
    )
    assert.deepEqual(ids(removed).sort(), was.filter((id) => !is.includes(id)).sort(), words)
    const other = after.filter((row) => was.includes(row.id) && !before.includes(row))
    assert.deepEqual(updated, other, words)
    const still = (all: readonly number[]) =>
      all.filter((id) => was.includes(id) && is.includes(id) && !ids(moved).includes(id))
    assert.deepEqual(still(is), still(was), words)
    assert.equal(still(is).length, longestCommon(was, is), words)
  }
})

/** The length of the longest list that both lists contain in its order, by the book. */
function longestCommon(one: readonly number[], other: readonly number[]): number {
  const lengths = Array.from({ length: one.length + 1 }, () =>
    Array<number>(other.length + 1).fill(0),
  )
  for (let i = 1; i <= one.length; i++) {
    for (let j = 1; j <= other.length; j++) {
      lengths[i]![j] =
        one[i - 1] === other[j - 1]
          ? lengths[i - 1]![j - 1]! + 1
          : Math.max(lengths[i - 1]![j]!, lengths[i]![j - 1]!)
    }
  }
  return lengths[one.length]![other.length]!
}
