// Raw IndexedDB and `idb`, each used at its best.

import { openDB } from 'idb'
import { median, timed } from './measure.js'

function done(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = resolve
    transaction.onabort = () => reject(transaction.error)
  })
}

/** Opens an empty database with one store without indexes. */
export async function openRaw(name) {
  await new Promise((resolve) => (indexedDB.deleteDatabase(name).onsuccess = resolve))
  const request = indexedDB.open(name)
  request.onupgradeneeded = () => request.result.createObjectStore('rows')
  await new Promise((resolve) => (request.onsuccess = resolve))
  return request.result
}

/** One put per row, no index, one transaction: how long until it completes, in milliseconds. */
export async function bulkPuts(rows, key) {
  const db = await openRaw('bench raw bulk')
  const time = await timed(() => {
    const transaction = db.transaction('rows', 'readwrite')
    const store = transaction.objectStore('rows')
    for (const row of rows) store.put(row, row[key])
    return done(transaction)
  })
  db.close()
  return time
}

/** One put in a strict transaction, in milliseconds. */
export function strictPut(db, row, key) {
  return timed(() => {
    const transaction = db.transaction('rows', 'readwrite', { durability: 'strict' })
    transaction.objectStore('rows').put(row, row[key])
    return done(transaction)
  })
}

/** `idb` with the native indexes that the two queries want. */
export async function openIdb(rows) {
  indexedDB.deleteDatabase('bench idb')
  const db = await openDB('bench idb', 1, {
    upgrade(db) {
      const store = db.createObjectStore('events', { keyPath: 'event_id' })
      store.createIndex('by_user_priority_due', ['user_id', 'priority', 'due_date'])
      // In the order of equal dates by key, as ours.
      store.createIndex('by_due', ['due_date', 'event_id'])
    },
  })
  const transaction = db.transaction('events', 'readwrite')
  for (const row of rows) transaction.store.put(row)
  await transaction.done
  return db
}

/**
 * A user's events of a range of priorities from a date on, by due date, the first 50: one range of
 * the compound index per priority, read together and merged.
 */
export async function idbCompound(db, { user, low, high, from }) {
  const index = db.transaction('events').store.index('by_user_priority_due')
  const ranges = []
  for (let priority = low; priority <= high; priority++) {
    const range = IDBKeyRange.bound([user, priority, from], [user, priority, []])
    ranges.push(index.getAll(range, 50))
  }
  const found = (await Promise.all(ranges)).flat()
  found.sort((a, b) =>
    a.due_date < b.due_date ? -1 : a.due_date > b.due_date ? 1 : a.event_id - b.event_id,
  )
  return found.slice(0, 50)
}

/** The median time of an asynchronous call, in microseconds. */
export async function asyncMicroseconds(work, calls) {
  const times = []
  for (let i = 0; i < calls; i++) times.push((await timed(() => work(i))) * 1000)
  return median(times)
}
