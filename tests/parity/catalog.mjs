// What a run needs to know of the database beside the served schema: roles and numbers that
// `attach` made, and what triggers write, which no client foresees.

const TRIGGERS = `
SELECT n.nspname AS schema, c.relname AS relation, p.prosrc AS body, (t.tgtype & 2) > 0 AS before,
       (t.tgtype & 4) > 0 AS on_insert, (t.tgtype & 8) > 0 AS on_delete, (t.tgtype & 16) > 0 AS on_update
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND p.pronamespace <> 'haversack'::regnamespace
ORDER BY 1, 2, t.tgname`

const DEFERRED = `
SELECT DISTINCT format('%I.%I', n.nspname, c.conname) AS name
FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
WHERE c.condeferred AND c.conparentid = 0`

const CASTS = `
SELECT n.nspname AS schema, c.relname AS relation, a.attname AS name, format_type(a.atttypid, -1) AS cast
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'haversack')`

// Where a policy lets a user see a row that another keeps from being changed or deleted.
const NARROW = `
SELECT n.nspname AS schema, c.relname AS relation, commands.op
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN (VALUES ('w', 'update'), ('d', 'delete')) AS commands(cmd, op)
WHERE c.relrowsecurity AND
  (SELECT array_agg(pg_get_expr(polqual, polrelid) ORDER BY pg_get_expr(polqual, polrelid))
   FROM pg_policy WHERE polrelid = c.oid AND polcmd IN ('*', 'r'))
  IS DISTINCT FROM
  (SELECT array_agg(pg_get_expr(polqual, polrelid) ORDER BY pg_get_expr(polqual, polrelid))
   FROM pg_policy WHERE polrelid = c.oid AND polcmd IN ('*', commands.cmd::"char"))`

const FUNCTIONS = `
SELECT p.proname AS name, p.prosrc AS body FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'haversack')`

export class Catalog {
  static async read(client, login) {
    const catalog = new Catalog()
    const one = async (sql, values) => (await client.query(sql, values)).rows
    const roles = await one(
      `SELECT r.rolname AS name FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
       WHERE m.member = (SELECT oid FROM pg_roles WHERE rolname = $1)`,
      [login],
    )
    /** The role under which the endpoint acts for users. */
    catalog.role = roles[0].name
    /** Constraints that are deferred at first, as the endpoint has them before each mutation. */
    catalog.deferred = (await one(DEFERRED)).map(({ name }) => name)
    const numbers = await one('SELECT id, name FROM haversack.tables')
    /** Tables by their number in the changelog. */
    catalog.numbers = new Map(numbers.map(({ id, name }) => [id, name]))
    /** The types' names, as the endpoint casts to them, by `table.column`. */
    catalog.casts = new Map(
      (await one(CASTS)).map(({ schema, relation, name, cast }) => [
        `${schema === 'public' ? '' : `${schema}.`}${relation}.${name}`,
        cast,
      ]),
    )
    /** `table op`: row security may let the op find fewer rows than the user sees. */
    catalog.narrow = new Set(
      (await one(NARROW)).map(
        ({ schema, relation, op }) => `${schema === 'public' ? '' : `${schema}.`}${relation} ${op}`,
      ),
    )
    catalog.#triggers(await one(TRIGGERS), await one(FUNCTIONS))
    return catalog
  }

  /**
   * Columns that triggers set, as `table.column`, and by table those others that its triggers
   * write. Read from the functions' source: what looks like an assignment counts as one.
   */
  #triggers(triggers, functions) {
    this.set = new Set()
    this.writes = new Map()
    const names = new Set(this.numbers.values())
    for (const { schema, relation, body: own, before } of triggers) {
      const body = withCalled(own, functions)
      const table = schema === 'public' ? relation : `${schema}.${relation}`
      if (!names.has(table)) continue
      if (before) {
        for (const [, name] of body.matchAll(/\bNEW\s*\.\s*"?(\w+)"?\s*:?=[^=]/gi)) {
          this.set.add(`${table}.${name}`)
        }
      }
      const written = body.matchAll(
        /\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?(?:"?public"?\s*\.\s*)?"?(\w+)"?/gi,
      )
      for (const [, name] of written) {
        if (!names.has(name)) continue
        if (!this.writes.has(table)) this.writes.set(table, new Set())
        this.writes.get(table).add(name)
      }
    }
  }

  /** Everything that triggers of a table, and of those that these write, may change. */
  reach(table, reached = new Set()) {
    for (const name of this.writes.get(table) ?? []) {
      if (reached.has(name)) continue
      reached.add(name)
      this.reach(name, reached)
    }
    return reached
  }
}

/** A function's source, and that of every function it calls, however deep. */
function withCalled(body, functions, seen = new Set()) {
  let whole = body
  for (const { name, body: called } of functions) {
    if (seen.has(name) || !new RegExp(`\\b${name}"?\\s*\\(`).test(body)) continue
    seen.add(name)
    whole += `\n${withCalled(called, functions, seen)}`
  }
  return whole
}
