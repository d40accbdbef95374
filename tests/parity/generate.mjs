// Random writes, made of the served schema alone: most of them good or nearly so, many at the edge
// of a rule, some beyond two of them at once.

import { sqlText } from './text.mjs'
import { valueOf } from './values.mjs'

export class Generator {
  #random
  #schema
  #pools
  #identity
  #constants

  constructor(random, { schema, pools, identity }) {
    this.#random = random
    this.#schema = schema
    this.#pools = pools
    this.#identity = identity
    this.#constants = constantsOf(schema)
  }

  /** A write on the core's present rows: one operation, or a few that belong together. */
  write(core) {
    const random = this.#random
    if (!random.chance(0.1)) return [this.#operation(core, [])]
    const ops = []
    for (let left = random.int(2, 4); left > 0; left--) ops.push(this.#operation(core, ops))
    return ops
  }

  #operation(core, earlier) {
    const random = this.#random
    const table = random.pick(
      this.#schema.tables.filter((t) => t.insertable || t.updatable || t.deletable),
    )
    const row = core.any(random, table.name)
    const kind = random.weighted({
      insert: table.insertable ? 50 : 0,
      update: table.updatable && row !== undefined ? 35 : 0,
      delete: table.deletable && row !== undefined ? 12 : 0,
      // What may not be done at all is refused by both.
      forbidden: table.insertable && table.deletable ? 0 : 2,
    })
    if (kind === 'forbidden') return this.#forbidden(core, table, row)
    if (kind === 'update') return this.#update(core, table, row, earlier)
    if (kind === 'delete') {
      return { op: 'delete', table: table.name, key: this.#key(table, row, 0.06) }
    }
    return this.#insert(core, table, earlier)
  }

  #forbidden(core, table, row) {
    if (!table.insertable && (row === undefined || this.#random.chance(0.5))) {
      return this.#insert(core, table, [])
    }
    if (row === undefined) return this.#insert(core, table, [])
    return { op: 'delete', table: table.name, key: this.#key(table, row, 0) }
  }

  // ---------------------------------------------------------------- inserts

  #insert(core, table, earlier) {
    const random = this.#random
    const template = random.chance(0.6) ? core.any(random, table.name) : undefined
    const values = {}
    for (const column of table.columns) {
      if (!column.writable || column.generated !== undefined) continue
      if (this.#leftOut(table, column)) continue
      const value =
        template !== undefined && random.chance(0.5)
          ? wire(template[column.name])
          : this.#good(table, column)
      if (value !== undefined) values[column.name] = value
    }
    this.#refer(core, table, values, earlier)
    if (random.chance(0.85)) this.#makeUnique(table, values)
    const broken = random.weighted({ 0: 62, 1: 26, 2: 12 })
    for (let left = Number(broken); left > 0; left--) this.#break(core, table, values)
    if (random.chance(0.015)) this.#trespass(table, values)
    return { op: 'insert', table: table.name, values }
  }

  #leftOut(table, column) {
    const random = this.#random
    if (column.identity) return random.chance(0.85)
    const kind = column.default?.kind
    if (kind === 'sequence') return random.chance(0.9)
    if (kind === 'uuid') return random.chance(0.7)
    // What only the server can make, the client does not have: it is given more often.
    if (kind === 'server_only') return random.chance(0.1)
    if (kind !== undefined) return random.chance(0.45)
    return column.nullable && random.chance(0.4)
  }

  /** Values of the foreign keys: those of rows that there are, nearly always. */
  #refer(core, table, values, earlier) {
    const random = this.#random
    for (const key of table.foreign_keys ?? []) {
      const given = key.columns.some((name) => name in values)
      const columns = key.columns.map((name) => table.columns.find((c) => c.name === name))
      if (columns.some((column) => column === undefined)) continue
      const needed = columns.some((c) => !c.nullable && c.default === undefined && !c.identity)
      if (!given && !needed) continue
      const at = earlier.findLastIndex((op) => op.op === 'insert' && op.table === key.references)
      if (at >= 0 && key.columns.length === 1 && columns[0].writable && random.chance(0.6)) {
        const referenced = this.#schema.tables.find(({ name }) => name === key.references)
        if (referenced.primary_key.join() === key.referenced_columns.join()) {
          values[key.columns[0]] = { $new: at }
          continue
        }
      }
      const synced = this.#schema.tables.some(({ name }) => name === key.references)
      const row = synced ? core.any(random, key.references) : undefined
      if (row === undefined || random.chance(0.06)) continue
      for (const [i, column] of columns.entries()) {
        const value = row[key.referenced_columns[i]]
        if (!column.writable || (column.identity && !(column.name in values))) continue
        if (value !== undefined) values[column.name] = wire(value)
      }
    }
  }

  /** Makes a row's unique values others than those of the row that it was copied from. */
  #makeUnique(table, values) {
    const random = this.#random
    const uniques = (table.uniques ?? []).map(({ columns }) =>
      columns.filter(({ column }) => column).map(({ expression }) => expression),
    )
    const referring = new Set((table.foreign_keys ?? []).flatMap(({ columns }) => columns))
    for (const names of [table.primary_key, ...uniques]) {
      const free = names.filter((name) => name in values && !referring.has(name))
      if (free.length === 0) continue
      const name = random.pick(free)
      const column = table.columns.find((column) => column.name === name)
      if (column.identity) continue
      const value = values[name]
      values[name] =
        typeof value === 'string' && /^(text|varchar)$/.test(column.type.name)
          ? this.#vary(value, column.type)
          : (valueOf(random, column.type, 'good') ?? value)
    }
  }

  /** A text that looks alike: its last digits or letters are others. */
  #vary(text, { length = 200 }) {
    const tail = this.#random.int(0, 0xffff).toString(16)
    if (/[0-9a-f]{6}$/.test(text)) return text.slice(0, -4) + tail.padStart(4, '0')
    return [...`${tail}${text}`].slice(0, length).join('')
  }

  // ---------------------------------------------------------------- updates

  #update(core, table, row, earlier) {
    const random = this.#random
    const columns = table.columns.filter(
      (column) =>
        column.writable &&
        column.generated === undefined &&
        !table.primary_key.includes(column.name),
    )
    const key = this.#key(table, row, 0.04)
    if (columns.length === 0) return { op: 'delete', table: table.name, key }
    const set = {}
    for (let left = random.int(1, 3); left > 0; left--) {
      const column = random.pick(columns)
      if (column.identity && random.chance(0.8)) continue
      const value = random.chance(0.12)
        ? wire(row[column.name])
        : random.chance(0.65)
          ? this.#good(table, column)
          : this.#odd(table, column)
      if (value !== undefined) set[column.name] = value
    }
    this.#refer(core, table, set, earlier)
    for (const name of table.primary_key) delete set[name]
    if (Object.keys(set).length === 0) {
      const column = random.pick(columns)
      set[column.name] = wire(row[column.name])
    }
    if (random.chance(0.01)) this.#trespass(table, set)
    return { op: 'update', table: table.name, key, set }
  }

  /** The key of a row, or with this probability one of no row. */
  #key(table, row, missing) {
    if (!this.#random.chance(missing)) return table.primary_key.map((name) => wire(row[name]))
    return table.primary_key.map((name) => {
      const column = table.columns.find((column) => column.name === name)
      const int = column.type.name.startsWith('int')
      return int ? 2147483600 : (valueOf(this.#random, column.type, 'good') ?? wire(row[name]))
    })
  }

  // ---------------------------------------------------------------- values

  #good(table, column) {
    const random = this.#random
    const name = `${table.name}.${column.name}`
    const pool = this.#pools.get(name) ?? []
    const constants = this.#constants.get(name) ?? []
    if (constants.length > 0 && random.chance(0.5)) return random.pick(constants)
    if (pool.length > 0 && random.chance(0.6)) return random.pick(pool)
    return valueOf(random, column.type, 'good') ?? (pool.length > 0 ? random.pick(pool) : 'x')
  }

  #odd(table, column) {
    const random = this.#random
    // The largest key would leave none for the rows that follow.
    if (column.default?.kind === 'sequence') return random.chance(0.2) ? null : random.int(1, 60)
    const kind = random.weighted({ null: 3, wrong: 4, edge: 6, constant: 4, random: 3 })
    if (kind === 'null') return null
    const constants = this.#constants.get(`${table.name}.${column.name}`) ?? []
    if (kind === 'constant' && constants.length > 0) return random.pick(constants)
    return valueOf(random, column.type, kind === 'wrong' || kind === 'edge' ? kind : 'good')
  }

  /** Makes one value of an insert odd: null, left out, wrong, at the edge, or another row's. */
  #break(core, table, values) {
    const random = this.#random
    const columns = table.columns.filter((c) => c.writable && c.generated === undefined)
    if (columns.length === 0) return
    const column = random.pick(columns)
    if (random.chance(0.15)) {
      delete values[column.name]
      return
    }
    const other = random.chance(0.2) ? core.any(random, table.name) : undefined
    const value = other === undefined ? this.#odd(table, column) : wire(other[column.name])
    if (column.identity && random.chance(0.5)) values[column.name] = this.#foreign(column)
    else if (value !== undefined) values[column.name] = value
  }

  /** Another user's identity. */
  #foreign({ type }) {
    if (type.name.startsWith('int')) return Number(this.#identity) + 1
    return valueOf(this.#random, type, 'good')
  }

  /** Gives a value to a column that may have none, and leaves the others good. */
  #trespass(table, values) {
    const random = this.#random
    const closed = table.columns.filter((c) => !c.writable || c.generated !== undefined)
    if (closed.length === 0) return
    const column = random.pick(closed)
    const value = this.#good(table, column)
    for (const name of Object.keys(values)) delete values[name]
    values[column.name] = value
  }
}

/** A row's value as operations carry it. */
export function wire(value) {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  return value
}

/** The constants in a table's rules by column that they name, and numbers beside them. */
function constantsOf(schema) {
  const found = new Map()
  for (const table of schema.tables) {
    const rules = [
      ...(table.checks ?? []).map((check) => [check.sql, table.columns]),
      ...(table.uniques ?? []).map((u) => [u.predicate?.sql ?? '', table.columns]),
      ...table.columns.flatMap((column) =>
        (column.domains ?? []).flatMap(({ checks = [] }) =>
          checks.map((check) => [check.sql.replaceAll('VALUE', column.name), [column]]),
        ),
      ),
    ]
    for (const [sql, columns] of rules) {
      const texts = [...sql.matchAll(/'((?:[^']|'')*)'/g)].map(([, text]) =>
        text.replaceAll("''", "'"),
      )
      const bare = sql.replace(/'(?:[^']|'')*'/g, '')
      const numbers = [...bare.matchAll(/(?<![\w.])\d+(?:\.\d+)?/g)].map(([text]) => Number(text))
      for (const column of columns) {
        if (!new RegExp(`\\b${column.name}\\b`).test(bare)) continue
        const numeric =
          /^(int|float|numeric)/.test(column.type.name) && column.type.name !== 'interval'
        const textual = /^(text|varchar|char|enum)$/.test(column.type.name)
        const values = numeric
          ? numbers.flatMap((n) => [n - 1, n, n + 1]).filter(Number.isSafeInteger)
          : textual
            ? texts.filter(
                (text) => sqlText(column.type, text).length <= (column.type.length ?? 200),
              )
            : []
        const name = `${table.name}.${column.name}`
        found.set(name, [...(found.get(name) ?? []), ...values].slice(0, 60))
      }
    }
  }
  return found
}
