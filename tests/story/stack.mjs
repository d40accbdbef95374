// The processes that the story runs on: one endpoint, and for each profile a page server of its own
// and two TCP proxies. Closing both proxies of a profile is what "offline" means: connections are
// refused, while everyone else goes on.

import { fileURLToPath } from 'node:url'

import { HOST, Proxy, Server, freePort } from '../support/processes.mjs'

const pageServer = fileURLToPath(new URL('../../www/serve.mjs', import.meta.url))

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
