// Processes, ports, and a TCP proxy that can be closed: the parts of which the tests build a network.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** Where every server of the tests listens. */
export const HOST = '127.0.0.1'
/** How long a server may take to answer its first request. */
const READY_MS_MAX = 30_000
/** How much of a process's output is kept to be shown when a step fails. */
const LOG_CHARS_MAX = 20_000

/** A port that is free now. */
export async function freePort() {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Forwards TCP connections on a fixed port, until it is closed; then they are refused. */
export class Proxy {
  /** What goes to the server, in bytes a second; unlimited when null. */
  uploadRate = null
  #server = null
  #sockets = new Set()

  constructor(port, target) {
    this.port = port
    this.target = target
  }

  static async to(target) {
    const proxy = new Proxy(await freePort(), target)
    await proxy.open()
    return proxy
  }

  get url() {
    return `http://${HOST}:${this.port}`
  }

  async open() {
    if (this.#server) return
    this.#server = createServer((client) => this.#forward(client)).listen(this.port, HOST)
    await once(this.#server, 'listening')
  }

  /** Refuses connections, and cuts those that there are. */
  async close() {
    const server = this.#server
    if (!server) return
    this.#server = null
    const closed = once(server, 'close')
    server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #forward(client) {
    const server = connect(this.target, HOST)
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        client.destroy()
        server.destroy()
      })
    }
    server.pipe(client)
    client.on('data', (piece) => {
      server.write(piece)
      if (this.uploadRate === null) return
      client.pause()
      setTimeout(() => client.resume(), (piece.length / this.uploadRate) * 1000)
    })
    client.on('end', () => server.end())
  }
}

/** A process of ours, with the end of what it said. */
export class Server {
  said = ''

  constructor(name, command, args, env) {
    this.name = name
    this.process = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.said = (this.said + text).slice(-LOG_CHARS_MAX)
      })
    }
    this.ended = once(this.process, 'exit')
  }

  /** Resolves when the address answers with 200. */
  async ready(url) {
    const until = Date.now() + READY_MS_MAX
    while (Date.now() < until) {
      if (this.process.exitCode !== null) {
        throw new Error(`${this.name} ended with ${this.process.exitCode}:\n${this.said}`)
      }
      const answer = await fetch(url).catch(() => null)
      await answer?.body?.cancel()
      if (answer?.ok) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`${this.name} does not answer at ${url}:\n${this.said}`)
  }

  async end(signal) {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill(signal)
      await this.ended
    }
  }
}
