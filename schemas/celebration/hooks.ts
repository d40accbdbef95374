// What the triggers of this schema do that a user has to see offline: times, and how many products a
// catalogue has. Audit logs are the server's alone.

import type { AnyHooks, Context, Value } from '../hooking.js'
import { allTouched, touched, touches } from '../hooking.js'

const TOUCHED = [
  ...['clients', 'catalogs', 'sites', 'site_product_exclusions'],
  ...['employees', 'orders', 'admin_users', 'client_members'],
]

/** `count_products()`, of one product. */
function count(catalog: Value | undefined, by: number, { db, predicted }: Context): void {
  const row = db.table('catalogs').get(catalog as string)
  if (row === undefined) return
  predicted.catalogs!.update(catalog as string, {
    total_products: (row.total_products as number) + by,
  })
}

export const hooks: AnyHooks = {
  ...allTouched(...TOUCHED),
  products: {
    ...touched,
    after: {
      insert: (row, context) => count(row.catalog_id, 1, context),
      update: (row, old, context) => {
        if (row.catalog_id === old.catalog_id) return
        count(old.catalog_id, -1, context)
        count(row.catalog_id, 1, context)
      },
      delete: (old, context) => count(old.catalog_id, -1, context),
    },
  },
}

/** Columns that triggers set and these hooks foresee to the letter. */
export const covers = touches(...TOUCHED, 'products')
