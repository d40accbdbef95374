// Makes pkg/dist/*.js from js/src and the glue that wasm-bindgen wrote. Declarations are tsc's
// work; this only bundles and minifies.
//
//   node js/build.mjs            bundle into pkg/dist
//   node js/build.mjs --sizes    print the sizes of what is in pkg/dist, tab-separated

import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'pkg/dist')
const bindgen = join(root, '.haversack/build/bindgen/wasm')

/** Every entry of the package's exports that is JavaScript, as a source file. */
function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(root, 'pkg/package.json'), 'utf8'))
  return Object.values(exports)
    .map((entry) => (typeof entry === 'string' ? entry : entry.default))
    .filter((file) => file.startsWith('./dist/') && file.endsWith('.js'))
    .map((file) => join(root, 'js/src', file.slice('./dist/'.length).replace(/\.js$/, '.ts')))
}

/** Leaves the glue a file of its own, beside the module that it loads. */
const glueStaysOutside = {
  name: 'glue-stays-outside',
  setup({ onResolve }) {
    onResolve({ filter: /(^|\/)wasm\/haversack\.js$/ }, () => ({
      path: './wasm/haversack.js',
      external: true,
    }))
  },
}

const common = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  platform: 'browser',
  minify: true,
  sourcemap: true,
  sourcesContent: true,
  // An application's own bundler brings what the package does not contain.
  packages: 'external',
  logLevel: 'warning',
}

async function bundle() {
  for (const file of readdirSync(dist)) {
    if (/\.js(\.map)?$/.test(file)) rmSync(join(dist, file))
  }
  await build({
    ...common,
    entryPoints: entryPoints(),
    outbase: join(root, 'js/src'),
    outdir: dist,
    splitting: true,
    chunkNames: 'chunk-[hash]',
    plugins: [glueStaysOutside],
  })
  await build({
    ...common,
    entryPoints: [join(bindgen, 'haversack.js')],
    outdir: join(dist, 'wasm'),
    // A map into generated code helps nobody.
    sourcemap: false,
  })
}

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* files(path)
    else yield path
  }
}

function sizes() {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }
  const shipped = [...files(dist)].filter((file) => /\.(js|wasm)$/.test(file)).sort()
  return shipped.map((file) => {
    const bytes = readFileSync(file)
    return {
      file: relative(dist, file),
      raw: bytes.length,
      gzip: gzipSync(bytes, { level: 9 }).length,
      brotli: brotliCompressSync(bytes, quality).length,
    }
  })
}

if (process.argv.includes('--sizes')) {
  for (const { file, raw, gzip, brotli } of sizes()) {
    console.log([file, raw, gzip, brotli].join('\t'))
  }
} else {
  await bundle()
}
