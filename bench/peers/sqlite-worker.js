// The worker in which SQLite runs: one database in the OPFS pool, one prepared statement per question.

import sqlite3InitModule from '@sqlite.org/sqlite-wasm'
import { COLUMNS } from './sqlite-columns.js'

const ALL = COLUMNS.map((column) => `e.${column}`).join(', ')
const EVENTS = `select ${ALL} from events e`

const SCHEMA = `
create table if not exists events (
  event_id integer primary key, user_id integer not null, event_type_id integer, title text not null,
  description text, completed_date text, status text not null, is_favorite integer not null,
  custom_fields text, created_at text, updated_at text, deleted_at text, priority integer,
  budget real, location text, due_date text
);
create index if not exists by_priority on events (user_id, priority, due_date);
-- All that the groups ask for, so that they read the index alone.
create index if not exists by_due on events (due_date, event_id, status, priority);
create index if not exists by_country on events (custom_fields ->> '$.country', due_date);
`

const FULL_TEXT = `
create virtual table if not exists texts using fts5 (
  title, description, content = 'events', content_rowid = 'event_id',
  tokenize = "unicode61 remove_diacritics 0"
);
create trigger if not exists texts_inserted after insert on events begin
  insert into texts (rowid, title, description) values (new.event_id, new.title, new.description);
end;
create trigger if not exists texts_updated after update of title, description on events begin
  insert into texts (texts, rowid, title, description)
  values ('delete', old.event_id, old.title, old.description);
  insert into texts (rowid, title, description) values (new.event_id, new.title, new.description);
end;
`

const QUESTIONS = {
  get: `${EVENTS} where event_id = ?`,
  compound: `${EVENTS} where user_id = ? and priority between ? and ? and due_date >= ?
    order by due_date, event_id limit 50`,
  range: `${EVENTS} where due_date between ? and ? order by due_date, event_id`,
  json: `${EVENTS} where custom_fields ->> '$.country' = ? and due_date >= ?
    order by due_date, event_id`,
  text: `${EVENTS} where event_id in (select rowid from texts where texts match ?)
    and due_date >= ? order by due_date, event_id`,
  page: `${EVENTS} where due_date >= ? order by due_date, event_id limit ? offset ?`,
  group: `select status, count(*), sum(priority), max(due_date) from events where due_date >= ?
    group by status order by status`,
  readAll: `${EVENTS} order by event_id`,
}

let db
const statements = new Map()

function prepared(sql) {
  if (!statements.has(sql)) statements.set(sql, db.prepare(sql))
  return statements.get(sql)
}

const WORK = {
  async open({ strict, text }) {
    const sqlite3 = await sqlite3InitModule({ locateFile: (name) => `/${name}` })
    const pool = await sqlite3.installOpfsSAHPoolVfs({ name: 'bench' })
    db = new pool.OpfsSAHPoolDb('/bench.sqlite3')
    // Without a second process a write-ahead log has no use, and the pool has none; the journal that
    // is cut short instead of deleted is the quickest that is safe.
    db.exec(`
      pragma locking_mode = exclusive;
      pragma journal_mode = truncate;
      pragma synchronous = ${strict ? 'full' : 'normal'};
      pragma temp_store = memory;
      pragma cache_size = -32768;
    `)
    db.exec(SCHEMA)
    if (text) db.exec(FULL_TEXT)
  },

  insert(rows) {
    const insert = prepared(`insert into events values (${COLUMNS.map(() => '?').join(', ')})`)
    db.exec('begin')
    for (const row of rows) insert.bind(row).stepReset()
    db.exec('commit')
  },

  update({ key, set }) {
    const columns = Object.keys(set)
    const sets = columns.map((column) => `${column} = ?`).join(', ')
    prepared(`update events set ${sets} where event_id = ?`)
      .bind([...Object.values(set), key])
      .stepReset()
  },

  close() {
    for (const statement of statements.values()) statement.finalize()
    statements.clear()
    db.close()
  },
}

function ask(sql, given) {
  const statement = prepared(sql)
  if (given.length) statement.bind(given)
  const rows = []
  while (statement.step()) rows.push(statement.get([]))
  statement.reset()
  return rows
}

self.onmessage = async ({ data: { n, name, given } }) => {
  try {
    const result = name in QUESTIONS ? ask(QUESTIONS[name], given) : await WORK[name](given)
    self.postMessage({ n, result })
  } catch (error) {
    self.postMessage({ n, error: String(error?.message ?? error) })
  }
}
