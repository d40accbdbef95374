// A replica that speaks the wire and keeps nothing, so that the endpoint is measured and not the client.

import { Agent, request } from 'node:http'
import { randomUUID } from 'node:crypto'

export class Replica {
  cursor = null
  epoch = null
  seq = 0
  #seen = 0
  #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  #id = randomUUID()

  constructor(backend, schema, user) {
    this.url = new URL('/v1/sync', backend.url)
    this.token = backend.token(String(user))
    this.fingerprint = schema.fingerprint
  }

  /** Syncs, and takes the cursor in unless told to stay where it is; gives the head and how many rows came. */
  async sync(mutations = [], { stay = false } = {}) {
    const text = await this.#post({
      protocol: 1,
      replica: this.#id,
      fingerprint: this.fingerprint,
      cursor: this.cursor,
      epoch: this.epoch,
      acknowledged: this.#seen,
      mutations,
      leases: {},
    })
    const lines = text.trimEnd().split('\n')
    const head = JSON.parse(lines[0])
    const end = JSON.parse(lines.at(-1))
    if (end.line !== 'end') throw new Error(`an answer was not whole: ${lines.at(-1)}`)
    if (!stay) this.cursor = end.cursor
    this.epoch = head.epoch
    this.#seen = this.seq
    return { head, rows: head.rows_total }
  }

  /** The next mutation. */
  mutation(ops) {
    this.seq += 1
    return { seq: this.seq, at: Date.now(), seen: this.#seen, ops }
  }

  close() {
    this.#agent.destroy()
  }

  #post(body) {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' }
    return new Promise((resolve, reject) => {
      const sent = request(this.url, { method: 'POST', agent: this.#agent, headers }, (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (piece) => (text += piece))
        answer.on('error', reject)
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(text)
          else reject(new Error(`the endpoint answered ${answer.statusCode}: ${text}`))
        })
      })
      sent.on('error', reject)
      sent.end(JSON.stringify(body))
    })
  }
}
