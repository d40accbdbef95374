// Values for a column: good ones, those at the edge of what its type holds, and those beyond it.
// What is given is JSON, as operations carry it: int8, bytes and dates are text.

const UUID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'
const WORDS = ['alpha', 'Beta', 'gamma delta', 'x', 'naïve', 'Straße', 'İstanbul', 'заметка']
const ODD_TEXTS = [
  '',
  ' ',
  ' padded ',
  'tab\tand\nline',
  `it's "quoted" \\ and %_`,
  'e\u0301 is not \u00e9',
  '\u{1f392}\u{1f469}\u200d\u{1f680}',
  '\u202eright to left',
  '\ufeff',
  '\u{10ffff}',
  'NULL',
]

const INT_RANGES = { int2: 32767n, int4: 2147483647n, int8: 9223372036854775807n }

/** A whole number as the API takes it: a number, or text where a number would not be exact. */
function whole(int, type) {
  return type === 'int8' ? String(int) : Number(int)
}

function digits(random, count) {
  let text = String(random.int(1, 9))
  while (text.length < count) text += random.int(0, 9)
  return text
}

function isoDate(random, low = 1970, high = 2040) {
  const two = (n) => String(n).padStart(2, '0')
  return `${random.int(low, high)}-${two(random.int(1, 12))}-${two(random.int(1, 28))}`
}

function clock(random) {
  const two = (n) => String(n).padStart(2, '0')
  const fraction = random.pick(['', '', '.5', '.123', '.123456'])
  return `${two(random.int(0, 23))}:${two(random.int(0, 59))}:${two(random.int(0, 59))}${fraction}`
}

const text = (random) =>
  random.chance(0.2) ? random.pick(ODD_TEXTS) : `${random.pick(WORDS)} ${random.int(0, 99)}`

/** Cuts or fills a text to a number of characters, as Postgres counts them. */
function ofLength(random, count) {
  const unit = random.pick(['a', 'é', '\u{1f392}'])
  return unit.repeat(count)
}

function json(random, depth = 0) {
  switch (random.weighted({ scalar: 6, object: depth > 2 ? 0 : 3, list: depth > 2 ? 0 : 2 })) {
    case 'object': {
      const keys = ['a', 'bb', 'Z', 'é', '', 'a b', '10', '9']
      const count = random.int(0, 3)
      return Object.fromEntries(
        Array.from({ length: count }, () => [random.pick(keys), json(random, depth + 1)]),
      )
    }
    case 'list':
      return Array.from({ length: random.int(0, 3) }, () => json(random, depth + 1))
    default:
      return random.pick([
        depth ? null : true,
        true,
        false,
        0,
        -1,
        1.5,
        0.1,
        1e21,
        1e-7,
        9007199254740993,
        'text',
        '',
        'quote " and \\',
        `see [[${random.pick(WORDS)} ${random.int(0, 9)}]], [[ Übermut]] and [[${random.pick(WORDS)}]]`,
        '\u{1f392}',
        String(random.int(0, 999)),
      ])
  }
}

/** How a type is made: values that are good, at the edge, and wrong. */
const TYPES = {
  bool: {
    good: (r) => r.chance(0.5),
    edge: (r) => r.chance(0.5),
    wrong: () => 'maybe',
  },
  int: {
    good: (r, { name }) => whole(BigInt(r.int(-20, 200)), name),
    edge: (r, { name }) =>
      whole(r.pick([0n, 1n, -1n, INT_RANGES[name], -INT_RANGES[name] - 1n]), name),
    wrong: (r, { name }) =>
      r.pick([
        name === 'int8' ? '9223372036854775808' : Number(INT_RANGES[name] + 1n),
        name === 'int8' ? '-9223372036854775809' : -Number(INT_RANGES[name]) - 2,
        1.5,
        'abc',
        '',
        '1.0',
        '1e3',
        '0x',
      ]),
  },
  float: {
    good: (r) => r.pick([0.5, 1, -2.25, r.int(-1000, 1000) / 8, r.unit()]),
    edge: (r, { name }) =>
      r.pick(
        name === 'float4'
          ? ['NaN', 'Infinity', '-Infinity', 3.4028235e38, 1e-45, 0.1, 16777217]
          : ['NaN', 'Infinity', '-Infinity', 1.7976931348623157e308, 5e-324, 0.1, '-0'],
      ),
    wrong: (r) => r.pick(['abc', '', '1e400', '--1']),
  },
  numeric: {
    good: (r, { precision: p = 8, scale: s = 2 }) => {
      const left = digits(r, Math.max(1, r.int(1, Math.max(1, Math.min(p - s, 9)))))
      return s > 0 && r.chance(0.7) ? Number(`${left}.${digits(r, Math.min(s, 5))}`) : Number(left)
    },
    edge: (r, { precision: p, scale: s = 0 }) => {
      if (p === undefined) return r.pick(['NaN', '0.10', '-0', '1e30', `${digits(r, 40)}.5`])
      const nines = `${'9'.repeat(p - s) || '0'}${s > 0 ? `.${'9'.repeat(s)}` : ''}`
      return r.pick([nines, `-${nines}`, `0.${'0'.repeat(s)}5`, `0.${'0'.repeat(s)}4999`, ' 1 ', 0])
    },
    wrong: (r, { precision: p, scale: s = 0 }) =>
      r.pick([
        'abc',
        '',
        '1,5',
        ...(p === undefined
          ? []
          : [`1${'0'.repeat(p - s)}`, `${'9'.repeat(p - s)}.${'9'.repeat(s + 1)}`]),
      ]),
  },
  text: {
    good: text,
    edge: (r) => r.pick([...ODD_TEXTS, 'long '.repeat(2000)]),
    wrong: text,
  },
  varchar: {
    good: (r, { length }) => [...text(r)].slice(0, length ?? 40).join(''),
    edge: (r, { length = 40 }) =>
      r.pick([ofLength(r, length), `${ofLength(r, length)}  `, r.pick(ODD_TEXTS)]),
    wrong: (r, { length = 40 }) => ofLength(r, length + 1),
  },
  char: {
    good: (r, { length }) => 'abcdefghij'.repeat(9).slice(0, r.int(1, length)),
    edge: (r, { length }) => r.pick(['', ' ', ofLength(r, length), `${ofLength(r, length)} `]),
    wrong: (r, { length }) => ofLength(r, length + 1),
  },
  uuid: {
    good: (r) => UUID.replace(/[0-9a-f](?=.{0,11}$)/g, () => r.int(0, 15).toString(16)),
    edge: (r) =>
      r.pick([
        UUID.toUpperCase(),
        `{${UUID}}`,
        UUID.replaceAll('-', ''),
        '00000000-0000-0000-0000-000000000000',
      ]),
    wrong: (r) => r.pick(['', 'x', UUID.slice(1), `${UUID}0`, UUID.replace('3', 'g')]),
  },
  date: {
    good: (r) => isoDate(r),
    edge: (r) =>
      r.pick([
        '0001-01-01',
        '4713-01-01 BC',
        '5874897-12-31',
        'infinity',
        '-infinity',
        '2024-02-29',
      ]),
    wrong: (r) => r.pick(['2026-02-29', '2026-13-01', '2026-00-10', 'soon', '', '5874898-01-01']),
  },
  time: {
    good: clock,
    edge: (r) => r.pick(['00:00', '24:00:00', '23:59:60', '10:00:00.1234567', '23:59:59.9999999']),
    wrong: (r) => r.pick(['25:00:00', '10:61:00', 'noon-ish', '', '24:00:01']),
  },
  timestamp: {
    good: (r) => `${isoDate(r)}T${clock(r)}`,
    edge: (r) =>
      r.pick([
        '0001-01-01T00:00:00',
        '4713-01-01 00:00:00 BC',
        '294276-12-31T23:59:59.999999',
        'infinity',
        '-infinity',
        '2026-01-01T24:00:00',
        '2016-12-31T23:59:60',
        '2026-01-01T00:00:00.1234565',
        '1999-12-31T23:59:59.9999999',
        '2026-01-01',
      ]),
    wrong: (r) =>
      r.pick(['294277-01-01T00:00:00', '2026-02-30T00:00:00', '2026-01-01T25:00:00', 'later', '']),
  },
  timestamptz: {
    good: (r) => `${isoDate(r)}T${clock(r)}${r.pick(['Z', '+00', '+02:00', '-05:30', ''])}`,
    edge: (r) =>
      r.pick([
        '0001-01-01T00:00:00Z',
        '4713-01-01 00:00:00+00 BC',
        '294276-12-31T23:59:59.999999Z',
        'infinity',
        '-infinity',
        '2026-01-01T00:00:00+14',
        '2026-06-30T24:00:00-12:00',
        '2026-01-01T00:00:00.1234565Z',
      ]),
    wrong: (r) =>
      r.pick(['294277-01-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-01-01T00:00:00+17', 'x', '']),
  },
  interval: {
    good: (r) => r.pick(['1 day', '02:30:00', '1 year 2 mons', '90 days', '-3 days']),
    edge: (r) => r.pick(['00:00:00', '1 mon -1 days', '178000000 years', '0.5 days', 'P1Y2M3DT4H']),
    wrong: (r) => r.pick(['later', '', '1 fortnightish']),
  },
  json: {
    good: (r) => json(r),
    edge: (r) => r.pick([{}, [], '', 0, { a: { b: { c: [[[]]] } } }, [null], { '': null }]),
    // A character that no text of Postgres holds; other JSON is never wrong.
    wrong: (r) => r.pick([['\u0000'], { a: '\u0000' }]),
  },
  bytea: {
    good: (r) => `\\x${digits(r, 8)}`,
    edge: (r) => r.pick(['\\x', '\\x00ff', `\\x${'ab'.repeat(500)}`]),
    wrong: (r) => r.pick(['\\x0', '\\xgg']),
  },
  enum: {
    good: (r, { labels }) => r.pick(labels),
    edge: (r, { labels }) => r.pick([labels[0], labels.at(-1)]),
    wrong: (r, { labels }) =>
      r.pick(['', 'nonesuch', `${labels[0]} `, labels[0].toUpperCase() + 'X']),
  },
}

/** The same of the types that few schemas have: good texts, those at the edge, and wrong ones. */
const RARE = {
  inet: [
    ['10.0.0.1', '10.1.2.3/16', '192.168.1.7', '2001:db8::1', '::1/64'],
    ['1.2.3.4.', '1.2./16', '0::1.2.3', '::ffff:1.2.3.4', '0.0.0.0/0', '010.0.0.1', '::1:/128'],
    ['10', '1.2.3.256', '1.2.3.4/33', '1::2::3', '0xa/8', ' 10.0.0.1', '10.1/24', ''],
  ],
  cidr: [
    ['10.0.0.0/8', '10.0.0.0/16', '192.168.1.0/24', '2001:db8::/32', '10.1.2.3'],
    ['0xa', '0xa/8', '0XC0A80101', '10', '224', '192.1', '::/0', '0::1.2.3'],
    ['10.0.0.1/8', '1.2.', '0x', '0xC0A8010101', '::1/64', ''],
  ],
  macaddr: [
    ['08:00:2b:01:02:03', '08-00-2b-01-02-04', '08002b010205', '0800.2b01.0206'],
    ['8:0:2b:1:2:3', '008:0000:2b:1:2:3', '1 2 3 4 5 6', '0x1:+2:3:4:5:6', ' 1:2:3:4:5:6 '],
    ['100:0:0:0:0:0', '-1:0:0:0:0:0', '1:2:3:4:5', '1:2:3:4:5:6 7', '\u00a01:2:3:4:5:6', ''],
  ],
  bit: [
    ['10101010', '00000000', '11111111'],
    ['xA5', 'b00001111', 'XfF'],
    ['1010', '101010101', '1010101x', ''],
  ],
  'bit varying': [
    ['101', '11111', '0'],
    ['x5', 'b1', ''],
    ['101010', 'xff', '12', ' 1'],
  ],
  int4range: [
    ['[1,5)', '[3,9]', '(,4]', '[7,)'],
    ['empty', ' EMPTY ', '(1,2)', '(,)', '[ 1 , "5" ]', '[1,2147483647)'],
    ['[2,1]', '[1,2147483647]', '[1,5', '[a,5)', '[1,5) x', '\u00a0[1,5)', ''],
  ],
  int8range: [
    ['[1,5)', '[9000000000,9000000005]'],
    ['empty', '(,9223372036854775807)', '(1,2)'],
    ['(9223372036854775807,)', '[9223372036854775808,)', '[1'],
  ],
  numrange: [
    ['[1,5.50)', '(1.0,2]', '[0.5,)'],
    ['[1.00,5.5)', '(1.0,1.00]', '[1.0,1.00]', '[-Infinity,NaN]', '[1e1,2e1]'],
    ['[2,1]', '[x,1]', '[NaN,1]', '[1,""]'],
  ],
  daterange: [
    ['[2024-01-01,2024-02-01)', '[2024-02-28,2024-02-29]', '(,2024-01-01)'],
    ['[-infinity,infinity]', '(infinity,)', '(2024-02-28,2024-02-29)', '[0044-03-15 BC,)'],
    ['[2024-02-30,)', '(5874897-12-31,)', '[2024-01-02,2024-01-01]', '[2024-01-01'],
  ],
  tsrange: [
    ['[2024-01-01 10:00,2024-01-01 12:00)', '[2024-01-01 11:30:00.5,)'],
    ['[2024-01-01 24:00,infinity]', '[2024-01-01 1:2:3,2024-01-01 12:30.5]', 'empty'],
    ['[2024-01-01 25:00,)', '[2024-01-01 23:59:60.5,)', '[2024-01-02,2024-01-01)'],
  ],
  tstzrange: [
    ['[2024-01-01 10:00+02,2024-01-01 12:00Z)', '[2024-01-01 10:00:00.5-05:30,)'],
    ['[2024-01-01 10:00+01:02:03,)', '[2024-01-01 10:00 UTC,infinity)', 'empty'],
    ['[2024-01-01 10:00+16,)', '[2024-01-01 25:00Z,)', '(,'],
  ],
  timetz: [
    ['10:00:00+00', '10:00+02', '18:30:15.25-05:30', '23:00Z'],
    ['24:00+02', '23:59:60+00', '1:2:3+1:2:3', '10:00:00.1234567 UTC', '10:00+053'],
    ['25:00+00', '10:00+16', '23:59:60.5+00', '\u00a010:00', ''],
  ],
}

function rare(sql) {
  const name = sql
    .replace(/\(\d+\)/, '')
    .replaceAll('"', '')
    .replace(/^time with time zone$/, 'timetz')
  const [good, edge, wrong] = RARE[name] ?? []
  if (good === undefined) return undefined
  return { good: (r) => r.pick(good), edge: (r) => r.pick(edge), wrong: (r) => r.pick(wrong) }
}

function family({ name, sql }) {
  if (name === 'opaque') return rare(sql)
  if (name.startsWith('int') && name !== 'interval') return TYPES.int
  if (name.startsWith('float')) return TYPES.float
  if (name === 'jsonb') return TYPES.json
  return TYPES[name]
}

/** A value of a type: `kind` is good, edge or wrong. Undefined where nothing is known of the type. */
export function valueOf(random, type, kind) {
  if (type.name === 'array') {
    const item = (kind) => valueOf(random, type.of, kind)
    if (kind === 'good') return Array.from({ length: random.int(0, 3) }, () => item('good') ?? null)
    if (kind === 'edge') return random.pick([[], [null], [item('edge') ?? null, null]])
    return [item('good') ?? null, item('wrong') ?? null]
  }
  return family(type)?.[kind](random, type)
}
