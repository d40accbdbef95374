// Searches and similarities of the random questions, and the order by rank.

import * as haversack from 'haversack'

import { literal, quoted } from '../parity/text.mjs'

export const SEARCHES = ['search', 'similar', 'word_similar']
const SYNTAXES = {
  web: 'websearch_to_tsquery',
  plain: 'plainto_tsquery',
  phrase: 'phraseto_tsquery',
  operators: 'to_tsquery',
}

/** A search that a text is found by, or nearly; `others` are further columns of texts. */
export function drawSearch(random, text, others) {
  const op = random.weighted({ search: 3, similar: 2, word_similar: 1 })
  if (op !== 'search') {
    const threshold = random.chance(0.4) ? random.pick([0, 0.1, 0.25, 0.5, 0.9, 1]) : undefined
    return { op, values: [mistyped(random, text)], threshold }
  }
  const syntax = random.weighted({ web: 4, plain: 2, phrase: 2, operators: 2 })
  const words = text.match(/[\p{L}\p{N}]+/gu) ?? ['a']
  const from = random.int(0, words.length - 1)
  const some = words.slice(from, from + random.int(1, 3))
  const joined = {
    web: () => web(random, some),
    plain: () => some.join(' '),
    phrase: () => some.join(' '),
    operators: () =>
      some.map((word) => operand(random, word)).join(random.pick([' & ', ' | ', ' <-> '])),
  }[syntax]()
  return {
    op,
    values: [joined],
    syntax,
    config: random.chance(0.3) ? 'simple' : 'english',
    with: others.filter(() => random.chance(0.4)),
  }
}

function web(random, words) {
  const text = random.chance(0.3)
    ? `"${words.join(' ')}"`
    : words.join(random.chance(0.2) ? ' or ' : ' ')
  return random.chance(0.2) ? `${text} -${random.pick(['the', 'report', 'x', ...words])}` : text
}

function operand(random, word) {
  const cut = random.chance(0.3) ? `${word.slice(0, random.int(1, word.length))}:*` : word
  return random.chance(0.1) ? `!${cut}` : cut
}

/** A text with a letter too many, too few, or another one. */
function mistyped(random, text) {
  const letters = [...text.slice(0, 60)]
  const at = random.int(0, letters.length)
  letters.splice(at, random.int(0, 1), ...random.pick([[], ['e'], ['s', ' ']]))
  return letters.join('').toWellFormed()
}

/** A condition as the application has it. */
export function toSearch({ op, values, syntax, config, with: others, threshold }) {
  if (op === 'search') return haversack.search(values[0], { syntax, config, with: others })
  const options = threshold === undefined ? {} : { threshold }
  return haversack[op === 'similar' ? 'similar' : 'wordSimilar'](values[0], options)
}

/** A rank as the application has it. */
export function toRank({ column, rank }) {
  const { op, values, syntax, config, with: others } = rank
  if (op === 'search') return haversack.rank(column, values[0], { syntax, config, with: others })
  return haversack[op === 'similar' ? 'similarity' : 'wordSimilarity'](column, values[0])
}

/** A condition as Postgres has it. */
export function searchSql(filter, alias) {
  const { op, values, threshold } = filter
  const column = `${alias}.${quoted(filter.column)}`
  const text = `${literal(values[0])}::text`
  if (op === 'search') return `(${vector(filter, alias)} @@ ${query(filter)})`
  // By the functions, so that no setting counts.
  return op === 'similar'
    ? `(similarity(${column}, ${text}) >= ${threshold ?? 0.3}::float8)`
    : `(word_similarity(${text}, ${column}) >= ${threshold ?? 0.6}::float8)`
}

/** An order by rank as Postgres has it. */
export function rankSql({ column, rank }, alias) {
  const { op, values } = rank
  const name = `${alias}.${quoted(column)}`
  const text = `${literal(values[0])}::text`
  const score = {
    search: () => `ts_rank(${vector({ ...rank, column }, alias)}, ${query(rank)})`,
    similar: () => `similarity(${name}, ${text})`,
    word_similar: () => `word_similarity(${text}, ${name})`,
  }[op]()
  return `${score} DESC NULLS LAST`
}

function vector({ column, config, with: others }, alias) {
  const names = [column, ...others].map((name) => `${alias}.${quoted(name)}`)
  if (names.length === 1) return `to_tsvector('${config}', ${names[0]})`
  return `to_tsvector('${config}', ${names.map((name) => `coalesce(${name}, '')`).join(" || ' ' || ")})`
}

function query({ syntax, config, values }) {
  return `${SYNTAXES[syntax]}('${config}', ${literal(values[0])})`
}
