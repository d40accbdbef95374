// Randomness from a seed, so that a run can be repeated.

/** A generator of random numbers: the same seed gives the same ones (mulberry32). */
export class Random {
  #state

  constructor(seed) {
    this.#state = seed >>> 0
  }

  /** In [0, 1). */
  unit() {
    let mixed = (this.#state = (this.#state + 0x6d2b79f5) | 0)
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number in [low, high]. */
  int(low, high) {
    return low + Math.floor(this.unit() * (high - low + 1))
  }

  /** True with this probability. */
  chance(probability) {
    return this.unit() < probability
  }

  /** One of the elements. */
  pick(list) {
    return list[this.int(0, list.length - 1)]
  }

  /** One of the keys of `{ choice: weight }`. */
  weighted(weights) {
    const total = Object.values(weights).reduce((a, b) => a + b, 0)
    let left = this.unit() * total
    for (const [choice, weight] of Object.entries(weights)) if ((left -= weight) < 0) return choice
    return Object.keys(weights)[0]
  }
}
