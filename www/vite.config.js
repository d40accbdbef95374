import { defineConfig } from 'vite'
import { serviceWorker } from './service-worker.plugin.js'

export default defineConfig({
  build: {
    target: 'es2022',
    // An inlined asset would be a `data:` address, which the page's policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  plugins: [serviceWorker({ entry: 'src/service-worker.ts', file: 'sw.js' })],
})
