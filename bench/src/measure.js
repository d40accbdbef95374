// How the benchmark measures: medians, batches for what is quicker than the clock, and the long
// tasks of the main thread.

/** The median of some numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** How long an asynchronous call takes, in milliseconds. */
export async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/**
 * How long a synchronous call takes, in microseconds: the median of batches, since the clock
 * resolves 5 µs at best. The first batches warm up and do not count: the browser compiles what runs
 * often in the background. `inputs(n)` makes the input of a call, none of which comes twice, before
 * the batch is timed.
 */
export function microseconds(work, inputs, { warm = 9, batches = 41, calls = 1000 } = {}) {
  let n = 0
  const times = []
  for (let b = 0; b < warm + batches; b++) {
    const given = Array.from({ length: calls }, () => inputs(n++))
    const start = performance.now()
    for (let i = 0; i < calls; i++) work(given[i])
    if (b >= warm) times.push(((performance.now() - start) / calls) * 1000)
  }
  return median(times)
}

/** Watches the main thread for tasks above 50 ms; `stop` gives the longest, 0 for none. */
export function watchTasks() {
  let longest = 0
  const take = (list) => {
    for (const entry of list) longest = Math.max(longest, entry.duration)
  }
  const observer = new PerformanceObserver((list) => take(list.getEntries()))
  observer.observe({ entryTypes: ['longtask'] })
  return {
    async stop() {
      // Entries come in a task of their own.
      await new Promise((resolve) => setTimeout(resolve, 100))
      take(observer.takeRecords())
      observer.disconnect()
      return longest
    },
  }
}

/** Resolves after the next paint. */
export function painted() {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
}
