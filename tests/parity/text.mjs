// Values between JSON, SQL and JavaScript, written without the core's help: what the core makes of
// a value is what is to be tested.

/** A name, quoted. */
export function quoted(name) {
  return `"${name.replaceAll('"', '""')}"`
}

/** A table's name in SQL, from its name in the schema. */
export function relation(name) {
  const dot = name.indexOf('.')
  return dot < 0
    ? `public.${quoted(name)}`
    : `${quoted(name.slice(0, dot))}.${quoted(name.slice(dot + 1))}`
}

/** A text as a literal of SQL. */
export function literal(text) {
  return `'${text.replaceAll("'", "''")}'`
}

/** A value, as operations carry it, in Postgres's notation; null for NULL. */
export function sqlText(type, value) {
  if (value === null || value === undefined) return null
  if (type.name === 'json' || type.name === 'jsonb') return JSON.stringify(value)
  if (Array.isArray(value)) return arrayText(type.of ?? { name: 'text' }, value)
  if (/^(date|timestamp)/.test(type.name)) return dateText(String(value))
  return String(value)
}

/** A year of six digits and a sign, as rows have it, in Postgres's notation. */
function dateText(text) {
  const parts = /^([+-])(\d{4,7})(-.*)$/.exec(text)
  if (parts === null) return text
  const [, sign, digits, rest] = parts
  return sign === '+' ? `${Number(digits)}${rest}` : `${Number(digits) + 1}${rest} BC`
}

function arrayText(of, items) {
  const parts = items.map((item) => {
    if (item === null) return 'NULL'
    if (Array.isArray(item) && !of.name.startsWith('json')) return arrayText(of, item)
    return `"${sqlText(of, item).replace(/["\\]/g, '\\$&')}"`
  })
  return `{${parts.join(',')}}`
}

/** What a row of the application holds for a text that Postgres printed. */
export function fromText(type, text) {
  if (text === null) return null
  switch (type.name) {
    case 'bool':
      return text === 'true' || text === 't'
    case 'int2':
    case 'int4':
      return Number(text)
    case 'int8':
      return BigInt(text)
    case 'float4':
    case 'float8':
      return /^-?[\d.]/.test(text) ? Number(text) : text
    case 'numeric':
      return type.precision <= 15 && text !== 'NaN' ? Number(text) : text
    case 'json':
    case 'jsonb':
      return JSON.parse(text)
    case 'bytea':
      return Uint8Array.from(Buffer.from(text.slice(2), 'hex'))
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return isoText(type.name, text)
    case 'array':
      return arrayOf(type.of, text)
    default:
      return text
  }
}

/** `2026-01-01 10:00:00.5+00` as `2026-01-01T10:00:00.500000Z`; years of other lengths as ISO has them. */
function isoText(name, text) {
  const parts = /^(\d+)-(\d\d)-(\d\d)(?: (\d\d:\d\d:\d\d)(?:\.(\d+))?(?:\+00)?)?( BC)?$/.exec(text)
  if (parts === null) return text
  const [, years, month, day, time, fraction = '', bc] = parts
  const year = bc === undefined ? Number(years) : 1 - Number(years)
  const sign = year < 0 ? '-' : year > 9999 ? '+' : ''
  const shown = String(Math.abs(year)).padStart(sign ? 6 : 4, '0')
  const date = `${sign}${shown}-${month}-${day}`
  if (name === 'date') return date
  return `${date}T${time}.${fraction.padEnd(6, '0')}${name === 'timestamptz' ? 'Z' : ''}`
}

/** The elements of an array's text; those of int8 stay text, as in an application's rows. */
function arrayOf(of, text) {
  let at = text.startsWith('[') ? text.indexOf('=') + 1 : 0
  const list = () => {
    const items = []
    at++
    while (text[at] !== '}') {
      if (text[at] === ',') at++
      else if (text[at] === '{') items.push(list())
      else items.push(element())
    }
    at++
    return items
  }
  const element = () => {
    let raw = ''
    if (text[at] === '"') {
      for (at++; text[at] !== '"'; at++) raw += text[at] === '\\' ? text[++at] : text[at]
      at++
    } else {
      while (text[at] !== ',' && text[at] !== '}') raw += text[at++]
      if (raw === 'NULL') return null
    }
    if (of.name === 'int8' || of.name === 'bytea') return raw
    return fromText(of, raw)
  }
  return list()
}

/** Are two values of a row the same, to the depths? */
export function same(a, b) {
  if (Object.is(a, b) || (a === 0 && b === 0)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
  )
}

/** A value for people. */
export function shown(value) {
  const text = JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v)) ?? 'undefined'
  return text.length > 160 ? `${text.slice(0, 160)}… (${text.length} characters)` : text
}
