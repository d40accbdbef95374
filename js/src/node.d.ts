// What `testing.ts` takes of Node. The package has no types of Node, so that those of an
// application's own version never clash with them.

declare module 'node:fs/promises' {
  export function readFile(path: URL): Promise<Uint8Array<ArrayBuffer>>
}
