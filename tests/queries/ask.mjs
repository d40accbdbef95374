// One question, put to the core through the interface that applications have, and to Postgres as
// SQL that is written here without the core's help.

import * as haversack from 'haversack'

import { fromText, literal, quoted, relation } from '../parity/text.mjs'

const { and, not, or, column: other } = haversack
const CALLS = {
  eq: haversack.eq,
  ne: haversack.ne,
  lt: haversack.lt,
  lte: haversack.lte,
  gt: haversack.gt,
  gte: haversack.gte,
  like: haversack.like,
  starts_with: haversack.startsWith,
  contains: haversack.contains,
  contained_in: haversack.containedIn,
  overlaps: haversack.overlaps,
  has_key: haversack.hasKey,
}
const SQL = {
  eq: '=',
  ne: '<>',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
  like: 'LIKE',
  starts_with: '^@',
  contains: '@>',
  contained_in: '<@',
  overlaps: '&&',
  has_key: '?',
}

/** The keys of the rows that the core finds. */
export function askCore(core, table, query) {
  const rows = toQuery(core, table, query).rows()
  return rows.map((row) => table.primary_key.map((name) => row[name]))
}

/** The keys of the rows that the endpoint gives, asked as `fetch()` asks; or what it has against it. */
export async function askEndpoint(core, database, table, query) {
  const { shape, params, limitCount, offsetCount } = toQuery(core, table, query)
  const limited = limitCount >= 0
  const window = [...(limited ? [limitCount] : []), ...(offsetCount > 0 ? [offsetCount] : [])]
  const asked = shape.describe(limited, offsetCount > 0)
  // Half of a character, as of a text that was cut, is written into the module's memory as none.
  const texts = params.map((param) => (typeof param === 'string' ? param.toWellFormed() : param))
  const { rows, problem } = await database.serverAnswer(asked, [...texts, ...window])
  if (problem !== undefined) return `${problem.code}: ${problem.detail}`
  const at = table.primary_key.map((key) => table.columns.findIndex(({ name }) => name === key))
  return toKeys(
    table,
    rows.map((row) => at.map((i) => row[i])),
  )
}

function toQuery(core, table, query) {
  let asked = core.table(table.name).where({})
  for (const filter of query.where) asked = asked.where(toFilter(table, filter))
  for (const { column, direction } of query.order) asked = asked.orderBy(column, direction)
  if (query.limit !== undefined) asked = asked.limit(query.limit)
  if (query.offset !== undefined) asked = asked.offset(query.offset)
  return asked
}

function toFilter(table, filter) {
  if (filter.members !== undefined) {
    const members = filter.members.map((member) => toFilter(table, member))
    return { and, or, not }[filter.op](...members)
  }
  const { type } = table.columns.find(({ name }) => name === filter.column)
  return { [filter.column]: toOperator(type, filter) }
}

function toOperator(type, filter) {
  const { op } = filter
  if (filter.other !== undefined) return CALLS[op](other(filter.other))
  if (op === 'is_null') return haversack.isNull()
  if (op === 'not_null') return haversack.notNull()
  if (op === 'has_any_key') return haversack.hasAnyKey(filter.keys)
  if (op === 'has_all_keys') return haversack.hasAllKeys(filter.keys)
  if (op === 'has_key') return CALLS[op](filter.values[0])
  const values = filter.values.map((text) => fromText(type, text))
  if (op === 'in') return haversack.oneOf(values)
  if (op === 'between') return haversack.between(...values)
  return CALLS[op](values[0])
}

/** The keys of the rows that Postgres finds, as applications have them. */
export async function askPostgres(database, table, query) {
  return toKeys(table, await database.ask(toSql(table, database.catalog.casts, query)))
}

/** Keys that stand as texts of Postgres, as applications have them. */
export function toKeys(table, keys) {
  const types = table.primary_key.map(
    (name) => table.columns.find((column) => column.name === name).type,
  )
  return keys.map((key) => key.map((text, i) => fromText(types[i], text)))
}

/** The statement that asks Postgres for the same. */
export function toSql(table, casts, query) {
  const where = query.where.map((filter) => condition(table, casts, filter))
  const key = table.primary_key.map((name) => `t.${quoted(name)}`)
  const order = query.order.map(({ column, direction }) => `t.${quoted(column)} ${direction}`)
  return [
    `SELECT ${key.map((name) => `${name}::text`).join(', ')} FROM ${relation(table.name)} t`,
    where.length > 0 ? `WHERE ${where.join(' AND ')}` : '',
    `ORDER BY ${[...order, ...key].join(', ')}`,
    query.limit === undefined ? '' : `LIMIT ${query.limit}`,
    query.offset === undefined ? '' : `OFFSET ${query.offset}`,
  ].join(' ')
}

function condition(table, casts, filter) {
  if (filter.members !== undefined) {
    const members = filter.members.map((member) => condition(table, casts, member))
    if (filter.op === 'not') return `NOT ${members[0]}`
    if (members.length === 0) return filter.op === 'and' ? 'true' : 'false'
    return `(${members.join(filter.op === 'and' ? ' AND ' : ' OR ')})`
  }
  const { op, other, values, keys } = filter
  const column = `t.${quoted(filter.column)}`
  const cast = casts.get(`${table.name}.${filter.column}`)
  const constant = (text) => `${literal(text)}::text::${cast}`
  if (op === 'is_null') return `(${column} IS NULL)`
  if (op === 'not_null') return `(${column} IS NOT NULL)`
  if (other !== undefined) return `(${column} ${SQL[op]} t.${quoted(other)})`
  if (op === 'in') return `(${column} = ANY (ARRAY[${values.map(constant).join(', ')}]::${cast}[]))`
  if (op === 'between') return `(${column} BETWEEN ${values.map(constant).join(' AND ')})`
  if (keys !== undefined) {
    const list = `ARRAY[${keys.map(literal).join(', ')}]::text[]`
    return `(${column} ${op === 'has_any_key' ? '?|' : '?&'} ${list})`
  }
  const texts = ['like', 'starts_with', 'has_key'].includes(op)
  return `(${column} ${SQL[op]} ${texts ? `${literal(values[0])}::text` : constant(values[0])})`
}
