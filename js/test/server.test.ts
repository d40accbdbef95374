import assert from 'node:assert/strict'
import test from 'node:test'

import { schema } from './schema.js'

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

test('opening without IndexedDB, or with options that can not be, is a typed error', async () => {
  const { open, HaversackError } = await import('haversack')
  const options = { schema, url: 'https://example.org/api', token: async () => 'token' }
  const cases: [object, string][] = [
    [options, 'storage_unavailable'],
    [{ ...options, url: 'file:///tmp' }, 'config_invalid'],
    [{ ...options, url: '/relative' }, 'config_invalid'],
    [{ ...options, url: undefined }, 'config_invalid'],
    [{ ...options, token: 'token' }, 'config_invalid'],
    [{ ...options, schema: {} }, 'config_invalid'],
  ]
  for (const [given, code] of cases) {
    await assert.rejects(open(given as typeof options), (error) => {
      assert.ok(error instanceof HaversackError)
      assert.equal(error.code, code)
      return true
    })
  }
})
