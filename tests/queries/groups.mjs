// Questions for groups of rows: drawn, and put to the core and to Postgres. A group is an array of
// what JavaScript has of its columns and values.

import * as haversack from 'haversack'

import { fromText, literal, quoted, relation } from '../parity/text.mjs'
import { condition, toFilter, withWindow } from './ask.mjs'

const NUMBERS = ['int2', 'int4', 'int8', 'numeric']
/** Of equal values of these, Postgres may show any: 1.0 and 1.00, a day and 24 hours, both zeros. */
const UNSURE = ['interval', 'float4', 'float8', 'char']
const LEAST = [...NUMBERS, 'text', 'varchar', 'date', 'time', 'timestamp', 'timestamptz', 'enum']
const ARRAYS = [...LEAST, 'bool', 'uuid', 'jsonb']

export const AGGREGATES = ['count', 'sum', 'avg', 'min', 'max', 'array']

/** A question for groups of the rows that these filters leave. */
export function drawGroups(random, table, where, direction) {
  const sure = ({ type }) => !isUnsure(type)
  const columns = (names) => table.columns.filter(({ type }) => names.includes(type.name))
  const by = columns([...LEAST, 'bool', 'uuid'])
    .filter(sure)
    .filter(() => random.chance(1.2 / table.columns.length))
  const values = Array.from({ length: random.int(1, 3) }, (_, i) => {
    const op = random.pick(AGGREGATES)
    const of = {
      count: random.chance(0.5) ? table.columns : [],
      sum: columns(NUMBERS),
      avg: columns(NUMBERS),
      min: columns(LEAST).filter(sure),
      max: columns(LEAST).filter(sure),
      array: columns(ARRAYS),
    }[op]
    const column = of.length > 0 ? random.pick(of).name : undefined
    return op !== 'count' && column === undefined
      ? { name: `v${i}`, op: 'count' }
      : { name: `v${i}`, op, column }
  })
  const counted = values.filter(({ op }) => op === 'count' || op === 'sum' || op === 'avg')
  const having = random.chance(0.3) && counted.length > 0 ? [drawHaving(random, counted)] : []
  const ordered = [
    ...by.map(({ name }) => name),
    ...values.filter(({ op }) => op !== 'array').map(({ name }) => name),
  ]
  const order =
    ordered.length > 0 && random.chance(0.4)
      ? [{ column: random.pick(ordered), direction: direction() }]
      : []
  return {
    table: table.name,
    where,
    by: by.map(({ name }) => name),
    values,
    having,
    order,
    limit: random.chance(0.3) ? random.int(0, 5) : undefined,
    offset: random.chance(0.2) ? random.int(0, 3) : undefined,
  }
}

function drawHaving(random, counted) {
  const column = random.pick(counted).name
  const op = random.pick(['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'is_null', 'not_null'])
  const values = op.endsWith('null') ? [] : [String(random.int(0, 4))]
  return { column, op, values }
}

function isUnsure(type) {
  return UNSURE.includes(type.name) || (type.name === 'numeric' && type.scale === undefined)
}

/** The groups that the core makes. */
export function askCoreGroups(core, table, query) {
  const { columns } = madeTable(table, query)
  const groups = toGroups(core, table, query).rows()
  return groups.map((group) => columns.map(({ name }) => group[name]))
}

/** The groups that the endpoint gives, asked as `fetch()` asks; or what it has against it. */
export async function askEndpointGroups(core, database, table, query) {
  const [shape, params, limit, offset] = toGroups(core, table, query).asked()
  const asked = { groups: JSON.parse(shape) }
  const { rows, problem } = await database.serverAnswer(asked, withWindow(params, limit, offset))
  if (problem !== undefined) return `${problem.code}: ${problem.detail}`
  return fromTexts(table, query, rows)
}

/** A question for groups as the application asks it. */
export function toGroups(core, table, query) {
  let asked = core.table(table.name).where({})
  for (const filter of query.where) asked = asked.where(toFilter(core, table, filter))
  const values = query.values.map(({ name, op, column }) => [
    name,
    column === undefined ? haversack[op]() : haversack[op](column),
  ])
  let groups = asked.groupBy(...query.by).aggregate(Object.fromEntries(values))
  const made = madeTable(table, query)
  for (const filter of query.having) groups = groups.having(toFilter(core, made, filter))
  for (const { column, direction } of query.order) groups = groups.orderBy(column, direction)
  if (query.limit !== undefined) groups = groups.limit(query.limit)
  if (query.offset !== undefined) groups = groups.offset(query.offset)
  return groups
}

/** The groups that Postgres makes. */
export async function askPostgresGroups(database, table, query) {
  return fromTexts(table, query, await database.ask(toGroupSql(database, table, query)))
}

/** Groups whose values are texts of Postgres, as JavaScript has them. */
function fromTexts(table, query, groups) {
  const made = madeTable(table, query)
  return groups.map((group) =>
    group.map((text, i) => {
      const { type } = made.columns[i]
      // Each as a row of its own would have it.
      if (type.name === 'array' && type.of.name === 'int8' && text !== null) {
        return fromText(type, text).map((item) => (item === null ? null : BigInt(item)))
      }
      // Sums and averages come as decimals of any scale.
      const isNumber = /^(int2|int4|float8)$/.test(type.name) || type.precision <= 15
      return text !== null && isNumber && text !== 'NaN' ? Number(text) : fromText(type, text)
    }),
  )
}

/** What groups have, as if it were a table. */
function madeTable(table, query) {
  const columnOf = (name) => table.columns.find((column) => column.name === name)
  const made = query.values.map(({ name, op, column }) => {
    const type = column === undefined ? undefined : columnOf(column).type
    if (op === 'count') return { name, type: { name: 'int4' } }
    if (op === 'avg') return { name, type: { name: 'float8' } }
    if (op === 'array') return { name, type: { name: 'array', of: type } }
    return { name, type }
  })
  return { name: table.name, columns: [...query.by.map(columnOf), ...made] }
}

/** The statement that asks Postgres for the same. */
export function toGroupSql(database, table, query) {
  const { casts } = database.catalog
  const by = query.by.map((name) => `t.${quoted(name)}`)
  const key = table.primary_key.map((name) => `t.${quoted(name)}`).join(', ')
  const made = new Map(query.by.map((name, i) => [name, by[i]]))
  for (const { name, op, column } of query.values) {
    const of = column === undefined ? '*' : `t.${quoted(column)}`
    made.set(name, op === 'array' ? `array_agg(${of} ORDER BY ${key})` : `${op}(${of})`)
  }
  const where = query.where.map((filter) => condition(database.schema, table, casts, filter))
  const having = query.having.map(({ column, op, values }) => {
    if (op.endsWith('null')) return `${made.get(column)} IS ${op === 'is_null' ? '' : 'NOT '}NULL`
    const sign = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' }[op]
    return `${made.get(column)} ${sign} ${literal(values[0])}::numeric`
  })
  const order = query.order.map(({ column, direction }) => `${made.get(column)} ${direction}`)
  const ordered = [...order, ...by]
  return [
    `SELECT ${[...made.values()].map((sql) => `(${sql})::text`).join(', ')} FROM ${relation(table.name)} t`,
    where.length > 0 ? `WHERE ${where.join(' AND ')}` : '',
    by.length > 0 ? `GROUP BY ${by.join(', ')}` : '',
    having.length > 0 ? `HAVING ${having.join(' AND ')}` : '',
    ordered.length > 0 ? `ORDER BY ${ordered.join(', ')}` : '',
    query.limit === undefined ? '' : `LIMIT ${query.limit}`,
    query.offset === undefined ? '' : `OFFSET ${query.offset}`,
  ].join(' ')
}
