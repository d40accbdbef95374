/** Registers the service worker, and says when a new version of the page waits to take over. */

/** `onWaiting` is given what makes the new version take over, which reloads the page. */
export async function installServiceWorker(
  onWaiting: (takeOver: () => void) => void,
): Promise<void> {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return
  const { serviceWorker } = navigator
  const registration = await serviceWorker.register('/sw.js').catch(() => null)
  if (registration === null) return
  const tell = (worker: ServiceWorker): void =>
    onWaiting(() => {
      serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
      worker.postMessage('take-over')
    })
  if (registration.waiting) tell(registration.waiting)
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing
    worker?.addEventListener('statechange', () => {
      // Without a controller this is the first version, which has nothing to replace.
      if (worker.state === 'installed' && serviceWorker.controller) tell(worker)
    })
  })
}
