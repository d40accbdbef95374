// Builds the service worker after the page, as one classic script that knows every file of the
// build with its hash.

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { build } from 'vite'

/** Vite names these by their content, so their address is their version. */
const NAMED_BY_CONTENT = /^assets\/.+-[\w-]{8}\.\w+$/

/** `entry`: the worker's source, from the root; `file`: its name in the build. */
export function serviceWorker({ entry, file }) {
  let config
  return {
    name: 'service-worker',
    apply: 'build',
    configResolved(resolved) {
      config = resolved
    },
    async closeBundle() {
      const folder = resolve(config.root, config.build.outDir)
      const manifest = await filesOf(folder, file)
      await build({
        configFile: false,
        root: config.root,
        publicDir: false,
        logLevel: 'warn',
        define: {
          __FILES__: JSON.stringify(manifest),
          'process.env.NODE_ENV': JSON.stringify('production'),
        },
        build: {
          target: config.build.target,
          outDir: config.build.outDir,
          emptyOutDir: false,
          copyPublicDir: false,
          lib: {
            entry: resolve(config.root, entry),
            formats: ['iife'],
            name: 'worker',
            fileName: () => file,
          },
        },
      })
      config.logger.info(`service worker: ${manifest.length} files to keep`)
    },
  }
}

/** What the worker keeps: every file of the build but itself and source maps. */
async function filesOf(folder, worker) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .filter((path) => path !== worker && !path.endsWith('.map'))
    .sort()
  return Promise.all(
    paths.map(async (path) => ({
      url: `/${path}`,
      revision: NAMED_BY_CONTENT.test(path) ? null : await hash(join(folder, path)),
    })),
  )
}

async function hash(path) {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
    .slice(0, 16)
}
