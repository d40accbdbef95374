// Serves the built page, and plays the identity provider of the demo.
//
//   PORT                     where to listen; a free port when absent
//   HAVERSACK_ENDPOINT_URL   where the endpoint is, as the browser reaches it
//   HAVERSACK_JWT_SECRET     the key that signs tokens, the endpoint's own
//   DATABASE_URL             where the users are read from

import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import sirv from 'sirv'

/** How long a token is good for. The page asks for a new one whenever it needs one. */
const TOKEN_LIFE_S = 15 * 60
/** The longest body that a request may have. */
const BODY_BYTES_MAX = 1024
/** The most users that the sign-in screen offers. */
const USERS_MAX = 12

const dist = fileURLToPath(new URL('./dist', import.meta.url))
const endpoint = need('HAVERSACK_ENDPOINT_URL').replace(/\/+$/, '')
const secret = need('HAVERSACK_JWT_SECRET')
const database = new pg.Pool({
  connectionString: need('DATABASE_URL'),
  max: 2,
  idleTimeoutMillis: 5000,
})
// A connection that Postgres ends while it idles is replaced at the next query.
database.on('error', () => {})

const files = sirv(dist, {
  etag: true,
  gzip: true,
  brotli: true,
  setHeaders(response, path) {
    // Files of the build are named by their content; all others are asked for again.
    const fixed = path.startsWith('/assets/')
    response.setHeader('cache-control', fixed ? 'public, max-age=31536000, immutable' : 'no-cache')
  },
})

const answers = {
  'GET /demo/config': async () => ({ endpoint }),
  'GET /demo/users': users,
  'POST /demo/token': async (request) => mintToken(await readJson(request)),
}

const server = createServer(async (request, response) => {
  for (const [name, value] of Object.entries(headers())) response.setHeader(name, value)
  const path = new URL(request.url, 'http://page').pathname
  const answer = answers[`${request.method} ${path}`]
  if (answer === undefined) {
    files(request, response, () => send(response, 404, { error: 'There is nothing here.' }))
    return
  }
  response.setHeader('cache-control', 'no-store')
  try {
    send(response, 200, await answer(request))
  } catch (error) {
    if (error.status === undefined) console.error(error.message)
    send(response, error.status ?? 503, {
      error: error.status ? error.message : 'Try again later.',
    })
  }
})

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`page ready: http://localhost:${server.address().port}`)
})
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop)

async function stop() {
  server.close()
  server.closeAllConnections()
  await database.end()
}

/** The page may load from here, and talk to here and to the endpoint; nothing else. */
function headers() {
  const socket = endpoint.replace(/^http/, 'ws')
  return {
    'content-security-policy': [
      "default-src 'self'",
      "script-src 'self' 'wasm-unsafe-eval'",
      `connect-src 'self' ${origin(endpoint)} ${origin(socket)}`,
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  }
}

function origin(url) {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

async function users() {
  const { rows } = await database.query(
    'select user_id as id, username as name from users where deleted_at is null order by user_id limit $1',
    [USERS_MAX],
  )
  return rows
}

/** A token of JWT, signed with HS256 (RFC 7519). Anyone gets one: this is a demo. */
function mintToken({ user }) {
  if (!Number.isSafeInteger(user)) throw refusal(400, 'Which user? Say { "user": 1 }.')
  const now = Math.floor(Date.now() / 1000)
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: String(user), iat: now, exp: now + TOKEN_LIFE_S })}`
  return { token: `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}` }
}

async function readJson(request) {
  let text = ''
  for await (const piece of request) {
    text += piece
    if (text.length > BODY_BYTES_MAX) throw refusal(413, 'That is too long.')
  }
  try {
    return JSON.parse(text)
  } catch {
    throw refusal(400, 'That is not JSON.')
  }
}

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(body))
}

function refusal(status, message) {
  return Object.assign(new Error(message), { status })
}

function need(name) {
  const value = process.env[name]
  if (value) return value
  console.error(`serve.mjs needs ${name}`)
  process.exit(2)
}
