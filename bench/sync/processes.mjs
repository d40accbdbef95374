// What processes of this machine have used, from /proc.

import { readFile } from 'node:fs/promises'

/** The CPU that processes have used so far, in microseconds; those that are gone count nothing. */
export async function cpuMicroseconds(pids) {
  const used = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/schedstat`, 'utf8').catch(() => '0')
      return Number(text.split(' ')[0]) / 1000
    }),
  )
  return used.reduce((sum, one) => sum + one, 0)
}

/** What a process holds in memory, in bytes. */
export async function residentBytes(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]) * 1024
}

/** The Postgres processes that serve the endpoint. */
export async function endpointBackends(backend) {
  const rows = await backend.sql(
    `select pid from pg_stat_activity where datname = current_database()
     and pid <> pg_backend_pid() and usename <> current_user`,
  )
  return rows.map((row) => row.pid)
}

/** The one in the middle. */
export function median(numbers) {
  return percentile(numbers, 0.5)
}

/** The value that a share of the numbers does not exceed. */
export function percentile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}
