// Loads the WebAssembly module, once for a page, and opens databases on it.

import type { BindingEvent, BindingModule, WasmSource } from './binding.js'
import { makeDatabase } from './database.js'
import type { Database } from './database.js'
import type { Hooks } from './hooks.js'
import { HaversackError, report, toHaversackError } from './errors.js'
import { Instance } from './replica.js'
import type { SchemaOf, TablesOf } from './types.js'
import init, * as glue from './wasm/haversack.js'

/** @internal */
export const binding: BindingModule = {
  default: init,
  core_version: glue.core_version,
  Client: glue.Client,
}

/** What `open` takes. */
export interface OpenOptions<T extends TablesOf<T>> {
  /** The schema that `haversack pull` wrote. */
  readonly schema: SchemaOf<T>
  /** The endpoint's base address; one without a host is the page's own. */
  readonly url: string | URL
  /**
   * Gives the user's token, asked for whenever one is needed. A promise that rejects means that
   * there is none at present; it is asked again later.
   */
  readonly token: () => string | Promise<string>
  /** What runs in the wake of writes, as triggers do on the server: see `defineHooks`. */
  readonly hooks?: Hooks<T>
  /**
   * The WebAssembly module, where it is not found beside the package's JavaScript. Counts at the
   * first `open` or `coreVersion` of a page.
   */
  readonly wasm?: WasmSource
}

let loading: Promise<Instance> | undefined

/** @internal The one WebAssembly instance. A load that failed is tried again by the next caller. */
export function load(source?: WasmSource): Promise<Instance> {
  loading ??= binding
    .default(source === undefined ? undefined : { module_or_path: source })
    .then(({ memory }) => new Instance(memory))
    .catch((thrown: unknown) => {
      loading = undefined
      const said = thrown instanceof Error ? thrown.message : String(thrown)
      const message = `Haversack's WebAssembly module could not be loaded: ${said}`
      throw new HaversackError('network', message, {}, 'retry', thrown)
    })
  return loading
}

/** The version of the WebAssembly core that this page runs, for bug reports. Rejects with `network`. */
export async function coreVersion(): Promise<string> {
  await load()
  return binding.core_version()
}

/**
 * Opens the database of the last user, or of the one that the first token names. It resolves when
 * the stored rows are in memory, and waits neither for the network nor for a token.
 *
 * Rejects with a `HaversackError`: `config_invalid` (an option), `schema_changed` (the schema was
 * not written by this version's `haversack pull`), `storage_unavailable` (private mode, or not in a
 * browser), `storage_failed`, `store_too_new`, `network` (the module could not be loaded),
 * `internal`.
 */
export async function open<T extends TablesOf<T>>(options: OpenOptions<T>): Promise<Database<T>> {
  const url = absolute(options.url)
  if (!Array.isArray(options.schema?.tables))
    throw invalid('`schema` is not what `haversack pull` wrote')
  if (typeof options.token !== 'function') throw invalid('`token` must be a function')
  if (typeof indexedDB === 'undefined') {
    throw new HaversackError(
      'storage_unavailable',
      'there is no IndexedDB here; open the database in a browser',
    )
  }
  const instance = await load(options.wasm)
  if (instance.trapped !== undefined) throw instance.trapped

  // Events may come before there is anybody to tell.
  const early: BindingEvent[] = []
  let onEvent = (event: BindingEvent): void => void early.push(event)
  try {
    const client = await binding.Client.open({
      schema: JSON.stringify(options.schema),
      url,
      token: async () => options.token(),
      onEvent: (event) => {
        // Nothing may be thrown into the module.
        try {
          onEvent(event)
        } catch (thrown) {
          report(thrown)
        }
      },
    })
    const opened = makeDatabase<T>(instance, client, options.schema.tables, {}, options.hooks)
    onEvent = opened.onEvent
    early.forEach(onEvent)
    return opened.database
  } catch (thrown) {
    if (thrown instanceof WebAssembly.RuntimeError) throw instance.trap(thrown)
    throw toHaversackError(thrown)
  }
}

/** An address as the binding wants it: absolute, without a slash at its end. */
function absolute(url: unknown): string {
  if (typeof url !== 'string' && !(url instanceof URL)) throw invalid('`url` must be given')
  try {
    const base = typeof location === 'undefined' ? undefined : location.href
    const { protocol, origin, pathname } = new URL(url, base)
    if (protocol === 'http:' || protocol === 'https:') return origin + pathname.replace(/\/+$/, '')
  } catch {
    // Not an address at all.
  }
  throw invalid(`"${String(url)}" is not the address of an endpoint`)
}

function invalid(message: string): HaversackError {
  return new HaversackError('config_invalid', `open: ${message}`)
}
