import assert from 'node:assert/strict'
import test from 'node:test'

test('importing on a server neither throws nor fetches', async () => {
  const fetches: unknown[] = []
  const before = globalThis.fetch
  globalThis.fetch = async (input) => {
    fetches.push(input)
    throw new Error('nothing may be fetched')
  }
  try {
    const haversack = await import('haversack')
    assert.equal(typeof haversack.coreVersion, 'function')
    assert.deepEqual(fetches, [])
  } finally {
    globalThis.fetch = before
  }
})
