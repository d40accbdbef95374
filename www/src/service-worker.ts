/**
 * Keeps the page on the device, so that it starts without a network. It never touches what goes to
 * the endpoint: that is the library's.
 */

/// <reference lib="webworker" />

import {
  cleanupOutdatedCaches,
  matchPrecache,
  precacheAndRoute,
  type PrecacheEntry,
} from 'workbox-precaching'
import { registerRoute } from 'workbox-routing'
import { NetworkFirst } from 'workbox-strategies'

declare const self: ServiceWorkerGlobalScope
/** Every file of the build, put in by the build. */
declare const __FILES__: PrecacheEntry[]

/** The page and the demo's answers come from the network when it is this quick. */
const NETWORK_TIMEOUT_S = 2

precacheAndRoute(__FILES__, { directoryIndex: '', cleanURLs: false })
cleanupOutdatedCaches()

// The page comes with the server's Content-Security-Policy, which names the endpoint; a kept copy
// may name an old one. So the network is asked first, but not for long.
registerRoute(
  ({ request }) => request.mode === 'navigate',
  new NetworkFirst({
    cacheName: 'page',
    networkTimeoutSeconds: NETWORK_TIMEOUT_S,
    plugins: [{ handlerDidError: () => matchPrecache('/index.html') }],
  }),
)

registerRoute(
  ({ url, sameOrigin }) => sameOrigin && /^\/demo\/(config|users)$/.test(url.pathname),
  new NetworkFirst({ cacheName: 'demo', networkTimeoutSeconds: NETWORK_TIMEOUT_S }),
)

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

// A new version takes over when the user says so, never in the middle of an edit.
self.addEventListener('message', (event) => {
  if (event.data === 'take-over') void self.skipWaiting()
})
