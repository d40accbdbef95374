// Tables of schemas that a test makes for itself, as the endpoint describes them.

/** A column that may not be null and can be written. */
export function column(name: string, type: string, more: object = {}) {
  return { name, type: { name: type }, nullable: false, writable: true, ...more }
}

/** The column `id`, of which Postgres draws the values. */
export const id = column('id', 'int4', { default: { kind: 'sequence' } })

/** A table with the key `id`, in which everything may be done. */
export function table(name: string, columns: object[], more: object = {}) {
  return {
    name,
    columns,
    primary_key: ['id'],
    primary_key_name: `${name}_pkey`,
    insertable: true,
    updatable: true,
    deletable: true,
    ...more,
  }
}

/** The schema of a user's tables, in a database of Postgres 15. */
export function schemaOf(...tables: object[]) {
  return {
    format: 2,
    fingerprint: '0'.repeat(64),
    server: 15,
    identity: { claim: 'sub', setting: 'app.user' },
    limits: { body_bytes_max: 1_000_000, rows_max: 1_000 },
    tables,
  }
}

/** A foreign key of one column to the `id` of a table. */
export function foreignKey(name: string, column: string, references: string, on_delete: string) {
  return {
    name,
    columns: [column],
    references,
    referenced_columns: ['id'],
    on_delete,
    on_update: 'no_action',
  }
}
