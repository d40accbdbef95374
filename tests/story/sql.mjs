// What Postgres says, asked as the owner and past every part of Haversack.

import pg from 'pg'

export class Sql {
  #client

  static async connect(url) {
    const sql = new Sql()
    sql.#client = new pg.Client({ connectionString: url })
    await sql.#client.connect()
    return sql
  }

  async end() {
    await this.#client.end()
  }

  async rows(text, values = []) {
    return (await this.#client.query(text, values)).rows
  }

  /** The one value of the one row. */
  async value(text, values = []) {
    const [row] = await this.rows(text, values)
    return row === undefined ? undefined : Object.values(row)[0]
  }

  /** How many events a user has. */
  async eventCount(user) {
    return Number(
      await this.value('select count(*) from events where user_id = $1 and deleted_at is null', [
        user,
      ]),
    )
  }

  /** The titles of the user's events that contain a text, sorted. */
  async titles(user, text) {
    const rows = await this.rows(
      'select title from events where user_id = $1 and strpos(title, $2) > 0 and deleted_at is null',
      [user, text],
    )
    return rows.map((row) => row.title).sort()
  }

  async addEvent(user, title, day) {
    return this.value(
      'insert into events (user_id, title, due_date, priority) values ($1, $2, $3, 3) returning event_id',
      [user, title, `${day}T00:00:00Z`],
    )
  }

  async event(key) {
    const [row] = await this.rows('select * from events where event_id = $1', [key])
    return row
  }

  /** How many mutations of the user's replicas have been judged. */
  async judged(user) {
    return Number(
      await this.value(
        'select coalesce(sum(last_seq), 0) from haversack.replicas where user_id = $1::text',
        [String(user)],
      ),
    )
  }

  /** Resolves when a query gives this value; else rejects, naming what it gives. */
  async until(wanted, text, values = [], timeoutMs = 15_000) {
    const end = Date.now() + timeoutMs
    for (;;) {
      const found = await this.value(text, values)
      if (String(found) === String(wanted)) return
      if (Date.now() > end)
        throw new Error(`after ${timeoutMs} ms SQL says ${found}, not ${wanted}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
