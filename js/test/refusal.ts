// What a database refuses.

import assert from 'node:assert/strict'

import { HaversackError } from 'haversack'

/** The error that this throws; that it throws none is a failure. */
export function refusal(work: () => unknown): HaversackError {
  try {
    work()
  } catch (thrown) {
    assert.ok(thrown instanceof HaversackError, String(thrown))
    return thrown
  }
  return assert.fail('nothing was refused')
}
