// A query's parameters on their way into the module, and its hits on their way back: written and
// read in the module's memory, because a call per value costs as much as finding a few rows.

import type { BindingClient } from './binding.js'

/** A parameter of a query, ready for the core. */
export type Param = number | string | null

/** The length of a parameter that is a number. */
const NUMBER = -1
/** The length of one that is null. */
const NULL = -2
const encoder = new TextEncoder()

/** Where the parameters of one client are written. */
export class Input {
  /** The whole memory as hits; an empty view is one that was detached when memory grew. */
  words = new Uint32Array(0)
  /** The whole memory as numbers, and where the parameters begin in it. */
  numbers = new Float64Array(0)
  at = 0
  private bytes = new Uint8Array(0)
  private textAt = 0
  /** So many parameters, and bytes of text, have room. */
  private params = 0
  private text = 0

  constructor(
    private readonly client: BindingClient,
    private readonly memory: WebAssembly.Memory,
  ) {}

  /** Writes parameters, then limit and offset where there are any; gives their number. */
  write(params: readonly Param[], limit: number, offset: number): number {
    if (this.numbers.length === 0) this.view()
    const count = params.length
    if (count + 2 > this.params) this.reserve(count + 2, 0)
    const numbers = this.numbers
    let at = this.at
    let end = 0
    for (let i = 0; i < count; i++) {
      const value = params[i]!
      if (typeof value === 'number') {
        numbers[at] = value
        numbers[at + 1] = NUMBER
      } else if (value === null) {
        numbers[at + 1] = NULL
      } else {
        // A character takes up to three bytes.
        if (value.length * 3 > this.text - end) {
          let bytes = 0
          for (const param of params) if (typeof param === 'string') bytes += param.length * 3
          this.reserve(count + 2, bytes)
          return this.write(params, limit, offset)
        }
        end += numbers[at + 1] = this.writeText(value, this.textAt + end)
      }
      at += 2
    }
    if (limit >= 0) {
      numbers[at] = limit
      numbers[at + 1] = NUMBER
      at += 2
    }
    if (offset > 0) {
      numbers[at] = offset
      numbers[at + 1] = NUMBER
      at += 2
    }
    return (at - this.at) >> 1
  }

  /** Writes text at a place in memory; gives its length in bytes. */
  private writeText(text: string, at: number): number {
    const bytes = this.bytes
    const length = text.length
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) {
        const end = this.textAt + this.text
        return encoder.encodeInto(text, bytes.subarray(at, end)).written
      }
      bytes[at + i] = code
    }
    return length
  }

  private reserve(params: number, bytes: number): void {
    this.params = Math.max(params, this.params)
    this.text = Math.max(bytes, this.text)
    this.client.reserve(this.params, this.text)
    this.view()
  }

  /** Looks at the memory anew, after it may have grown or what is in it may have moved. */
  view(): void {
    const { buffer } = this.memory
    this.words = new Uint32Array(buffer)
    this.numbers = new Float64Array(buffer)
    this.bytes = new Uint8Array(buffer)
    this.at = this.client.params_ptr() >>> 3
    this.textAt = this.client.text_ptr()
  }
}
