// The processes that the story runs on: one endpoint, and for each profile a page server of its own
// and two TCP proxies. Closing both proxies of a profile is what "offline" means: connections are
// refused, while everyone else goes on.

import { spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const HOST = '127.0.0.1'
/** How long a server may take to answer its first request. */
const READY_MS_MAX = 30_000
/** How much of a process's output is kept to be shown when a step fails. */
const LOG_CHARS_MAX = 20_000

const pageServer = fileURLToPath(new URL('../../www/serve.mjs', import.meta.url))

/** A port that is free now. */
async function freePort() {
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
class Server {
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
    // Whatever becomes of the check, nothing that it started stays behind.
    process.once('exit', () => this.process.kill('SIGKILL'))
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

/** Where a profile finds the page and the endpoint, each behind a proxy of its own. */
class Route {
  constructor(page, endpoint) {
    this.page = page
    this.endpoint = endpoint
  }

  get origin() {
    return this.page.url
  }

  async goOffline() {
    await Promise.all([this.page.close(), this.endpoint.close()])
  }

  async goOnline() {
    await Promise.all([this.page.open(), this.endpoint.open()])
  }
}

export class Stack {
  routes = []
  endpoint = null
  #settings
  #endpointPort
  #pages = []

  /** `settings`: bin, schemaDir, ownerUrl, loginUrl, secret. */
  constructor(settings) {
    this.#settings = settings
  }

  /** Starts everything for so many profiles. */
  async start(profiles) {
    this.#endpointPort = await freePort()
    for (let i = 0; i < profiles; i += 1) {
      const endpoint = await Proxy.to(this.#endpointPort)
      const port = await freePort()
      const page = await Proxy.to(port)
      this.#pages.push(this.#servePage(i, port, endpoint.url))
      this.routes.push(new Route(page, endpoint))
    }
    await this.startEndpoint()
    await Promise.all(this.#pages.map(({ server, url }) => server.ready(url)))
  }

  /** Starts the endpoint, always on the same port. */
  async startEndpoint() {
    const { bin, schemaDir, loginUrl, secret } = this.#settings
    const origins = this.routes.flatMap((route) => ['--allow-origin', route.origin])
    const listen = ['--listen', `${HOST}:${this.#endpointPort}`]
    const env = {
      ...process.env,
      HAVERSACK_DATABASE_URL: loginUrl,
      HAVERSACK_JWT_SECRET: secret,
    }
    // The endpoint has to do with the login role alone.
    delete env.DATABASE_URL
    const args = ['serve', '--schema', schemaDir, ...listen, ...origins]
    this.endpoint = new Server('the endpoint', bin, args, env)
    await this.endpoint.ready(`http://${HOST}:${this.#endpointPort}/health`)
  }

  /** `kill -9` */
  async killEndpoint() {
    await this.endpoint.end('SIGKILL')
  }

  /** What the processes said, for a step that failed. */
  logs() {
    const servers = [this.endpoint, ...this.#pages.map(({ server }) => server)]
    return servers
      .filter((server) => server && server.said !== '')
      .map((server) => `--- ${server.name}\n${server.said}`)
      .join('\n')
  }

  async stop() {
    for (const route of this.routes) await route.goOffline()
    await Promise.all(this.#pages.map(({ server }) => server.end('SIGTERM')))
    await this.endpoint?.end('SIGTERM')
  }

  #servePage(i, port, endpointUrl) {
    const { ownerUrl, secret } = this.#settings
    const env = {
      ...process.env,
      PORT: String(port),
      HAVERSACK_ENDPOINT_URL: endpointUrl,
      HAVERSACK_JWT_SECRET: secret,
      DATABASE_URL: ownerUrl,
    }
    const server = new Server(`page server ${i + 1}`, process.execPath, [pageServer], env)
    return { server, url: `http://${HOST}:${port}/` }
  }
}
