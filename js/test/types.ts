// Type tests: compiled, never run. A line under `@ts-expect-error` that compiles is an error.
import { coreVersion } from 'haversack'

export const version: Promise<string> = coreVersion()

// @ts-expect-error the version is text
export const number: Promise<number> = coreVersion()

// @ts-expect-error it takes nothing
void coreVersion(1)
