// Whether two lists are the same, item by item. On its own, as React's hook takes nothing else of the library.

/** Have both the same items in the same order, as `Object.is` tells them? */
export function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false
  return true
}
