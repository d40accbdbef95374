// One question, put to the core through the interface that applications have, and to Postgres as
// SQL that is written here without the core's help.

import * as haversack from 'haversack'

import { fromText, literal, quoted, relation } from '../parity/text.mjs'
import { rankSql, searchSql, SEARCHES, toRank, toSearch } from './words.mjs'
import { besideKeys, besideOf, besideSql, nameOf, relatedSql, toRelated } from './related.mjs'

const { and, not, or, column: other } = haversack
const CALLS = {
  eq: haversack.eq,
  ne: haversack.ne,
  lt: haversack.lt,
  lte: haversack.lte,
  gt: haversack.gt,
  gte: haversack.gte,
  like: haversack.like,
  ilike: haversack.ilike,
  matches: haversack.matches,
  imatches: (pattern) => haversack.matches(pattern, { ignoreCase: true }),
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
  ilike: 'ILIKE',
  matches: '~',
  imatches: '~*',
  starts_with: '^@',
  contains: '@>',
  contained_in: '<@',
  overlaps: '&&',
  has_key: '?',
}

/** The keys of the rows that the core finds, and of those beside each. */
export function askCore(core, table, query) {
  const rows = toQuery(core, table, query).rows()
  return rows.map((row) => [
    ...table.primary_key.map((name) => row[name]),
    ...(query.with ?? []).map((beside) => besideOf(core, table, beside, row)),
  ])
}

/** The keys of the rows that the endpoint gives, asked as `fetch()` asks; or what it has against it. */
export async function askEndpoint(core, database, table, query) {
  const put = toQuery(core, table, query)
  const { shape, place, limitCount, offsetCount } = put
  const limited = limitCount >= 0
  const asked = { query: shape.describe(place !== undefined, limited, offsetCount > 0) }
  const params = withWindow(put.asked(), limitCount, offsetCount)
  const { rows, problem } = await database.serverAnswer(asked, params)
  if (problem !== undefined) return `${problem.code}: ${problem.detail}`
  const at = table.primary_key.map((key) => table.columns.findIndex(({ name }) => name === key))
  return toKeys(
    table,
    rows.map((row) => at.map((i) => row[i])),
  )
}

/** Parameters as they go to the endpoint. */
export function withWindow(params, limit, offset) {
  // Half of a character, as of a text that was cut, is written into the module's memory as none.
  const texts = params.map((param) => (typeof param === 'string' ? param.toWellFormed() : param))
  return [...texts, ...(limit >= 0 ? [limit] : []), ...(offset > 0 ? [offset] : [])]
}

/** A question as the application asks it. */
export function toQuery(core, table, query) {
  let asked = core.table(table.name).where({})
  for (const filter of query.where) asked = asked.where(toFilter(core, table, filter))
  for (const part of query.order) {
    const { column, direction } = part
    asked = part.rank === undefined ? asked.orderBy(column, direction) : asked.orderBy(toRank(part))
  }
  if (query.after !== undefined) asked = asked.after(toPlace(table, query.after))
  if (query.limit !== undefined) asked = asked.limit(query.limit)
  if (query.offset !== undefined) asked = asked.offset(query.offset)
  for (const { relation, query: beside } of query.with ?? []) {
    const other = core.schema.tables.find(({ name }) => name === beside.table)
    asked = asked.with({ [nameOf(core, table, relation)]: toQuery(core, other, beside) })
  }
  return asked
}

/** A place as applications have it, from texts of Postgres by column. */
function toPlace(table, after) {
  const values = Object.entries(after).map(([name, text]) => [
    name,
    fromText(table.columns.find((column) => column.name === name).type, text),
  ])
  return Object.fromEntries(values)
}

export function toFilter(core, table, filter) {
  if (filter.op === 'exists') return toRelated(core, table, filter, toFilter)
  if (filter.members !== undefined) {
    const members = filter.members.map((member) => toFilter(core, table, member))
    return { and, or, not }[filter.op](...members)
  }
  const { type } = table.columns.find(({ name }) => name === filter.column)
  return { [filter.column]: toOperator(type, filter) }
}

function toOperator(type, filter) {
  const { op, path } = filter
  if (SEARCHES.includes(op)) return toSearch(filter)
  if (path !== undefined) {
    const { path: _, ...beside } = filter
    const inner = TEXT_OPS.includes(op) ? { name: 'text' } : type
    return haversack.at(path, toOperator(inner, beside))
  }
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
  const found = await database.ask(toSql(database, table, query))
  const count = table.primary_key.length
  const keys = toKeys(
    table,
    found.map((texts) => texts.slice(0, count)),
  )
  const beside = query.with ?? []
  return keys.map((key, i) => [
    ...key,
    ...beside.map((part, j) => besideKeys(database.schema, part, found[i][count + j])),
  ])
}

/** Keys that stand as texts of Postgres, as applications have them. */
export function toKeys(table, keys) {
  const types = table.primary_key.map(
    (name) => table.columns.find((column) => column.name === name).type,
  )
  return keys.map((key) => key.map((text, i) => fromText(types[i], text)))
}

/** The statement that asks Postgres for the same. */
export function toSql(database, table, query) {
  const { schema } = database
  const { casts } = database.catalog
  const where = query.where.map((filter) => condition(schema, table, casts, filter))
  if (query.after !== undefined) where.push(comesAfter(table, casts, query))
  const key = table.primary_key.map((name) => `t.${quoted(name)}`)
  const order = query.order.map((part) => orderSql(part, 't'))
  const beside = (query.with ?? []).map((part) =>
    besideSql(schema, casts, table, part, condition, orderSql),
  )
  const wanted = [...key.map((name) => `${name}::text`), ...beside]
  return [
    `SELECT ${wanted.join(', ')} FROM ${relation(table.name)} t`,
    where.length > 0 ? `WHERE ${where.join(' AND ')}` : '',
    `ORDER BY ${[...order, ...key].join(', ')}`,
    query.limit === undefined ? '' : `LIMIT ${query.limit}`,
    query.offset === undefined ? '' : `OFFSET ${query.offset}`,
  ].join(' ')
}

/** A part of an order. */
export function orderSql(part, alias) {
  if (part.rank !== undefined) return rankSql(part, alias)
  return `${alias}.${quoted(part.column)} ${part.direction}`
}

/** The columns of a query's whole order, each once, with its direction. */
export function wholeOrder(table, query) {
  const order = new Map()
  for (const { column, direction } of query.order.filter(({ rank }) => rank === undefined)) {
    if (!order.has(column)) order.set(column, direction)
  }
  for (const column of table.primary_key) if (!order.has(column)) order.set(column, 'asc')
  return [...order]
}

/** Does a row come after a place? One case per column that decides, those before it being equal. */
function comesAfter(table, casts, query) {
  const cases = wholeOrder(table, query).map(([column, direction], i, order) => {
    const value = (name) => {
      const text = query.after[name]
      return text === null
        ? 'NULL'
        : `${literal(text)}::text::${casts.get(`${table.name}.${name}`)}`
    }
    const equal = order
      .slice(0, i)
      .map(([name]) => `t.${quoted(name)} IS NOT DISTINCT FROM ${value(name)}`)
    const name = `t.${quoted(column)}`
    const descending = direction.startsWith('desc')
    const nullsFirst = direction.includes('nulls') ? direction.endsWith('first') : descending
    const greater =
      query.after[column] === null
        ? nullsFirst
          ? `${name} IS NOT NULL`
          : 'false'
        : `${name} ${descending ? '<' : '>'} ${value(column)}${nullsFirst ? '' : ` OR ${name} IS NULL`}`
    return `(${[...equal, `(${greater})`].join(' AND ')})`
  })
  return `(${cases.join(' OR ')})`
}

/** These see JSON as text. */
const TEXT_OPS = ['like', 'ilike', 'matches', 'imatches', 'starts_with']

export function condition(schema, table, casts, filter, alias = 't') {
  if (filter.op === 'exists') return relatedSql(schema, casts, table, filter, alias, condition)
  if (filter.members !== undefined) {
    const members = filter.members.map((member) => condition(schema, table, casts, member, alias))
    if (filter.op === 'not') return `NOT ${members[0]}`
    if (members.length === 0) return filter.op === 'and' ? 'true' : 'false'
    return `(${members.join(filter.op === 'and' ? ' AND ' : ' OR ')})`
  }
  const { op, other, values, keys, path } = filter
  if (SEARCHES.includes(op)) return searchSql(filter, alias)
  let column = `${alias}.${quoted(filter.column)}`
  if (path !== undefined) {
    const steps = path.map((step) => literal(String(step))).join(', ')
    column = `(${column} ${TEXT_OPS.includes(op) ? '#>>' : '#>'} ARRAY[${steps}]::text[])`
  }
  const cast = casts.get(`${table.name}.${filter.column}`)
  const constant = (text) => `${literal(text)}::text::${cast}`
  if (op === 'is_null') return `(${column} IS NULL)`
  if (op === 'not_null') return `(${column} IS NOT NULL)`
  if (other !== undefined) return `(${column} ${SQL[op]} ${alias}.${quoted(other)})`
  if (op === 'in') return `(${column} = ANY (ARRAY[${values.map(constant).join(', ')}]::${cast}[]))`
  if (op === 'between') return `(${column} BETWEEN ${values.map(constant).join(' AND ')})`
  if (keys !== undefined) {
    const list = `ARRAY[${keys.map(literal).join(', ')}]::text[]`
    return `(${column} ${op === 'has_any_key' ? '?|' : '?&'} ${list})`
  }
  const texts = op === 'has_key' || TEXT_OPS.includes(op)
  return `(${column} ${SQL[op]} ${texts ? `${literal(values[0])}::text` : constant(values[0])})`
}
