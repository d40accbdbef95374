// The smallest whole thing: the built package, imported by an empty page of a real browser under
// the policy that we document.

import assert from 'node:assert/strict'
import test from 'node:test'

import { launch } from '../support/chromium.mjs'
import { serveFolder } from '../support/static-server.mjs'

test('an empty page loads the built package and calls into WebAssembly', async () => {
  const server = await serveFolder(process.env.HAVERSACK_PKG, {
    '/': '<!doctype html><meta charset="utf-8"><title>empty</title>',
  })
  const browser = await launch()
  try {
    const page = await browser.newPage()
    await page.goto(server.url)
    const version = await page.evaluate(async () => {
      const { coreVersion } = await import('/dist/index.js')
      return coreVersion()
    })
    assert.match(version, /^\d+\.\d+\.\d+$/)
  } finally {
    await browser.close()
    await server.close()
  }
})
