// What the functions of V3 and V4 compute: names in brackets, slugs of topics, derived keys.

import { md5 } from '@noble/hashes/legacy.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

/** The longest name of a note that is looked for, in characters. */
const NAME_CHARACTERS_MAX = 500
const BRACKETED = /\[\[([^\][]+)\]\]/gu

/** `bracketed_names()`: what stands between [[ and ]] in the texts of a snapshot, each once. */
export function bracketedNames(snapshot: unknown): string[] {
  const names = new Set<string>()
  const look = (part: unknown): void => {
    if (typeof part === 'string') {
      for (const [, found] of part.matchAll(BRACKETED)) {
        const name = trimmed(found!, ' ')
        if (name !== '' && characters(name) <= NAME_CHARACTERS_MAX) names.add(name)
      }
    } else if (typeof part === 'object' && part !== null) Object.values(part).forEach(look)
  }
  look(snapshot)
  return [...names].sort(byBytes)
}

/** `topic_slug()`: a topic's label in a form for addresses. */
export function topicSlug(label: string): string {
  const lower = label.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  const plain = trimmed(lower.replace(/[^a-z0-9]+/gu, '-'), '-')
  const odd = utf8ToBytes(label).length > characters(label) || !/[A-Za-z0-9]/.test(label)
  const parts = [...(plain === '' ? [] : [plain]), ...(odd ? [hash(label).slice(0, 8)] : [])]
  return trimmed(parts.join('-'), '-')
}

/** `derived_uuid()`: the key of a row that follows from others. */
export function derivedUuid(name: string): string {
  return hash(name).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** How many characters Postgres counts in a text. */
export const characters = (text: string): number => [...text].length

const hash = (text: string): string => bytesToHex(md5(utf8ToBytes(text)))

/** `btrim()` of one character. */
function trimmed(text: string, character: string): string {
  let [start, end] = [0, text.length]
  while (start < end && text[start] === character) start += 1
  while (end > start && text[end - 1] === character) end -= 1
  return text.slice(start, end)
}

/** The order of the collation C. */
function byBytes(a: string, b: string): number {
  const [left, right] = [utf8ToBytes(a), utf8ToBytes(b)]
  const at = left.findIndex((byte, i) => byte !== right[i])
  return at < 0 ? left.length - right.length : left[at]! - (right[at] ?? -1)
}
