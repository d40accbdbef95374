// A static file server as an application might have: right media types, the policy that we
// document, nothing else.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'

/** The strictest policy that Haversack runs under. */
export const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"

const MEDIA_TYPES = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.map': 'application/json',
  '.wasm': 'application/wasm',
}

/**
 * Serves a folder on a free port of 127.0.0.1; `pages` are answered from memory, by path. The
 * policy is the one that we document, and allows to connect to `connect`. An `isolated` page has a
 * clock of 5 µs instead of 100.
 * Resolves to `{ url, requests, close }`.
 */
export async function serveFolder(folder, pages = {}, { connect = [], isolated = false } = {}) {
  const requests = []
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname)
    requests.push(path)
    const page = pages[path]
    const file = join(folder, normalize(path))
    const policy = connect.length ? `${POLICY}; connect-src 'self' ${connect.join(' ')}` : POLICY
    response.setHeader('content-security-policy', policy)
    if (isolated) {
      response.setHeader('cross-origin-opener-policy', 'same-origin')
      response.setHeader('cross-origin-embedder-policy', 'require-corp')
    }
    try {
      const body = page ?? (await readFile(file))
      const extension = page === undefined ? extname(file) : extname(path) || '.html'
      response.setHeader('content-type', MEDIA_TYPES[extension] ?? 'application/octet-stream')
      response.end(body)
    } catch {
      response.statusCode = 404
      response.end()
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    requests,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}
