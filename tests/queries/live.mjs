// Questions that stay asked while rows are written: what a live result has become is what is found anew.

import { toQuery } from './ask.mjs'
import { toGroups } from './groups.mjs'

/**
 * Asks each question live, writes, and compares; gives the first that differs, and how many results came
 * after the first ones.
 */
export async function follow(core, tableOf, queries, write) {
  let changes = 0
  const lives = queries.map((query) => {
    const table = tableOf(query.table)
    const asked = (query.by === undefined ? toQuery : toGroups)(core, table, query)
    const live = { query, asked, rows: undefined, stop: undefined }
    live.stop = asked.live(({ rows }) => {
      if (live.rows !== undefined) changes++
      live.rows = rows
    })
    return live
  })
  await settled()
  for (let i = 0; i < WRITES; i++) {
    write()
    if (i % 3 === 0) await settled()
  }
  await settled()
  let different
  for (const { query, asked, rows } of lives) {
    const anew = asked.rows()
    // A row that did not change is the same object; groups are made anew.
    const same = query.by === undefined ? (a, b) => a === b : sameGroup
    const equal = rows.length === anew.length && rows.every((row, i) => same(row, anew[i]))
    if (!equal) different ??= { query, live: rows, anew }
  }
  for (const { stop } of lives) stop()
  return { different, changes }
}

const WRITES = 30

function sameGroup(a, b) {
  const text = (group) => JSON.stringify(group, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))
  return text(a) === text(b)
}

/** All results that are due have come. */
function settled() {
  return new Promise((resolve) => setTimeout(resolve))
}
