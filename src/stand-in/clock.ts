/** The time by which the stand-in signs, expires and answers; AWS's clock, as far as clients can tell. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number
  /** Sets how far it is ahead of the machine's clock, in milliseconds. */
  setOffset(offsetMs: number): void
}

/** The machine's clock, until an offset is set; that is kept in memory alone. */
export function createClock(): Clock {
  let offsetMs = 0
  return {
    nowMs: () => Date.now() + offsetMs,
    setOffset(changed) {
      offsetMs = changed
    },
  }
}
