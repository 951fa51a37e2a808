import { type Clock, SYSTEM_CLOCK } from '../domain/clock.ts'

/** How long to wait between tries, and until when. */
export interface Backoff {
  /** Longest wait before the first further try, in milliseconds; doubled for each one after it. */
  readonly firstMs: number
  /** Longest wait of all, in milliseconds. */
  readonly longestMs: number
  /** When tries end, on the clock. */
  readonly deadlineMs: number
  readonly signal: AbortSignal
  /** Default: the machine's own. */
  readonly clock?: Clock | undefined
}

/**
 * Waits before the `attempt`-th further try, counted from 0: any time up to the bound (full jitter), so that those who
 * failed together do not come back together. False, at once, when the wait would pass the deadline, and when the signal
 * aborts: there is no further try.
 */
export async function waitForNextTry(attempt: number, backoff: Backoff): Promise<boolean> {
  const { signal, clock = SYSTEM_CLOCK } = backoff
  const boundMs = Math.min(backoff.firstMs * 2 ** attempt, backoff.longestMs)
  const waitMs = clock.random() * boundMs
  if (clock.nowMs() + waitMs >= backoff.deadlineMs) return false
  await clock.sleep(waitMs, signal)
  return !signal.aborted
}
