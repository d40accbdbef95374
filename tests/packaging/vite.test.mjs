// The packed package in a fresh Vite application that configures nothing.

import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'

import { build, createServer, preview } from 'vite'

import { launch } from '../support/chromium.mjs'
import { POLICY } from '../support/static-server.mjs'
import { application } from './packed.mjs'

const FILES = {
  'index.html':
    '<!doctype html><meta charset="utf-8"><title>app</title><script type="module" src="/main.ts"></script>',
  'main.ts': `import { coreVersion } from 'haversack'
coreVersion().then(
  (version) => { document.title = 'version ' + version },
  (error) => { document.title = 'failed: ' + error },
)
`,
}

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

/** Opens the page and waits for what it says about the module. */
async function title(url) {
  const page = await browser.newPage()
  const complaints = []
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('response', (response) => {
    if (!response.ok()) complaints.push(`${response.status()} ${response.url()}`)
  })
  try {
    await page.goto(url)
    await page.waitForFunction(() => /^(version|failed)/.test(document.title), null, {
      timeout: 20_000,
    })
    return await page.title()
  } catch (error) {
    throw new Error(`${error.message}\n${complaints.join('\n')}`)
  } finally {
    await page.close()
  }
}

/** No configuration file, and no more than the folder and a free port. */
function options(root, more = {}) {
  return { root, configFile: false, logLevel: 'error', ...more }
}

test('vite build and preview, under the documented policy', async () => {
  const root = application(FILES)
  await build(options(root))
  const headers = { 'content-security-policy': POLICY }
  const server = await preview(options(root, { preview: { port: 0, host: '127.0.0.1', headers } }))
  try {
    assert.match(await title(server.resolvedUrls.local[0]), /^version \d+\.\d+\.\d+$/)
  } finally {
    await server.close()
  }
})

test('vite dev', async () => {
  const root = application(FILES)
  const server = await createServer(options(root, { server: { port: 0, host: '127.0.0.1' } }))
  await server.listen()
  try {
    assert.match(await title(server.resolvedUrls.local[0]), /^version \d+\.\d+\.\d+$/)
  } finally {
    await server.close()
  }
})
