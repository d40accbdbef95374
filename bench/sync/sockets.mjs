// What an open socket costs the endpoint. The sockets are written by hand, since those of Node would
// weigh more than what is measured.

import { connect } from 'node:net'
import { randomBytes } from 'node:crypto'

import { residentBytes } from './processes.mjs'

/** How many are being opened at a time. */
const OPENING = 50
const FIN_AND_TEXT = 0x81
const MASKED = 0x80

/** A short text as a frame of a client. */
function frame(text) {
  const payload = Buffer.from(text)
  const mask = randomBytes(4)
  const size =
    payload.length < 126
      ? Buffer.from([MASKED | payload.length])
      : Buffer.from([MASKED | 126, payload.length >> 8, payload.length & 255])
  const masked = payload.map((byte, i) => byte ^ mask[i % 4])
  return Buffer.concat([Buffer.from([FIN_AND_TEXT]), size, mask, masked])
}

/** Opens a socket and says hello; resolves when the endpoint has said `ready`. */
function open(backend, token) {
  return new Promise((resolve, reject) => {
    const socket = connect(backend.port, '127.0.0.1')
    let said = ''
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`a socket was closed: ${said}`)))
    socket.on('connect', () => {
      socket.write(
        `GET /v1/poke HTTP/1.1\r\nHost: 127.0.0.1:${backend.port}\r\nUpgrade: websocket\r\n` +
          `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
          `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
      )
    })
    socket.on('data', (piece) => {
      const fresh = said === ''
      said = (said + piece.toString('latin1')).slice(-2000)
      if (fresh) {
        const replica = '00000000-0000-4000-8000-000000000000'
        socket.write(frame(JSON.stringify({ say: 'hello', protocol: 1, token, replica })))
      }
      if (said.includes('"ready"')) resolve(socket)
    })
  })
}

/** The endpoint's memory per idle socket, in bytes. */
export async function measureSockets(backend, { sockets }) {
  const tokens = Array.from({ length: sockets }, (_, n) => backend.token(String(1 + (n % 8))))
  // What the first ones bring about is the endpoint's own.
  const all = []
  const more = async (count) => {
    const until = all.length + count
    while (all.length < until) {
      const some = tokens.slice(all.length, Math.min(until, all.length + OPENING))
      all.push(...(await Promise.all(some.map((token) => open(backend, token)))))
    }
  }
  try {
    await more(sockets / 20)
    const before = await residentBytes(backend.pid)
    await more(sockets - all.length)
    await new Promise((resolve) => setTimeout(resolve, 2000))
    const bytes = (await residentBytes(backend.pid)) - before
    return { sockets, bytes: bytes / (sockets - sockets / 20) }
  } finally {
    for (const socket of all) {
      socket.removeAllListeners('close').destroy()
    }
  }
}
