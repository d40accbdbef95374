// A database of its own on the server of HAVERSACK_TEST_DATABASE_URL, attached, with an endpoint.

import { execFile } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'

import { HOST, Server, freePort } from './processes.mjs'

const run = promisify(execFile)

/** The value of a variable that `cargo xtask test` sets. */
function required(name) {
  const value = process.env[name]
  if (!value)
    throw new Error(`${name} is not set; run this by cargo xtask test or cargo xtask bench`)
  return value
}

export class Backend {
  #admin
  #client
  #database
  #env
  #origins
  #port
  #schema
  #secret
  #server

  /**
   * `schema`: the folder with migrations and haversack.toml. `sql`: statements to run before
   * attaching. `seed`: load its seed data. `origins`: of the pages that may use the endpoint.
   */
  static async start({ schema, sql = '', seed = false, origins = [] }) {
    const backend = new Backend()
    backend.#schema = schema
    backend.#origins = origins
    backend.#secret = randomBytes(32).toString('hex')
    await backend.#createDatabase()
    await backend.#command('migrate')
    if (sql) await backend.sql(sql)
    const { stdout } = await backend.attach()
    const login = /^HAVERSACK_DATABASE_URL=(.*)$/m.exec(stdout)?.[1]
    if (!login) throw new Error(`attach printed no HAVERSACK_DATABASE_URL:\n${stdout}`)
    if (seed) await backend.#seed()
    backend.#env.HAVERSACK_DATABASE_URL = login
    backend.#env.HAVERSACK_JWT_SECRET = backend.#secret
    backend.#port = await freePort()
    await backend.serve()
    return backend
  }

  get url() {
    return `http://${HOST}:${this.#port}`
  }

  get port() {
    return this.#port
  }

  /** The endpoint's process. */
  get pid() {
    return this.#server.process.pid
  }

  /** The database's URL, as its owner. */
  get databaseUrl() {
    return this.#env.DATABASE_URL
  }

  /** The same, as the endpoint's role. */
  get loginUrl() {
    return this.#env.HAVERSACK_DATABASE_URL
  }

  /** What the endpoint said. */
  get log() {
    return this.#server.said
  }

  /** Starts the endpoint, always on the same port. */
  async serve() {
    const env = { ...this.#env }
    // The endpoint has to do with the login role alone.
    delete env.DATABASE_URL
    const origins = this.#origins.flatMap((origin) => ['--allow-origin', origin])
    const args = ['serve', '--schema', this.#schema, '--listen', `${HOST}:${this.#port}`]
    this.#server = new Server('the endpoint', required('HAVERSACK_BIN'), [...args, ...origins], env)
    await this.#server.ready(`${this.url}/health`)
  }

  /** Applies what another folder's migrations have more, and serves that schema from now on. */
  async migrateTo(schema) {
    await this.#server.end('SIGTERM')
    this.#schema = schema
    await this.#command('migrate')
    await this.attach()
    await this.serve()
  }

  /** Attaches the database, for the first time or after a migration. */
  attach() {
    return this.#command('attach')
  }

  /** Ends the endpoint: 'SIGTERM', or 'SIGKILL'. */
  async end(signal = 'SIGTERM') {
    await this.#server.end(signal)
  }

  /** A token for a user; `seconds` may be negative, for an expired one. */
  token(user, { seconds = 3600, secret = this.#secret } = {}) {
    const now = Math.floor(Date.now() / 1000)
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { sub: user, iat: now, exp: now + seconds, jti: randomBytes(8).toString('hex') }
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
  }

  /** What Postgres says, asked as the owner and past every part of Haversack. */
  async sql(text, values = []) {
    return (await this.#client.query(text, values.length ? values : undefined)).rows
  }

  /** Makes a copy of the database as it is now; the endpoint is away meanwhile. */
  async backup() {
    await this.end()
    await this.#client.end()
    await this.#admin.query(`create database ${this.#database}_backup template ${this.#database}`)
    await this.#connect()
    await this.serve()
  }

  /** Puts the copy in the database's place, as a restore does, without the endpoint. */
  async restore() {
    await this.#client.end()
    await this.#admin.query(`drop database ${this.#database} with (force)`)
    await this.#admin.query(`alter database ${this.#database}_backup rename to ${this.#database}`)
    await this.#connect()
  }

  async stop() {
    await this.#server?.end('SIGTERM')
    await this.#command('detach').catch(() => {})
    await this.#client.end()
    await this.#admin.query(`drop database if exists ${this.#database} with (force)`)
    await this.#admin.end()
  }

  async #createDatabase() {
    const admin = required('HAVERSACK_TEST_DATABASE_URL')
    this.#database = `haversack_${randomBytes(6).toString('hex')}`
    this.#admin = new pg.Client({ connectionString: admin })
    await this.#admin.connect()
    await this.#admin.query(`create database ${this.#database}`)
    const url = new URL(admin)
    url.pathname = `/${this.#database}`
    this.#env = { ...process.env, DATABASE_URL: url.href }
    await this.#connect()
  }

  async #connect() {
    this.#client = new pg.Client({ connectionString: this.databaseUrl })
    // Ending the database under the client at the end is no error.
    this.#client.on('error', () => {})
    await this.#client.connect()
  }

  #command(verb, ...args) {
    const all = [verb, '--schema', this.#schema, ...args]
    return run(required('HAVERSACK_BIN'), all, { env: this.#env })
  }

  async #seed() {
    const folder = await mkdtemp(join(tmpdir(), 'haversack-seed-'))
    try {
      await run(process.execPath, [join(this.#schema, 'seed/generate.mjs'), folder])
      await this.#command('seed', '--from', folder)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}
