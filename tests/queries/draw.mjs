// Random questions to a table, as one value that both sides can be asked: what the values compared
// with are is taken from the rows, so that most questions have answers.

import { AGGREGATES, drawGroups } from './groups.mjs'
import { relationsOf } from './related.mjs'
import { drawSearch, SEARCHES } from './words.mjs'

const TEXTS = ['text', 'varchar']
const ORDERED = [
  ...['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'text', 'varchar', 'char'],
  ...['uuid', 'date', 'time', 'timestamp', 'timestamptz', 'interval', 'bytea', 'enum'],
]
/** Of these, columns side by side have one form and one order. */
const FAMILIES = [['int2', 'int4', 'int8'], ['float4', 'float8'], TEXTS]
const DEPTH_MAX = 3
const DIRECTIONS = [
  ...['asc', 'desc', 'asc', 'desc', 'asc nulls first', 'asc nulls last'],
  ...['desc nulls first', 'desc nulls last'],
]

/** What can be asked; `column` is a column beside another. */
export const OPERATORS = [
  ...['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'between', 'in', 'is_null', 'not_null'],
  ...['and', 'or', 'not', 'like', 'starts_with', 'contains', 'contained_in', 'overlaps'],
  ...['ilike', 'matches', 'imatches', 'has_key', 'has_any_key', 'has_all_keys'],
  ...SEARCHES,
  ...['rank', 'column', 'path', 'order', 'nulls', 'after', 'group', 'having', 'exists', 'with'],
  ...AGGREGATES,
]

export class Drawer {
  #random
  /** By table, the row that most values of the question are taken from, so that it meets them together. */
  #rows = new Map()

  /** `rows` are texts of Postgres by table. */
  constructor(random, schema, rows) {
    this.#random = random
    this.rows = rows
    this.schema = schema
    this.tables = schema.tables.filter(({ name }) => (rows.get(name) ?? []).length > 1)
  }

  query() {
    const random = this.#random
    this.#rows = new Map(this.tables.map((table) => [table.name, this.#any(table)]))
    const table = random.pick(this.tables)
    const count = Number(random.weighted({ 0: 2, 1: 5, 2: 3, 3: 2 }))
    const where = Array.from({ length: count }, () => this.#filter(table, 0))
    if (random.chance(0.15)) {
      return drawGroups(random, table, where.slice(0, 1), () => random.pick(DIRECTIONS))
    }
    const query = { ...this.#window(table), where }
    const beside = random.chance(0.15) ? this.#beside(table) : []
    return beside.length === 0 ? query : { ...query, with: beside }
  }

  /** Rows of other tables beside each row, of some of which there are some. */
  #beside(table) {
    const random = this.#random
    const relations = this.#relations(table).filter(() => random.chance(0.3))
    return relations.slice(0, 3).map(({ position, other }) => {
      const where = random.chance(0.5) ? [this.#filter(other, 1)] : []
      return { relation: position, query: { ...this.#window(other), where } }
    })
  }

  /** The relations of a table to tables with rows. */
  #relations(table) {
    return relationsOf(this.schema, table)
      .map(({ table: name }, position) => ({
        position,
        other: this.tables.find((other) => other.name === name),
      }))
      .filter(({ other }) => other !== undefined)
  }

  /** Takes values of the other table from a row that goes with the usual one, where there is one. */
  #follow(table, position, other) {
    const { pairs } = relationsOf(this.schema, table)[position]
    const usual = this.#rows.get(table.name)
    const related = this.rows
      .get(other.name)
      .filter((row) => pairs.every(([own, theirs]) => row[theirs] === usual[own]))
    if (related.length > 0) this.#rows.set(other.name, this.#random.pick(related))
  }

  /** An order, and which part of it. */
  #window(table) {
    const random = this.#random
    const ordered = table.columns.filter(({ type }) => ORDERED.includes(type.name))
    const order = Array.from({ length: random.int(0, 2) }, () => {
      if (random.chance(0.1)) return this.#rank(table)
      return { column: random.pick(ordered).name, direction: random.pick(DIRECTIONS) }
    }).filter((part) => part !== undefined)
    const limit = random.chance(0.5) ? random.int(random.chance(0.1) ? 0 : 1, 20) : undefined
    const offset = random.chance(0.3) ? random.int(0, random.chance(0.3) ? 6 : 1) : undefined
    return { table: table.name, order, limit, offset }
  }

  /** An order by how well a column of texts answers. */
  #rank(table) {
    const random = this.#random
    const texts = table.columns.filter(({ type }) => TEXTS.includes(type.name))
    if (texts.length === 0) return undefined
    const column = random.pick(texts)
    const text = this.#value(table, column) ?? 'a'
    return { column: column.name, rank: drawSearch(random, text, namesBut(texts, column)) }
  }

  #filter(table, depth) {
    const random = this.#random
    const relations = depth < DEPTH_MAX && random.chance(0.12) ? this.#relations(table) : []
    if (relations.length > 0) {
      const { position, other } = random.pick(relations)
      this.#follow(table, position, other)
      const count = random.weighted({ 0: 2, 1: 3, 2: 1 })
      const members = Array.from({ length: Number(count) }, () => this.#filter(other, depth + 1))
      return { op: 'exists', relation: position, table: other.name, members }
    }
    if (depth < DEPTH_MAX && random.chance(0.35)) {
      const op = random.weighted({ or: 4, and: 2, not: 2 })
      const count = op === 'not' ? 1 : random.int(op === 'or' && random.chance(0.8) ? 1 : 0, 3)
      const usual = this.#rows
      // What is not so is better said of another row.
      if (op === 'not') this.#rows = new Map([...usual, [table.name, this.#any(table)]])
      const members = Array.from({ length: count }, () => this.#filter(table, depth + 1))
      this.#rows = usual
      return { op, members }
    }
    const column = random.pick(table.columns)
    return { column: column.name, ...this.#condition(table, column) }
  }

  #condition(table, column) {
    const random = this.#random
    const { type } = column
    const value = () => this.#value(table, column)
    if (random.chance(0.1)) {
      const usual = this.#rows.get(table.name)[column.name] === null ? 'is_null' : 'not_null'
      return { op: random.chance(0.8) ? usual : random.pick(['is_null', 'not_null']) }
    }
    if (type.name === 'jsonb') {
      const text = value()
      return random.chance(0.5) ? this.#json(text) : this.#at(JSON.parse(text ?? 'null'))
    }
    if (type.name === 'array') {
      const op = random.pick(['contains', 'contained_in', 'overlaps'])
      return { op, values: [this.#elements(value()) ?? '{}'] }
    }
    if (TEXTS.includes(type.name) && random.chance(0.2)) {
      const texts = table.columns.filter(({ type }) => TEXTS.includes(type.name))
      return drawSearch(random, value() ?? 'a', namesBut(texts, column))
    }
    if (TEXTS.includes(type.name) && random.chance(0.3)) {
      return this.#text(value() ?? 'a')
    }
    if (!ORDERED.includes(type.name)) return { op: 'not_null' }
    const others = table.columns.filter((other) => sameForm(column, other))
    if (random.chance(0.15) && others.length > 0) {
      const op = random.pick(['eq', 'ne', 'lt', 'lte', 'gt', 'gte'])
      return { op, other: random.pick(others).name }
    }
    const op = random.pick([
      'eq',
      'ne',
      'lt',
      'lte',
      'gt',
      'gte',
      'between',
      'in',
      'eq',
      'in',
      'lte',
      'gte',
    ])
    const count = op === 'in' ? random.int(random.chance(0.1) ? 0 : 1, 4) : op === 'between' ? 2 : 1
    const values = Array.from({ length: count }, value).filter((text) => text !== null)
    if (values.length < count && op !== 'in') return { op: 'is_null' }
    return { op, values }
  }

  #any(table) {
    return this.#random.pick(this.rows.get(table.name))
  }

  /** A value that some row has in this column, or null. */
  #value(table, column) {
    const random = this.#random
    const usual = this.#rows.get(table.name)
    const row = random.chance(0.8) ? usual : this.#any(table)
    return row[column.name]
  }

  /** A condition of texts that this one meets, or nearly. */
  #text(text) {
    const random = this.#random
    const op = random.pick([
      'starts_with',
      'like',
      'like',
      'ilike',
      'matches',
      'matches',
      'imatches',
    ])
    const other = (letter) =>
      letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase()
    const swapped = op.startsWith('i')
      ? [...text].map((letter) => (random.chance(0.3) ? other(letter) : letter)).join('')
      : text
    if (op === 'starts_with') return { op, values: [text.slice(0, random.int(0, 3))] }
    const pattern = op.endsWith('like') ? this.#pattern(swapped) : this.#regexp(swapped)
    return { op, values: [pattern] }
  }

  /** A regular expression that the text matches, or nearly. */
  #regexp(text) {
    const random = this.#random
    const letters = [...text]
    const from = random.int(0, Math.min(letters.length, 6))
    const some = letters.slice(from, from + random.int(0, 8)).map((letter) => {
      const itself = /[\w\s]/u.test(letter) || letter > '\u007f' ? letter : `\\${letter}`
      return random.weighted({
        [itself]: 12,
        '.': 2,
        '\\w': 1,
        '[[:alpha:]]': 1,
        '[^a-f]': 1,
        [`${itself}?`]: 1,
        [`${itself}+`]: 1,
        [`(${itself}|x)`]: 1,
        '.*': 1,
      })
    })
    const start = from === 0 && random.chance(0.4) ? '^' : ''
    return `${start}${some.join('')}${random.chance(0.2) ? '$' : ''}`
  }

  /** A pattern that the text matches, or nearly. */
  #pattern(text) {
    const random = this.#random
    const letters = [...text.slice(0, 12)].map((letter) => {
      if (random.chance(0.15)) return '_'
      if (random.chance(0.1)) return '%'
      return /[%_\\]/.test(letter) ? `\\${letter}` : letter
    })
    const cut = random.int(0, letters.length)
    const some = random.chance(0.5) ? letters.slice(cut) : letters.slice(0, cut)
    return `${random.chance(0.6) ? '%' : ''}${some.join('')}${random.chance(0.7) ? '%' : ''}`
  }

  /** A condition on what is somewhere in a JSON value, or nearly. */
  #at(json) {
    const random = this.#random
    const path = []
    let at = json
    do {
      const steps = Array.isArray(at) ? at.map((_, i) => i) : isObject(at) ? Object.keys(at) : []
      const step =
        random.chance(0.9) && steps.length > 0 ? random.pick(steps) : random.pick(['a', 0])
      path.push(step)
      at = at?.[step] ?? null
    } while (random.chance(0.4) && typeof at === 'object')
    if (random.chance(0.15)) return { op: random.pick(['is_null', 'not_null']), path }
    if (typeof at === 'string' && random.chance(0.5)) return { ...this.#text(at), path }
    if (isObject(at) && random.chance(0.5)) return { ...this.#json(JSON.stringify(at)), path }
    const op = random.pick(['eq', 'eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'between', 'in'])
    const count = op === 'in' ? random.int(0, 3) : op === 'between' ? 2 : 1
    const others = [at, null, 1, 'a', true, [], {}, at]
    const values = Array.from({ length: count }, (_, i) => (i === 0 ? at : random.pick(others)))
    return { op, path, values: values.map((value) => JSON.stringify(value)) }
  }

  #json(text) {
    const random = this.#random
    const json = JSON.parse(text ?? 'null')
    const names = isObject(json) ? Object.keys(json) : ['a']
    const some = () => names.filter(() => random.chance(0.5))
    const op = random.pick([
      ...['contains', 'contains', 'contained_in', 'has_key', 'has_any_key', 'has_all_keys'],
    ])
    if (op === 'has_key') return { op, values: [random.pick([...names, 'b'])] }
    if (op.startsWith('has')) return { op, keys: some() }
    return { op, values: [JSON.stringify(op === 'contains' ? this.#partOf(json) : json)] }
  }

  /** Some of a JSON value. */
  #partOf(json) {
    const random = this.#random
    if (Array.isArray(json)) {
      return json.filter(() => random.chance(0.5)).map((item) => this.#partOf(item))
    }
    if (!isObject(json)) return random.chance(0.1) ? null : json
    const kept = Object.entries(json).filter(() => random.chance(0.4))
    return Object.fromEntries(kept.map(([name, value]) => [name, this.#partOf(value)]))
  }

  /** Some of the elements of a flat array. */
  #elements(text) {
    if (text === null || !/^\{[^{]*\}$/.test(text) || text.includes('"')) return text
    const items = text
      .slice(1, -1)
      .split(',')
      .filter((item) => item !== '' && this.#random.chance(0.6))
    return `{${items.join(',')}}`
  }
}

/** The names of the other columns. */
function namesBut(columns, column) {
  return columns.filter((other) => other !== column).map(({ name }) => name)
}

function isObject(json) {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function sameForm(a, b) {
  if (a.collation !== b.collation) return false
  if (JSON.stringify(a.type) === JSON.stringify(b.type)) return true
  return FAMILIES.some((names) => names.includes(a.type.name) && names.includes(b.type.name))
}
