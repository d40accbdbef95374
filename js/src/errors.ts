// The one error class of the package, and how anything thrown becomes one.

import type { BindingError } from './binding.js'
import type { ErrorCode } from './codes.js'

/**
 * What the application, or the person, should do next. `none`: correct the request. `retry`: the
 * same thing again later. `authenticate`: get a new token. `reset`: the confirmed rows are fetched
 * anew, pending mutations are kept. `upgrade`: load newer code.
 */
export type Recovery = 'none' | 'retry' | 'authenticate' | 'reset' | 'upgrade'

/** What an error is about, as far as is known. */
export interface ErrorDetails {
  /** Postgres's SQLSTATE, five characters. */
  readonly sqlstate?: string
  /** The constraint that was broken. */
  readonly constraint?: string
  /** The table concerned. */
  readonly table?: string
  /** The column concerned. */
  readonly column?: string
  /** What to do, where more can be said than the code says. */
  readonly hint?: string
}

/** Every error of this package. Programs look at `code`; `message` is for people and may change. */
export class HaversackError extends Error {
  /** The stable code. */
  readonly code: ErrorCode
  /** What to do next. */
  readonly recovery: Recovery
  /** What it is about. */
  readonly details: ErrorDetails

  /** @internal */
  constructor(
    code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
    recovery: Recovery = 'none',
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'HaversackError'
    this.code = code
    this.recovery = recovery
    this.details = details
  }
}

/** Is it the plain object that the binding throws, and not an accident? */
export function isBindingError(thrown: unknown): thrown is BindingError {
  return (
    typeof thrown === 'object' &&
    thrown !== null &&
    !(thrown instanceof Error) &&
    typeof (thrown as BindingError).code === 'string' &&
    typeof (thrown as BindingError).message === 'string'
  )
}

/** The binding's error as one of ours. */
export function fromBinding(error: BindingError): HaversackError {
  return new HaversackError(error.code, error.message, error.details ?? {}, error.recovery)
}

/** Anything thrown as one of ours. What is neither ours nor the binding's is `internal`. */
export function toHaversackError(thrown: unknown): HaversackError {
  if (thrown instanceof HaversackError) return thrown
  if (isBindingError(thrown)) return fromBinding(thrown)
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new HaversackError('internal', `Haversack failed: ${message}`, {}, 'retry', thrown)
}

/** Hands an error that nobody else will see to the page's error handlers. */
export function report(error: unknown): void {
  if (typeof reportError === 'function') reportError(error)
  else
    queueMicrotask(() => {
      throw error
    })
}
