// What the seed generators share: reproducible choices, keys, and files that `haversack seed` reads.
// Nothing here depends on the clock or on chance: the same input gives the same rows.

import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Reproducible choices (mulberry32). */
export class Chance {
  #state
  constructor(seed) {
    this.#state = seed >>> 0
  }
  /** A number from 0 up to, but not including, 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  /** A whole number from `low` to `high`, both included. */
  int(low, high) {
    return low + Math.floor(this.next() * (high - low + 1))
  }
  /** One of a list. */
  pick(list) {
    return list[this.int(0, list.length - 1)]
  }
  /** `true` in so many of 100 cases. */
  percent(chance) {
    return this.next() * 100 < chance
  }
}

/** The key that belongs to a name: a version 8 UUID made of the name's hash. */
export function uuid(name) {
  const hex = createHash('sha256').update(name).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** `days` and `hours` after midnight UTC of a date, as an ISO string. */
export function after(date, days, hours = 0) {
  return new Date(
    Date.parse(`${date}T00:00:00Z`) + days * 86_400_000 + hours * 3_600_000,
  ).toISOString()
}

/** The date so many days after another, as YYYY-MM-DD. */
export function day(date, days) {
  return after(date, days).slice(0, 10)
}

/** Writes `[table, rows]` pairs as NN_table.ndjson into the folder that the command line names. */
export function write(tables) {
  const folder = process.argv[2]
  if (folder === undefined) {
    console.error('error: no folder was named\nwhat to do: node generate.mjs OUT_DIR')
    process.exit(1)
  }
  mkdirSync(folder, { recursive: true })
  for (const [i, [table, rows]] of tables.entries()) {
    const file = `${String(i + 1).padStart(2, '0')}_${table}.ndjson`
    writeFileSync(join(folder, file), rows.map((row) => JSON.stringify(row) + '\n').join(''))
    console.log(`${file}: ${rows.length} rows`)
  }
}
