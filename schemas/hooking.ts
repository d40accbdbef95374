// What the schemas' hooks share: tables by name at run time, and the triggers that all of them have.
// An application imports the types that `haversack pull` wrote instead.

import type { HookContext, Hooks, Key, TableHooks } from 'haversack'

/** A value, as far as the hooks here look at it; JSON is cast where it is read. */
export type Value = string | number | boolean | null
type Row = { readonly [column: string]: Value }
export interface AnyTable {
  row: Row
  insert: Row
  update: Row
  relations: {}
  key: Key
}
export type AnyTables = { [table: string]: AnyTable }
export type AnyHooks = Hooks<AnyTables>
export type Context = HookContext<AnyTables>
export type TableHook = TableHooks<AnyTable, AnyTables>

/** `touch_updated_at()`: the time of the last update. */
export const touched: TableHook = {
  before: { update: (_row, _old, { now }) => ({ predicted: { updated_at: now } }) },
}

/** The same for several tables. */
export const allTouched = (...tables: string[]): { [table: string]: TableHook } =>
  Object.fromEntries(tables.map((table) => [table, touched]))

/** The columns `updated_at` of tables, as `covers` names them. */
export const touches = (...tables: string[]): string[] => tables.map((name) => `${name}.updated_at`)

/** Rows of a table where columns have these values. */
export function rowsWhere(
  { db }: Context,
  table: string,
  where: { readonly [column: string]: string | number | boolean },
): readonly Row[] {
  return db.table(table).where(where).rows()
}
