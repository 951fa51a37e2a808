import { setTimeout as sleep } from 'node:timers/promises'

/** How long to wait between tries, and until when. */
export interface Backoff {
  /** Longest wait before the first further try, in milliseconds; doubled for each one after it. */
  readonly firstMs: number
  /** Longest wait of all, in milliseconds. */
  readonly longestMs: number
  /** When tries end, on the clock of `performance.now()`. */
  readonly deadlineMs: number
  readonly signal: AbortSignal
}

/**
 * Waits before the `attempt`-th further try, counted from 0: any time up to the bound (full jitter), so that those who
 * failed together do not come back together. False, at once, when the wait would pass the deadline, and when the signal
 * aborts: there is no further try.
 */
export async function waitForNextTry(attempt: number, backoff: Backoff): Promise<boolean> {
  const boundMs = Math.min(backoff.firstMs * 2 ** attempt, backoff.longestMs)
  const waitMs = Math.random() * boundMs
  if (performance.now() + waitMs >= backoff.deadlineMs) return false
  return sleep(waitMs, true, { signal: backoff.signal }).catch(() => false)
}
