// What a run does not hold against the core: rules that only the server judges, columns that only
// the server fills, and whatever triggers do.

export class Rules {
  /**
   * `covers`: columns that triggers set, and the schema's hooks foresee; `foresees`: tables whose rows
   * triggers write, and the hooks foresee.
   */
  constructor(schema, catalog, { covers = [], foresees = [] }) {
    /** Constraints that only the server judges, with the reason, by name. */
    this.serverOnly = new Map()
    /** Columns that are not compared, with the reason, as `table.column`. */
    this.unseen = new Map()
    /** Tables whose rows triggers write, and hooks foresee: compared to the letter. */
    this.strict = new Set(foresees)
    /** Where triggers write other tables. */
    this.triggered = []
    const synced = new Set(schema.tables.map(({ name }) => name))
    for (const table of schema.tables) this.#table(table, synced)
    for (const name of catalog.set) {
      if (!covers.includes(name)) this.unseen.set(name, 'a trigger sets it')
    }
    /** Columns that triggers set and hooks foresee: compared. */
    this.foreseen = covers.filter((name) => catalog.set.has(name))
    /** Tables that triggers alone write: nothing of them is compared. */
    this.written = new Set()
    const reached = new Set([...catalog.writes.values()].flatMap((names) => [...names]))
    for (const { name, insertable, updatable, deletable } of schema.tables) {
      if (reached.has(name) && !insertable && !updatable && !deletable) this.written.add(name)
    }
    for (const [table, others] of catalog.writes) {
      this.triggered.push(`${table} writes ${[...others].join(', ')}`)
    }
  }

  #table(table, synced) {
    const only = (name, reason) => this.serverOnly.set(name, reason)
    for (const check of table.checks ?? []) {
      if (check.expr === undefined) only(check.name, check.reason ?? 'it has no expression')
    }
    for (const unique of table.uniques ?? []) {
      const parts = unique.columns.some((part) => !part.column && part.expr === undefined)
      const predicate = unique.predicate !== undefined && unique.predicate.expr === undefined
      if (unique.reason !== undefined) only(unique.name, unique.reason)
      else if (parts || predicate) only(unique.name, 'it has no expression')
    }
    for (const { name, reason } of table.server_rules ?? []) only(name, reason)
    for (const key of table.foreign_keys ?? []) {
      if (!synced.has(key.references)) only(key.name, `${key.references} is not synced`)
    }
    for (const column of table.columns) {
      const name = `${table.name}.${column.name}`
      if (column.default?.kind === 'server_only') this.unseen.set(name, column.default.reason)
      const { generated } = column
      if (generated !== undefined && generated.expr === undefined) {
        this.unseen.set(name, generated.reason ?? 'it has no expression')
      }
      for (const domain of column.domains ?? []) {
        for (const check of domain.checks ?? []) {
          if (check.expr === undefined) only(check.name, check.reason ?? 'it has no expression')
        }
      }
    }
  }

  /** Why a refusal of Postgres is none that the core has to foresee; undefined where it is one. */
  excuse(error) {
    if (this.serverOnly.has(error.constraint)) return `server-only ${error.constraint}`
    if (error.routine === 'exec_stmt_raise') return `raised by a trigger (${error.code})`
    if (error.routine === 'ExecWithCheckOptions') return 'a policy'
    // A statement that a trigger made, on whatever table.
    if (error.where?.includes('PL/pgSQL function')) return `within a trigger (${error.code})`
    return undefined
  }
}
