// Questions about rows of other tables. The relations are found here from the schema, in the order in
// which the core has them; the core is asked only what it calls them.

import { and } from 'haversack'

import { fromText, literal, quoted, relation } from '../parity/text.mjs'

/** Where relations lead from a table: the columns that are equal, and the word that says the table. */
export function relationsOf(schema, table) {
  const named = (name) => schema.tables.find((other) => other.name === name)
  const own = (table.foreign_keys ?? [])
    .filter((key) => named(key.references) !== undefined)
    .map((key) => ({
      table: key.references,
      pairs: key.columns.map((column, i) => [column, key.referenced_columns[i]]),
    }))
  const others = schema.tables.flatMap((other) =>
    (other.foreign_keys ?? [])
      .filter((key) => key.references === table.name)
      .map((key) => ({
        table: other.name,
        pairs: key.columns.map((column, i) => [key.referenced_columns[i], column]),
      })),
  )
  const words = (of) =>
    (of.polymorphic ?? []).flatMap(({ column, by, tables }) =>
      Object.entries(tables).map(([value, target]) => ({ column, by, value, target })),
    )
  const ownWords = words(table).map(({ column, by, value, target }) => ({
    table: target,
    pairs: [[column, named(target).primary_key[0]]],
    word: { theirs: false, column: by, value },
  }))
  const otherWords = schema.tables.flatMap((other) =>
    words(other)
      .filter(({ target }) => target === table.name)
      .map(({ column, by, value }) => ({
        table: other.name,
        pairs: [[table.primary_key[0], column]],
        word: { theirs: true, column: by, value },
      })),
  )
  return [...own, ...others, ...ownWords, ...otherWords]
}

/** What the core calls a relation. */
export function nameOf(core, table, position) {
  const { source } = core.table(table.name)
  return [...source.replica.relations(source).keys()][position]
}

/** The condition as the application has it; `toFilter` makes its members. */
export function toRelated(core, table, filter, toFilter) {
  const other = core.schema.tables.find(({ name }) => name === filter.table)
  const members = filter.members.map((member) => toFilter(core, other, member))
  const name = nameOf(core, table, filter.relation)
  return core.table(table.name).related(name, members.length === 0 ? undefined : and(...members))
}

/** That rows of the two tables belong together, in SQL. */
function belongs(schema, casts, table, position, alias, inner) {
  const { table: name, pairs, word } = relationsOf(schema, table)[position]
  const equal = pairs.map(([own, theirs]) => `${inner}.${quoted(theirs)} = ${alias}.${quoted(own)}`)
  if (word === undefined) return equal
  const [of, at] = word.theirs ? [name, inner] : [table.name, alias]
  const cast = casts.get(`${of}.${word.column}`)
  return [...equal, `${at}.${quoted(word.column)} = ${literal(word.value)}::text::${cast}`]
}

/** The condition in SQL; `condition` makes its members. */
export function relatedSql(schema, casts, table, filter, alias, condition) {
  const inner = `${alias}x`
  const other = schema.tables.find(({ name }) => name === filter.table)
  const all = [
    ...belongs(schema, casts, table, filter.relation, alias, inner),
    ...filter.members.map((member) => condition(schema, other, casts, member, inner)),
  ]
  return `EXISTS (SELECT 1 FROM ${relation(other.name)} ${inner} WHERE ${all.join(' AND ')})`
}

/** The keys of the rows beside each row, in SQL: JSON of texts. */
export function besideSql(schema, casts, table, beside, condition, orderSql) {
  const other = schema.tables.find(({ name }) => name === beside.query.table)
  const { where, order, limit, offset } = beside.query
  const all = [
    ...belongs(schema, casts, table, beside.relation, 't', 'u'),
    ...where.map((filter) => condition(schema, other, casts, filter, 'u')),
  ]
  const key = other.primary_key.map((name) => `u.${quoted(name)}`)
  const ordered = [...order.map((part) => orderSql(part, 'u')), ...key]
  const rows = [
    `SELECT jsonb_build_array(${key.map((name) => `${name}::text`).join(', ')}) AS k,`,
    `row_number() OVER (ORDER BY ${ordered.join(', ')}) AS n`,
    `FROM ${relation(other.name)} u WHERE ${all.join(' AND ')} ORDER BY n`,
    limit === undefined ? '' : `LIMIT ${limit}`,
    offset === undefined ? '' : `OFFSET ${offset}`,
  ]
  return `(SELECT coalesce(jsonb_agg(k ORDER BY n), '[]')::text FROM (${rows.join(' ')}) b)`
}

/** The keys of the rows beside a row, as the core gives them. */
export function besideOf(core, table, beside, row) {
  const other = core.schema.tables.find(({ name }) => name === beside.query.table)
  const found = row[nameOf(core, table, beside.relation)]
  const rows = Array.isArray(found) ? found : found === null ? [] : [found]
  return rows.map((row) => other.primary_key.map((name) => row[name]))
}

/** The same from Postgres's text. */
export function besideKeys(schema, beside, text) {
  const other = schema.tables.find(({ name }) => name === beside.query.table)
  const types = other.primary_key.map(
    (name) => other.columns.find((column) => column.name === name).type,
  )
  return JSON.parse(text).map((key) => key.map((part, i) => fromText(types[i], part)))
}
