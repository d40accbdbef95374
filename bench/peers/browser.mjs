// One peer in a browser of its own: bundled as an application would be, with a profile on disk that it
// keeps when the browser ends.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants } from 'node:zlib'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'

import { launchOptions } from '../../tests/support/chromium.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))
const pkg = process.env.HAVERSACK_PKG ?? join(root, 'pkg')
const require = createRequire(import.meta.url)

/**
 * Peers by the name of their file. `durability`: what each write can guarantee once it has resolved, as
 * docs/bench.md explains. `text`: how it is asked for words, `index` where it has an index of words that is
 * made for that alone. `files` and `worker`: what a page loads beside its JavaScript.
 */
export const PEERS = {
  haversack: {
    title: 'Haversack',
    package: 'haversack',
    durability: ['strict'],
    text: 'query',
    files: { 'haversack_bg.wasm': () => join(pkg, 'dist/wasm/haversack_bg.wasm') },
  },
  idb: { title: 'idb', package: 'idb', durability: ['relaxed', 'strict'], text: 'index' },
  dexie: { title: 'Dexie', package: 'dexie', durability: ['relaxed', 'strict'], text: 'index' },
  rxdb: { title: 'RxDB', package: 'rxdb', durability: ['relaxed', 'strict'], text: 'query' },
  tinybase: { title: 'TinyBase', package: 'tinybase', durability: ['relaxed'], text: 'index' },
  tanstack: {
    title: 'TanStack DB',
    package: '@tanstack/db',
    durability: ['relaxed'],
    text: 'query',
  },
  sqlite: {
    title: 'SQLite',
    package: '@sqlite.org/sqlite-wasm',
    durability: ['strict'],
    text: 'index',
    files: { 'sqlite3.wasm': () => require.resolve('@sqlite.org/sqlite-wasm/sqlite3.wasm') },
    worker: 'sqlite-worker',
  },
}

const OPTIONS = {
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  define: { 'process.env.NODE_ENV': '"production"' },
  alias: { haversack: pkg },
  external: ['/setup.js', 'node:*'],
  logLevel: 'error',
  legalComments: 'none',
}

async function bundled(contents, plugins = []) {
  const stdin = { contents, resolveDir: here, sourcefile: 'entry.js' }
  const { outputFiles } = await build({ ...OPTIONS, stdin, write: false, plugins })
  return outputFiles[0].contents
}

const brotli = (bytes) =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length

/** Writes what a peer's page loads; gives its size after brotli, without the bench itself. */
export async function bundlePeer(name, folder) {
  const { files = {}, worker } = PEERS[name]
  const page = `import { peer } from './${name}.js'; import { start } from './page.js'; start(peer)`
  await writeFile(join(folder, `${name}.js`), await bundled(page))
  let bytes = brotli(await bundled(`export { peer } from './${name}.js'`))
  if (worker) {
    const script = await bundled(`import './${worker}.js'`)
    await writeFile(join(folder, `${worker}.js`), script)
    bytes += brotli(script)
  }
  for (const [file, path] of Object.entries(files)) {
    const content = await readFile(path())
    await writeFile(join(folder, file), content)
    bytes += brotli(content)
  }
  return bytes
}

/** The version of a package, as it is installed. */
export async function versionOf(name) {
  if (name === 'haversack') return JSON.parse(await readFile(join(pkg, 'package.json'))).version
  // Not every package exports its package.json.
  for (let folder = dirname(require.resolve(name)); folder !== dirname(folder);) {
    const found = await readFile(join(folder, 'package.json'), 'utf8').catch(() => null)
    const parsed = found === null ? {} : JSON.parse(found)
    if (parsed.name === name && parsed.version) return parsed.version
    folder = dirname(folder)
  }
  throw new Error(`${name} has no package.json`)
}

/** A profile on disk, and pages in browsers that use it one after the other. */
export class Profile {
  #folder
  #context
  #errors = []

  static async create(name) {
    const profile = new Profile()
    profile.name = name
    profile.#folder = await mkdtemp(join(tmpdir(), `haversack-bench-${name}-`))
    return profile
  }

  /** A page at an address, in the browser that runs or a new one. */
  async page(url) {
    if (!this.#context) {
      const options = launchOptions()
      // Memory is measured when asked for, not at the next collection.
      options.args = [...options.args, '--enable-blink-features=ForceEagerMeasureMemory']
      this.#context = await chromium.launchPersistentContext(this.#folder, options)
    }
    const page = this.#context.pages()[0] ?? (await this.#context.newPage())
    page.removeAllListeners('pageerror')
    page.on('pageerror', (error) => this.#errors.push(error.message))
    await page.goto(url)
    await page.waitForFunction(() => globalThis.bench, undefined, { timeout: 60_000 })
    return async (name, options = {}) => {
      const result = await page.evaluate(
        ([name, options]) => globalThis.bench[name](options),
        [name, options],
      )
      if (this.#errors.length) throw new Error(`${this.name}: ${this.#errors.join('; ')}`)
      return result
    }
  }

  get chromium() {
    return this.#context.browser()?.version()
  }

  /** Ends the browser; the profile stays. */
  async end() {
    await this.#context?.close()
    this.#context = undefined
  }

  async remove() {
    await this.end()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
