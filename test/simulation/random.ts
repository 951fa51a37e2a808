/** Numbers that are the same for the same seed. */
export interface Random {
  /** From 0, inclusive, to 1. */
  next(): number
  /** A whole number from 0 to `below`, exclusive. */
  below(below: number): number
  chance(probability: number): boolean
}

/** Mulberry32: small, fast and good enough to choose by. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    below: below => Math.floor(next() * below),
    chance: probability => next() < probability,
  }
}
