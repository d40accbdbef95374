// What TypeScript adds to a query: builds and runs queries on a binding that answers at once.
// `node js/bench/overhead.mjs` prints microseconds per query, the median of several batches.
// The queries' real cost is measured in Chromium, by `bench/`.

import { build } from 'esbuild'

const text = `
export { makeDatabase } from './database.ts'
export { Instance } from './replica.ts'
export { between } from './operators.ts'
`
const bundle = await build({
  stdin: { contents: text, resolveDir: new URL('../src', import.meta.url).pathname, loader: 'ts' },
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  write: false,
})
const source = Buffer.from(bundle.outputFiles[0].contents).toString('base64')
const { makeDatabase, Instance, between } = await import(`data:text/javascript;base64,${source}`)

const ROWS = 10_000
const HITS = 50
const memory = new WebAssembly.Memory({ initial: 1 })
new Uint32Array(memory.buffer).set(Array.from({ length: HITS }, (_, i) => i * 7))
/** In the upper half of the memory, behind the hits. */
const PARAMS_AT = 32768
const numbers = new Float64Array(memory.buffer, PARAMS_AT, 2)
const client = {
  find_int: (_table, key) => key % ROWS,
  rows: (_table, slots) => Array.from(slots, (id) => Object.freeze({ id })),
  compile: () => 0,
  reserve: () => {},
  params_ptr: () => PARAMS_AT,
  text_ptr: () => PARAMS_AT * 2,
  run: () => {
    numbers[0] = 0
    return HITS
  },
  take_dirty: () => new Uint32Array(),
}
const column = (name, type) => ({ name, type: { name: type } })
const { database: db } = makeDatabase(new Instance(memory), client, [
  {
    name: 'events',
    primary_key: ['id'],
    columns: [
      column('id', 'int4'),
      column('user_id', 'uuid'),
      column('priority', 'int4'),
      column('due_date', 'timestamptz'),
    ],
  },
])

const users = Array.from(
  { length: 1000 },
  (_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
)
const cases = {
  'compound query, 50 rows': (i) =>
    db.events
      .where({ user_id: users[i % 1000], priority: between(i % 5, 5) })
      .orderBy('due_date')
      .limit(HITS)
      .rows().length,
  'the same, kept and run again': (
    (query) => () =>
      query.rows().length
  )(
    db.events
      .where({ user_id: users[0], priority: between(4, 5) })
      .orderBy('due_date')
      .limit(HITS),
  ),
  'building alone': (i) =>
    db.events
      .where({ user_id: users[i % 1000], priority: between(i % 5, 5) })
      .orderBy('due_date')
      .limit(HITS).limitCount ?? 0,
  'get by key': (i) => db.events.get(i % ROWS).id,
}

const BATCH = 100_000
for (const [name, run] of Object.entries(cases)) {
  const times = []
  for (let batch = 0; batch < 9; batch++) {
    const start = performance.now()
    for (let i = 0; i < BATCH; i++) sum += run(i)
    times.push(((performance.now() - start) * 1000) / BATCH)
  }
  const median = times.sort((a, b) => a - b)[times.length >> 1]
  console.log(`${name.padEnd(32)} ${median.toFixed(3)} µs`)
}
if (Number.isNaN(sum)) throw new Error('nothing was computed')
