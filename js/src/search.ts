// Searching texts: by their words, and by how similar they are. Plain data: what it means is decided by the
// core, as Postgres's text search and its extension pg_trgm do.

import type { ShapeOp, TextShape } from './binding.js'
import { Operator, SEARCH, SIMILAR, WORD_SIMILAR } from './operators.js'

/** How texts are searched. */
export interface SearchOptions<Column extends string = string> {
  /** Further columns that are searched with it, as one text: their words may meet in any of them. */
  readonly with?: readonly Column[]
  /**
   * The text search configuration: `english` where nothing else is said. Of others than that and `simple`
   * only the server knows the words: ask it by `fetch()`.
   */
  readonly config?: string
  /**
   * How the text is read. `web`, the usual: all words, `"a phrase"`, `or`, and `-` before what must not be
   * there; nothing is an error. `plain`: all words. `phrase`: one after the other. `operators`: as Postgres's
   * `to_tsquery`, with `&`, `|`, `!`, `<->`, parentheses, and `word:*` for what begins so.
   */
  readonly syntax?: 'web' | 'plain' | 'phrase' | 'operators'
}

/**
 * With the words of `text`, whatever their form: Postgres's full text search (`@@`), to the letter. Of columns
 * of type text and varchar, and of `tsvector`.
 *
 * @example db.events.where({ title: search('wi-fi -office', { with: ['description'] }) })
 */
export function search(text: string, options?: SearchOptions): Operator<string> {
  return new Operator(SEARCH, text, undefined, undefined, undefined, textShape(options))
}

/**
 * Similar to `text` by the runs of three letters that both have, so that a typo does no harm: `similarity` of
 * Postgres's extension pg_trgm is 0.3 at least, as for its operator `%`, or another number from 0 to 1.
 */
export function similar(
  text: string,
  { threshold }: { readonly threshold?: number } = {},
): Operator<string> {
  return new Operator<unknown>(SIMILAR, text, threshold, undefined) as Operator<string>
}

/**
 * As `similar`, with some words of a longer text: `word_similarity` is 0.6 at least, as for Postgres's `<%`, or
 * another number.
 */
export function wordSimilar(
  text: string,
  { threshold }: { readonly threshold?: number } = {},
): Operator<string> {
  return new Operator<unknown>(WORD_SIMILAR, text, threshold, undefined) as Operator<string>
}

/** An order of rows by how well their texts answer. Made by `rank`, `similarity` and `wordSimilarity`. */
export class Rank<out Column extends string = string> {
  declare private readonly of: Column
  /** @internal */
  constructor(
    /** @internal */
    readonly column: Column,
    /** @internal */
    readonly op: ShapeOp,
    /** @internal What is looked for. */
    readonly sought: string,
    /** @internal */
    readonly text?: TextShape,
  ) {}
}

/**
 * By how often and how near each other the words of `text` are: Postgres's `ts_rank`. The best first, and at
 * last those without a text.
 *
 * @example db.events.where({ title: search(text) }).orderBy(rank('title', text), 'due_date')
 */
export function rank<const C extends string>(
  column: C,
  text: string,
  options?: SearchOptions,
): Rank<C> {
  return new Rank(column, 'search', text, textShape(options))
}

/** By how similar texts are, the most similar first: `similarity` of pg_trgm. */
export function similarity<const C extends string>(column: C, text: string): Rank<C> {
  return new Rank(column, 'similar', text)
}

/** By how similar some of their words are, the most similar first: `word_similarity` of pg_trgm. */
export function wordSimilarity<const C extends string>(column: C, text: string): Rank<C> {
  return new Rank(column, 'word_similar', text)
}

/** What of the options is not the usual. */
function textShape(options: SearchOptions | undefined): TextShape | undefined {
  if (options === undefined) return undefined
  const { with: others, config, syntax } = options
  const shape = {
    ...(others !== undefined && others.length > 0 && { with: others }),
    ...(config !== undefined && { config }),
    ...(syntax !== undefined && { syntax }),
  }
  return Object.keys(shape).length > 0 ? shape : undefined
}
