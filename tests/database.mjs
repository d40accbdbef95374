// Creates or drops a database on the server of DATABASE_URL, and prints its URL:
//
//   node tests/database.mjs create NAME     (one that is there already is left as it is)
//   node tests/database.mjs drop NAME

import pg from 'pg'

const [verb, name] = process.argv.slice(2)
const server = process.env.DATABASE_URL
if (!server || !name || !['create', 'drop'].includes(verb)) {
  console.error('usage: DATABASE_URL=… node tests/database.mjs create|drop NAME')
  process.exit(2)
}

const client = new pg.Client({ connectionString: server })
await client.connect()
try {
  const quoted = client.escapeIdentifier(name)
  if (verb === 'drop') {
    await client.query(`drop database if exists ${quoted} with (force)`)
  } else {
    const found = await client.query('select from pg_database where datname = $1', [name])
    if (found.rowCount === 0) await client.query(`create database ${quoted}`)
  }
} finally {
  await client.end()
}

const url = new URL(server)
url.pathname = `/${encodeURIComponent(name)}`
console.log(url.href)
