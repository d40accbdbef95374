// The packed package without any bundler: from a static server, in Node, and seen by TypeScript.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'

import { launch } from '../support/chromium.mjs'
import { serveFolder } from '../support/static-server.mjs'
import { application, installedFiles, root, vendor } from './packed.mjs'

test('the tarball holds what the package needs and no sources of ours', () => {
  const files = installedFiles(application({}))
  for (const file of ['package.json', 'README.md', 'dist/index.js', 'dist/index.d.ts']) {
    assert.ok(files.includes(file), `${file} is missing`)
  }
  assert.ok(files.includes('dist/wasm/haversack_bg.wasm'), 'the module is missing')
  const strays = files.filter((file) => /\.(ts|rs|toml|tsbuildinfo)$/.test(file))
  assert.deepEqual(
    strays.filter((file) => !file.endsWith('.d.ts')),
    [],
  )
})

test('a plain module runs under script-src self wasm-unsafe-eval', async () => {
  const folder = application({
    'index.html':
      '<!doctype html><meta charset="utf-8"><title>app</title><script type="module" src="/main.js"></script>',
    'main.js': `import { coreVersion } from '/vendor/haversack/dist/index.js'
document.title = 'version ' + (await coreVersion())
`,
  })
  vendor(folder, 'vendor/haversack')
  const server = await serveFolder(folder)
  const browser = await launch()
  try {
    const page = await browser.newPage()
    await page.addInitScript(() => {
      globalThis.violations = []
      addEventListener('securitypolicyviolation', (event) =>
        globalThis.violations.push(event.violatedDirective),
      )
    })
    await page.goto(`${server.url}index.html`)
    await page.waitForFunction(() => document.title.startsWith('version '), null, {
      timeout: 20_000,
    })
    assert.match(await page.title(), /^version \d+\.\d+\.\d+$/)
    assert.deepEqual(await page.evaluate(() => globalThis.violations), [])
    assert.ok(server.requests.some((path) => path.endsWith('/haversack_bg.wasm')))
  } finally {
    await browser.close()
    await server.close()
  }
})

test('importing in Node does not throw', () => {
  const folder = application({
    'main.mjs': `import { coreVersion } from 'haversack'
console.log(typeof coreVersion)
`,
  })
  const said = execFileSync('node', ['main.mjs'], { cwd: folder, encoding: 'utf8' })
  assert.equal(said.trim(), 'function')
})

for (const [moduleResolution, module] of [
  ['bundler', 'esnext'],
  ['node16', 'node16'],
]) {
  test(`types resolve under ${moduleResolution}`, () => {
    const folder = application({
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          module,
          moduleResolution,
          target: 'es2022',
          lib: ['es2023', 'dom', 'dom.iterable'],
          types: [],
          strict: true,
          noEmit: true,
          // The declarations themselves are checked too, as an application may do.
          skipLibCheck: false,
        },
        files: ['main.ts'],
      }),
      'main.ts': `import { coreVersion } from 'haversack'
export const version: Promise<string> = coreVersion()
// @ts-expect-error the types are real: the version is no number
export const wrong: Promise<number> = coreVersion()
`,
    })
    const tsc = join(root, 'node_modules/.bin/tsc')
    try {
      execFileSync(tsc, ['--project', folder], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
    } catch (error) {
      assert.fail(`${error.stdout}${error.stderr}`)
    }
  })
}
