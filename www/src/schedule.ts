/** Long work in slices, so that no task holds up a frame. */

/** How long a slice may take before the browser gets a turn. */
const SLICE_MS_MAX = 8

/** Lets the browser paint and handle input. */
export function nextTurn(): Promise<void> {
  const scheduler = (globalThis as { scheduler?: { yield?: () => Promise<void> } }).scheduler
  if (scheduler?.yield) return scheduler.yield()
  return new Promise((resolve) => setTimeout(resolve))
}

/** Calls `step` until it says that it is done, with a turn for the browser after every slice. */
export async function inSlices(step: () => boolean, cancelled: () => boolean): Promise<boolean> {
  let started = performance.now()
  while (!cancelled()) {
    if (step()) return true
    if (performance.now() - started > SLICE_MS_MAX) {
      await nextTurn()
      started = performance.now()
    }
  }
  return false
}

/** Work that waits until a burst of requests is over. */
export class Debounced {
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly delayMs: number,
    private readonly work: () => void,
  ) {}

  /** Has the work done, some time after the last request. */
  request(): void {
    this.cancel()
    this.#timer = setTimeout(this.work, this.delayMs)
  }

  cancel(): void {
    clearTimeout(this.#timer)
  }
}
