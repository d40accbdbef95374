// The core: the module that ships, through the interface that applications have.

import { openMemory } from 'haversack/testing'

import { fromText } from './text.mjs'

export class Core {
  #db

  /** A database in memory with these rows, given as texts of Postgres by table. */
  static async open({ schema, identity, now, rows, hooks }) {
    const core = new Core()
    core.schema = schema
    const initial = schema.tables.map(({ name, columns }) => [
      name,
      (rows.get(name) ?? []).map((row) =>
        Object.fromEntries(columns.map(({ name, type }) => [name, fromText(type, row[name])])),
      ),
    ])
    core.#db = await openMemory({
      schema,
      identity,
      now,
      hooks,
      check: false,
      rows: Object.fromEntries(initial),
    })
    return core
  }

  close() {
    return this.#db.close()
  }

  /** Writes operations as one mutation. Gives the key of each one's row, or `{ error }`. */
  write(ops) {
    try {
      if (ops.length === 1) {
        const [op] = ops
        const table = this.#db.table(op.table)
        const write =
          op.op === 'insert'
            ? table.insert(op.values)
            : op.op === 'update'
              ? table.update(publicKey(op.key), op.set)
              : table.delete(publicKey(op.key))
        return { keys: [[write.key].flat()] }
      }
      const made = []
      this.#db.transaction((tx) => {
        const values = (given) =>
          Object.fromEntries(
            Object.entries(given).map(([name, value]) => [name, reference(value, made)]),
          )
        for (const op of ops) {
          const table = tx.table(op.table)
          if (op.op === 'insert') made.push(table.insert(values(op.values)))
          else if (op.op === 'update')
            made.push(void table.update(publicKey(op.key), values(op.set)))
          else made.push(void table.delete(publicKey(op.key)))
        }
      })
      return { keys: ops.map((op, i) => (op.op === 'insert' ? [made[i].key].flat() : op.key)) }
    } catch (error) {
      if (error.name !== 'HaversackError' || error.code === 'internal') throw error
      return { error }
    }
  }

  /** The row of a key, which stands as texts of Postgres. */
  row(table, key) {
    const parts = table.primary_key.map((name, i) => {
      const { type } = table.columns.find((column) => column.name === name)
      return fromText(type, key[i])
    })
    return this.#db.table(table.name).get(publicKey(parts))
  }

  /** The row of a key as operations carry it. */
  rowOf(name, key) {
    return this.#db.table(name).get(publicKey(key))
  }

  /** A table, as applications have it. */
  table(name) {
    return this.#db.table(name)
  }

  /** All rows of a table. */
  rows(name) {
    return this.#db.table(name).rows()
  }

  /** Any row of a table, where it has one. */
  any(random, name) {
    const table = this.#db.table(name)
    const count = table.count()
    return count === 0 ? undefined : table.offset(random.int(0, count - 1)).first()
  }
}

function publicKey(parts) {
  return parts.length === 1 ? parts[0] : parts
}

/** `{ $new: i }` stands for the key of the row that operation `i` inserts. */
export function isReference(value) {
  return typeof value === 'object' && value !== null && Number.isInteger(value.$new)
}

function reference(value, made) {
  return isReference(value) ? made[value.$new] : value
}
