import init, { core_version as versionInWasm } from './wasm/haversack.js'

let loading: Promise<unknown> | undefined

/** Fetches and compiles the WebAssembly module once, when something first needs it. */
function load(): Promise<unknown> {
  return (loading ??= init())
}

/** The version of the WebAssembly core that this page runs; for bug reports. */
export async function coreVersion(): Promise<string> {
  await load()
  return versionInWasm()
}
