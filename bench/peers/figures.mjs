// Which figures there are, how they are called and how they read. Lower is better in every one.

/** Kinds of figures in the order of table and chart; `goal`: how many times quicker than idb. */
export const FIGURES = [
  { key: 'get', label: 'get', says: 'a row by its key' },
  { key: 'compound', label: 'compound', says: 'two conditions, ordered, limit 50', goal: 1_000 },
  { key: 'range', label: 'range', says: 'seven days, ordered' },
  { key: 'json', label: 'JSON', says: 'a value within JSON, ordered', goal: 120 },
  { key: 'text', label: 'full text', says: 'two words, ordered', goal: 5_000 },
  { key: 'page', label: 'page 37', says: 'of 50 rows, ordered', goal: 10_000 },
  { key: 'group', label: 'group', says: 'count, sum and max by status', goal: 3_000 },
  { key: 'readAll', label: 'read all', says: 'after a write', goal: 3_000 },
  { key: 'live', label: 'live', says: 'from a write to the callback' },
  { key: 'bulkInsert', label: 'bulk insert', says: 'all rows, from opening until on disk' },
  { key: 'bulkInsertText', label: 'bulk, words', says: 'the same with an index of words' },
  { key: 'insert_strict', label: 'insert, strict', says: 'one row, flushed to disk' },
  { key: 'update_strict', label: 'update, strict', says: 'one row, flushed to disk' },
  { key: 'insert_relaxed', label: 'insert, relaxed', says: 'one row, not flushed' },
  { key: 'update_relaxed', label: 'update, relaxed', says: 'one row, not flushed' },
  { key: 'reload', label: 'reload', says: 'from navigation to the first answer' },
  { key: 'restart', label: 'restart', says: 'the same, of a new browser' },
  { key: 'size', label: 'size, brotli', says: 'all that a page loads', bytes: true },
  { key: 'memory', label: 'memory', says: 'of the page, all answers given once', bytes: true },
]

const grouped = (n) => Math.round(n).toLocaleString('en')

function threeDigits(n) {
  if (n >= 100) return grouped(n)
  return n.toFixed(n >= 10 ? 1 : 2)
}

function time(ms) {
  if (ms >= 1) return `${threeDigits(ms)} ms`
  if (ms >= 0.001) return `${threeDigits(ms * 1e3)} µs`
  return `${threeDigits(ms * 1e6)} ns`
}

function bytes(n) {
  return n >= 1e6 ? `${threeDigits(n / 1e6)} MB` : `${threeDigits(n / 1e3)} KB`
}

/** A figure as it is read; null is none. */
export function shown(figure, value) {
  if (value === null || value === undefined) return '–'
  return figure.bytes ? bytes(value) : time(value)
}

/** How many times as much. */
export function times(ratio) {
  if (ratio >= 10) return `${grouped(ratio)}×`
  return `${ratio.toFixed(ratio >= 0.095 ? 1 : 2)}×`
}
