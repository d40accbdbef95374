// A fresh application with the packed package installed, as a person would have it: outside the
// repository, from the tarball, with nothing linked.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** Packs pkg/ once per process. */
let tarball
function pack() {
  if (tarball) return tarball
  const folder = temporaryFolder()
  npm(['pack', join(root, 'pkg'), '--pack-destination', folder], folder)
  const [file] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  return (tarball = join(folder, file))
}

/** Runs npm quietly; its output is shown when it fails. */
function npm(args, cwd) {
  // The variables of an npm that may be running us would point it back at the repository.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')),
  )
  return execFileSync('npm', args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** A folder that goes with the process. */
function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'haversack-packaging-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * Makes an application from `{ path: contents }` with the package installed, and returns its
 * folder. The package has no dependencies, so that nothing is asked of the network.
 */
export function application(files) {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}\n')
  npm(['install', '--offline', '--no-audit', '--no-fund', pack()], folder)
  for (const [path, contents] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), contents)
  }
  return folder
}

/** What the package looks like once installed. */
export function installedFiles(folder) {
  return readdirSync(join(folder, 'node_modules/haversack'), { recursive: true }).map(String).sort()
}

/** Copies the installed package to where a static server may have it. */
export function vendor(folder, to) {
  cpSync(join(folder, 'node_modules/haversack'), join(folder, to), { recursive: true })
}
