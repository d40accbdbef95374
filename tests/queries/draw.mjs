// Random questions to a table, as one value that both sides can be asked: what the values compared
// with are is taken from the rows, so that most questions have answers.

const TEXTS = ['text', 'varchar']
const ORDERED = [
  ...['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'text', 'varchar', 'char'],
  ...['uuid', 'date', 'time', 'timestamp', 'timestamptz', 'interval', 'bytea', 'enum'],
]
/** Of these, columns side by side have one form and one order. */
const FAMILIES = [['int2', 'int4', 'int8'], ['float4', 'float8'], TEXTS]
const DEPTH_MAX = 3

/** What can be asked; `column` is a column beside another. */
export const OPERATORS = [
  ...['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'between', 'in', 'is_null', 'not_null'],
  ...['and', 'or', 'not', 'like', 'starts_with', 'contains', 'contained_in', 'overlaps'],
  ...['has_key', 'has_any_key', 'has_all_keys', 'column', 'order'],
]

export class Drawer {
  #random

  /** `rows` are texts of Postgres by table. */
  constructor(random, schema, rows) {
    this.#random = random
    this.rows = rows
    this.tables = schema.tables.filter(({ name }) => (rows.get(name) ?? []).length > 1)
  }

  query() {
    const random = this.#random
    const table = random.pick(this.tables)
    const where = Array.from({ length: random.int(0, 3) }, () => this.#filter(table, 0))
    const ordered = table.columns.filter(({ type }) => ORDERED.includes(type.name))
    const order = Array.from({ length: random.int(0, 2) }, () => ({
      column: random.pick(ordered).name,
      direction: random.pick(['asc', 'desc']),
    }))
    const limit = random.chance(0.5) ? random.int(0, 20) : undefined
    const offset = random.chance(0.3) ? random.int(0, 6) : undefined
    return { table: table.name, where, order, limit, offset }
  }

  #filter(table, depth) {
    const random = this.#random
    if (depth < DEPTH_MAX && random.chance(0.35)) {
      const op = random.weighted({ or: 4, and: 2, not: 2 })
      const count = op === 'not' ? 1 : random.int(0, 3)
      return { op, members: Array.from({ length: count }, () => this.#filter(table, depth + 1)) }
    }
    const column = random.pick(table.columns)
    return { column: column.name, ...this.#condition(table, column) }
  }

  #condition(table, column) {
    const random = this.#random
    const { type } = column
    const value = () => this.#value(table, column)
    if (random.chance(0.1)) return { op: random.pick(['is_null', 'not_null']) }
    if (type.name === 'jsonb') return this.#json(value())
    if (type.name === 'array') {
      const op = random.pick(['contains', 'contained_in', 'overlaps'])
      return { op, values: [this.#elements(value()) ?? '{}'] }
    }
    if (TEXTS.includes(type.name) && random.chance(0.3)) {
      const text = value() ?? 'a'
      return random.chance(0.3)
        ? { op: 'starts_with', values: [text.slice(0, random.int(0, 3))] }
        : { op: 'like', values: [this.#pattern(text)] }
    }
    if (!ORDERED.includes(type.name)) return { op: 'not_null' }
    const others = table.columns.filter((other) => sameForm(column, other))
    if (random.chance(0.15) && others.length > 0) {
      const op = random.pick(['eq', 'ne', 'lt', 'lte', 'gt', 'gte'])
      return { op, other: random.pick(others).name }
    }
    const op = random.pick(['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'between', 'in', 'eq', 'in'])
    const count = op === 'in' ? random.int(0, 4) : op === 'between' ? 2 : 1
    const values = Array.from({ length: count }, value).filter((text) => text !== null)
    if (values.length < count && op !== 'in') return { op: 'is_null' }
    return { op, values }
  }

  /** A value that some row has in this column, or null. */
  #value(table, column) {
    const row = this.#random.pick(this.rows.get(table.name))
    return row[column.name]
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

function isObject(json) {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function sameForm(a, b) {
  if (a.collation !== b.collation) return false
  if (JSON.stringify(a.type) === JSON.stringify(b.type)) return true
  return FAMILIES.some((names) => names.includes(a.type.name) && names.includes(b.type.name))
}
