import { defineConfig } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'

const manifest = {
  id: '/',
  name: 'Haversack · Agenda',
  short_name: 'Agenda',
  description: 'Your agenda, on the device and in Postgres.',
  lang: 'en',
  start_url: '/',
  scope: '/',
  display: 'standalone',
  background_color: '#f3efe4',
  theme_color: '#f3efe4',
  categories: ['productivity'],
  icons: [
    { src: 'icons/icon.svg', sizes: 'any', type: 'image/svg+xml' },
    { src: 'icons/icon-192.png', sizes: '192x192', type: 'image/png' },
    { src: 'icons/icon-512.png', sizes: '512x512', type: 'image/png' },
    {
      src: 'icons/icon-maskable-512.png',
      sizes: '512x512',
      type: 'image/png',
      purpose: 'maskable',
    },
  ],
}

/** What of the page's own server is asked again while online, and answered from the cache while not. */
const runtimeCaching = [
  {
    // The page itself comes with the server's Content-Security-Policy, which names the endpoint;
    // a cached copy may name an old one. So the network is asked first, but not for long.
    urlPattern: ({ request }) => request.mode === 'navigate',
    handler: 'NetworkFirst',
    options: {
      cacheName: 'page',
      networkTimeoutSeconds: 2,
      precacheFallback: { fallbackURL: 'index.html' },
    },
  },
  {
    urlPattern: ({ url, sameOrigin }) =>
      sameOrigin && /^\/demo\/(config|users)$/.test(url.pathname),
    handler: 'NetworkFirst',
    options: { cacheName: 'demo', networkTimeoutSeconds: 2 },
  },
]

export default defineConfig({
  build: {
    target: 'es2022',
    // An inlined asset would be a `data:` address, which the page's policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  plugins: [
    VitePWA({
      registerType: 'prompt',
      injectRegister: false,
      manifest,
      includeAssets: ['icons/*'],
      workbox: {
        globPatterns: ['**/*.{html,js,css,wasm,svg,png,webmanifest}'],
        maximumFileSizeToCacheInBytes: 8 * 1024 * 1024,
        directoryIndex: null,
        navigateFallback: null,
        cleanupOutdatedCaches: true,
        clientsClaim: true,
        inlineWorkboxRuntime: true,
        sourcemap: false,
        runtimeCaching,
      },
    }),
  ],
})
