// How fast mutations are pushed, beside bare UPDATEs by pgbench over as many connections.

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { ROWS, USERS } from './database.mjs'
import { cpuMicroseconds, endpointBackends, median } from './processes.mjs'
import { Replica } from './replica.mjs'

const run = promisify(execFile)

/** Mutations in a push, and UPDATEs in a transaction of pgbench. */
const BATCH = 100

/** One batch: the rank of rows that follow each other, whose last rank is known. */
function batch(replica, user, ranks) {
  return Array.from({ length: BATCH }, () => {
    const n = replica.next
    replica.next = (n + 1) % ROWS
    const rank = ranks[n]++
    return replica.mutation([
      {
        op: 'update',
        table: 'notes',
        key: [String((user - 1) * ROWS + n + 1)],
        set: { rank: String(rank + 1) },
        base: { rank: String(rank) },
      },
    ])
  })
}

/** Replicas that push one batch after the other. */
export async function pushers(backend, schema) {
  const all = []
  for (let user = 1; user <= USERS; user++) {
    const replica = new Replica(backend, schema, user)
    replica.next = 0
    await replica.sync()
    all.push({ replica, user, ranks: new Array(ROWS).fill(0) })
  }
  return all
}

/** Updates a second, and what each costs Postgres, in microseconds. */
async function pushFor(backend, pushing, seconds) {
  const backends = await endpointBackends(backend)
  const before = await cpuMicroseconds(backends)
  const start = performance.now()
  const until = start + seconds * 1000
  let updates = 0
  await Promise.all(
    pushing.map(async ({ replica, user, ranks }) => {
      while (performance.now() < until) {
        const mutations = batch(replica, user, ranks)
        const { head } = await replica.sync(mutations)
        const refused = head.verdicts.find((verdict) => verdict.verdict !== 'applied')
        if (refused) throw new Error(`a mutation was not applied: ${JSON.stringify(refused)}`)
        updates += mutations.length
      }
    }),
  )
  const took = (performance.now() - start) / 1000
  const cpu = (await cpuMicroseconds(backends)) - before
  return { rate: updates / took, cpu: cpu / updates }
}

async function pgbench(backend, folder, seconds) {
  const lines = [
    `\\set first :client_id * ${ROWS} + 1 + random(0, ${ROWS / BATCH - 1}) * ${BATCH}`,
    'begin;',
  ]
  for (let i = 0; i < BATCH; i++) {
    lines.push(`\\set id :first + ${i}`, 'update bare set rank = rank + 1 where id = :id;')
  }
  lines.push('commit;')
  const file = join(folder, 'updates.sql')
  await writeFile(file, lines.join('\n'))
  const options = ['-n', '-c', USERS, '-j', 2, '-T', seconds, '-M', 'prepared', '-f', file]
  const { stdout } = await run(process.env.HAVERSACK_PGBENCH, [
    ...options.map(String),
    backend.databaseUrl,
  ])
  const tps = Number(/^tps = ([\d.]+) \(without/m.exec(stdout)?.[1])
  if (!(tps > 0)) throw new Error(`pgbench said no rate:\n${stdout}`)
  return tps * BATCH
}

/** Rounds of both, one after the other, and their medians. */
export async function measurePush(backend, schema, { rounds, seconds }) {
  const folder = await mkdtemp(join(tmpdir(), 'haversack-pgbench-'))
  const pushing = await pushers(backend, schema)
  try {
    await pushFor(backend, pushing, 1)
    const all = []
    for (let i = 0; i < rounds; i++) {
      const theirs = await pgbench(backend, folder, seconds)
      const ours = await pushFor(backend, pushing, seconds)
      all.push({ theirs, ours: ours.rate, cpu: ours.cpu, ratio: ours.rate / theirs })
    }
    return {
      theirs: median(all.map((one) => one.theirs)),
      ours: median(all.map((one) => one.ours)),
      cpu: median(all.map((one) => one.cpu)),
      ratio: median(all.map((one) => one.ratio)),
      ratios: all.map((one) => one.ratio.toFixed(2)),
    }
  } finally {
    for (const { replica } of pushing) replica.close()
    await rm(folder, { recursive: true, force: true })
  }
}
