// Stands in for the glue that wasm-bindgen writes, so that type checks need no build. Where the
// glue has been built, its own declarations come first.

declare module '*/wasm/haversack.js' {
  const init: import('./binding.js').BindingModule['default']
  export default init
  export const core_version: import('./binding.js').BindingModule['core_version']
  export const Client: import('./binding.js').BindingModule['Client']
}
