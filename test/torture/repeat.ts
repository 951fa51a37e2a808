import { setTimeout as sleep } from 'node:timers/promises'

/** Does something again and again, with a wait between (milliseconds), until the signal aborts; then ends after the present turn. */
export async function repeat(
  signal: AbortSignal,
  waitMs: () => number,
  turn: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await turn()
    await sleep(waitMs(), undefined, { signal }).catch(() => {
      // The signal ends the loop.
    })
  }
}
