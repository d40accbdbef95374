// A round: writes, each carried out by the core and by Postgres from the same state, and compared.

import { statement } from './backend.mjs'
import { Core } from './core.mjs'
import { fromText, same, shown } from './text.mjs'

/** All rows are compared after so many writes, and at the end. */
const WRITES_BETWEEN_LOOKS = 100
/** From here on, keys that no row of a test has. */
const UNUSED_KEY = 30_001

/** The core and Postgres disagree. */
export class Difference extends Error {
  /** `cause`: the same for all differences of one kind. */
  constructor(cause, detail) {
    super(detail)
    this.cause = cause
  }
}

export class Round {
  #database
  #rules
  #counts
  #now
  #writes = 0

  static async begin(database, rules, counts) {
    const round = new Round()
    round.#database = database
    round.#rules = rules
    round.#counts = counts
    round.#now = await database.begin()
    await round.#open()
    return round
  }

  /** Ends the round: Postgres is as before it. */
  async end() {
    await this.core.close()
    await this.#database.end()
  }

  /** The core takes over what Postgres has. */
  async #open() {
    const { schema, identity } = this.#database
    await this.core?.close()
    const rows = await this.#database.rows()
    for (const name of this.#rules.written) rows.delete(name)
    const { hooks } = this.#database
    this.core = await Core.open({ schema, identity, now: this.#now, rows, hooks })
  }

  /** After a difference: the round goes on from Postgres's state. */
  async recover() {
    await this.#open()
  }

  /**
   * Writes, and compares what came of it.
   *
   * @throws Difference
   */
  async write(ops) {
    this.made = undefined
    const core = this.core.write(ops)
    const made = ops.map((op, i) => this.#made(op, core.keys?.[i]))
    this.made = made
    const { casts } = this.#database.catalog
    const statements = ops.map((op, i) => statement(this.#table(op.table), casts, op, made[i]))
    const postgres = await this.#database.run(statements)
    if (postgres.error !== undefined) {
      await this.#database.undo()
      await this.#refused(ops, core.error, postgres.error)
    } else {
      const rows = await this.#database.keep(postgres.touched)
      if (core.error !== undefined) {
        this.#count('refused by the core alone', ops.length)
        const verdict = verdictOf(core.error)
        throw new Difference(
          `core ${verdict}, Postgres ok`,
          `the core refuses (${verdict}: ${core.error.message}), Postgres does not`,
        )
      }
      this.#count('ok', ops.length)
      await this.#compareTouched(ops, postgres.touched, rows)
    }
    if (++this.#writes % WRITES_BETWEEN_LOOKS === 0) await this.look()
  }

  /**
   * What the core says where new rows get keys that nothing refers to. Opened anew it may give the key
   * of a row that was deleted before, which a sequence never does.
   */
  async #saysWithOtherKeys(ops) {
    const spelled = ops.map((op, i) => {
      const table = this.#table(op.table)
      const key = table.columns.find(
        ({ name, default: made }) => made?.kind === 'sequence' && table.primary_key.includes(name),
      )
      if (op.op !== 'insert' || key === undefined || key.name in op.values) return op
      return { ...op, values: { [key.name]: UNUSED_KEY + i, ...op.values } }
    })
    const { error } = this.core.write(spelled)
    if (error !== undefined) return verdictOf(error)
    await this.#open()
    return 'ok'
  }

  /** Compares all rows of all tables. @throws Difference */
  async look() {
    const all = await this.#database.rows()
    for (const table of this.#database.schema.tables) {
      if (this.#rules.written.has(table.name)) continue
      const rows = all.get(table.name)
      for (const row of rows) this.#compareRow(table, row, this.core.row(table, keyOf(table, row)))
      const count = this.core.rows(table.name).length
      if (count !== rows.length) {
        throw new Difference(
          `rows of ${table.name}`,
          `${table.name} has ${count} rows in the core and ${rows.length} in Postgres`,
        )
      }
    }
  }

  async #refused(ops, core, postgres) {
    const verdict = verdictOf(postgres)
    const said = core === undefined ? 'ok' : verdictOf(core)
    const excuse = this.#rules.excuse(postgres)
    if (said === verdict) return this.#count(verdict)
    if (/^2350[35]/.test(said) && (await this.#saysWithOtherKeys(ops)) === verdict) {
      return this.#count(verdict)
    }
    if (excuse !== undefined) {
      this.#count(excuse)
      if (core === undefined) await this.#open()
      return
    }
    // Of a row that isn't there Postgres never looks at the values. This comes before the values
    // are tried one by one, which writes to the core what it then has to forget.
    if (verdict === 'row_not_found' && said.startsWith('22')) return this.#count(verdict)
    // Of several values that are wrong by themselves Postgres names one of its own choice.
    if (said.startsWith('22') && this.#wrongValues(ops).has(verdict)) {
      this.#count(verdict)
      return this.#open()
    }
    // Without a policy for it Postgres finds no row; the endpoint says what the core says.
    if (said === '42501' && ops.some((op) => this.#isClosed(op))) return this.#count(said)
    // The endpoint looks at whose a row is before Postgres looks at its values.
    if (said === '42501' && ops.some((op) => this.#isForeign(op))) return this.#count(said)
    if (verdict === 'row_not_found') {
      const { narrow } = this.#database.catalog
      if (ops.some((op) => narrow.has(`${op.table} ${op.op}`))) {
        this.#count('row_not_found by a policy')
        if (core === undefined) await this.#open()
        return
      }
    }
    if (verdict === 'row_not_found' && this.#mayBeTaken(ops)) {
      this.#count('row_not_found after a trigger')
      if (core === undefined) await this.#open()
      return
    }
    // A key of this run's own sequence, which begins after the rows there are when it is opened: a
    // trigger has brought back a row that had it before. Leased keys are never given twice.
    if (core === undefined && this.#isKey(ops, postgres) && this.#mayBeTaken(ops)) {
      this.#count('a key that a trigger brought back')
      return this.#open()
    }
    this.#count(verdict)
    throw new Difference(
      `core ${said}, Postgres ${verdict}`,
      `the core says ${said}${core ? ` (${core.message})` : ''}, Postgres ${verdict} (${postgres.message})`,
    )
  }

  /** What the core says of each given value by itself. The core is to be opened anew after it. */
  #wrongValues(ops) {
    const said = new Set()
    for (const op of ops) {
      const given = op.values === undefined ? 'set' : 'values'
      for (const [name, value] of Object.entries(op[given] ?? {})) {
        const { error } = this.core.write([{ ...op, [given]: { [name]: value } }])
        if (error !== undefined) said.add(verdictOf(error))
      }
    }
    return said
  }

  /** May a trigger of an earlier operation have taken the row of a later one? */
  #mayBeTaken(ops) {
    const { catalog } = this.#database
    return ops.some((later, i) =>
      ops.slice(0, i).some((earlier) => catalog.reach(earlier.table).has(later.table)),
    )
  }

  /** Does a refusal say that the key of an insert is taken, which the core had made? */
  #isKey(ops, { code, constraint }) {
    return ops.some((op) => {
      const { primary_key, primary_key_name } = this.#table(op.table)
      const made = op.op === 'insert' && !primary_key.some((name) => name in op.values)
      return made && code === '23505' && constraint === primary_key_name
    })
  }

  #isForeign(op) {
    const given = op.values ?? op.set ?? {}
    return this.#table(op.table).columns.some(
      ({ name, identity }) =>
        identity && name in given && String(given[name]) !== this.#database.identity,
    )
  }

  #isClosed({ op, table }) {
    const { insertable, updatable, deletable } = this.#table(table)
    return !{ insert: insertable, update: updatable, delete: deletable }[op]
  }

  /** What the core made of columns that an insert left out, and sends. */
  #made(op, key) {
    if (op.op !== 'insert') return {}
    const table = this.#table(op.table)
    const refers = new Set((table.foreign_keys ?? []).flatMap(({ columns }) => columns))
    const row = key === undefined ? undefined : this.core.rowOf(op.table, key)
    const made = {}
    for (const column of table.columns) {
      const { name, default: value, identity } = column
      if (name in op.values || !column.writable) continue
      if (identity) made[name] = this.#database.identity
      else if (key !== undefined && value !== undefined) {
        const at = table.primary_key.indexOf(name)
        const sent = at >= 0 || refers.has(name) || value.kind === 'uuid' || value.random === true
        if (!sent || value.kind === 'server_only') continue
        if (at >= 0) made[name] = key[at]
        else if (row !== undefined) made[name] = row[name]
      }
    }
    return made
  }

  async #compareTouched(ops, touched, rows) {
    const found = new Map()
    for (const [name, list] of rows) {
      const table = this.#table(name)
      for (const row of list) found.set(JSON.stringify([name, keyOf(table, row)]), row)
    }
    const reached = new Set()
    for (const [name] of touched) this.#database.catalog.reach(name, reached)
    let again = false
    for (const [name, key] of touched) {
      if (this.#rules.written.has(name)) continue
      const table = this.#table(name)
      try {
        this.#compareRow(table, found.get(JSON.stringify([name, key])), this.core.row(table, key))
      } catch (difference) {
        // A trigger may have done it, on a table that it writes.
        const forgiven = reached.has(name) && !this.#rules.strict.has(name)
        if (!(difference instanceof Difference) || !forgiven) throw difference
        again = true
      }
    }
    if (again) {
      this.#count('rows written by a trigger')
      await this.#open()
    }
  }

  #compareRow(table, row, own) {
    if (row === undefined && own === undefined) return
    if (row === undefined || own === undefined) {
      const where = row === undefined ? 'the core' : 'Postgres'
      const key = shown(
        row === undefined ? table.primary_key.map((c) => own[c]) : keyOf(table, row),
      )
      throw new Difference(
        `a row of ${table.name} in ${where} alone`,
        `only ${where} has the row ${key} of ${table.name}`,
      )
    }
    for (const { name, type } of table.columns) {
      if (this.#rules.unseen.has(`${table.name}.${name}`)) continue
      const wanted = fromText(type, row[name])
      if (same(own[name], wanted)) continue
      throw new Difference(
        `value of ${table.name}.${name} (${type.name})`,
        `${table.name}.${name} of ${shown(keyOf(table, row))} is ${shown(own[name])} in the core and ${shown(wanted)} in Postgres`,
      )
    }
  }

  #table(name) {
    return this.#database.schema.tables.find((table) => table.name === name)
  }

  #count(kind, by = 1) {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + by)
  }
}

function keyOf(table, row) {
  return table.primary_key.map((name) => row[name])
}

/** What a refusal has to agree in: SQLSTATE, and constraint or column. */
function verdictOf(error) {
  const { code, constraint, column } = error.details === undefined ? error : fromCore(error)
  if (code === '23502') return `${code} ${column}`
  return code.startsWith('23') ? `${code} ${constraint}` : code
}

function fromCore({ code, details }) {
  const { sqlstate, constraint, column } = details
  return { code: sqlstate ?? code, constraint, column }
}
