// How the core answered a query, for people.

import type { BindingExplanation } from './binding.js'

/** How the core answered a query. */
export interface Explanation {
  /**
   * `primary_key`: by key. `ordered`: along an index that has the order wanted. `range`: by an
   * index on a condition, then sorted. `merged`: by an index on a condition and the order, one run
   * of rows per value of the condition. `text`: by an index of words or trigrams, then sorted. `json`: by an
   * index of what is somewhere in JSON, then sorted. `ranked`: all that meet the conditions, sorted by rank.
   */
  readonly strategy: Strategy
  /** The columns of the index, `-` before descending ones; of one of texts, what they are made of. */
  readonly index: readonly string[]
  /** The index of the schema that begins with the same columns; null where there is none. */
  readonly schemaIndex: string | null
  /** How many rows were looked at. */
  readonly examined: number
  /** How many rows were returned. */
  readonly returned: number
  /** How long it took, in milliseconds. */
  readonly milliseconds: number
  /** All of it as a sentence. */
  readonly text: string
}

type Strategy = BindingExplanation['strategy']

const WAYS: { readonly [S in Strategy]: (index: string) => string } = {
  none: () => 'not asked',
  primary_key: () => 'by its primary key',
  ordered: (index) => `along an index on ${index}`,
  range: (index) => `by an index on ${index}, then sorted`,
  merged: (index) => `by runs of an index on ${index}`,
  text: (index) => `by an index of ${index}, then sorted`,
  json: (index) => `by an index of ${index}, then sorted`,
  ranked: (index) => `all that meet the conditions, ranked by ${index}`,
}

export function explanation(found: BindingExplanation, milliseconds: number): Explanation {
  const { table, strategy, index, examined, returned } = found
  const schemaIndex = found.schema_index ?? null
  const way = WAYS[strategy](index.join(', '))
  const like = schemaIndex === null ? '' : ` (as ${schemaIndex})`
  const rows = `${examined} ${examined === 1 ? 'row' : 'rows'} examined, ${returned} returned`
  const text = `${table}: ${way}${like}; ${rows} in ${milliseconds.toFixed(2)} ms`
  return { strategy, index, schemaIndex, examined, returned, milliseconds, text }
}
