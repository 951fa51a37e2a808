import { setTimeout as wait } from 'node:timers/promises'

/** Time and chance, as whoever waits needs them; given from outside, so that they can be imitated. */
export interface Clock {
  /** Milliseconds; only differences mean anything. */
  nowMs(): number
  /** Milliseconds since 1970, by this machine's clock. */
  epochMs(): number
  /** Waits, and ends early without an error when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** From 0, inclusive, to 1. */
  random(): number
}

/** The machine's own. */
export const SYSTEM_CLOCK: Clock = {
  nowMs: () => performance.now(),
  epochMs: () => Date.now(),
  sleep: async (ms, signal) => {
    await wait(ms, undefined, signal ? { signal } : {}).catch(ignoreAbort)
  },
  random: () => Math.random(),
}

/** Whoever sleeps reads the signal itself. */
function ignoreAbort(): void {}
