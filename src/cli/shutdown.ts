import { setTimeout as wait } from 'node:timers/promises'

/** One part of a shutdown. */
export interface Phase {
  readonly name: string
  /** After this the next phase begins whatever became of this one, in milliseconds. */
  readonly limitMs: number
  readonly run: () => Promise<unknown>
}

/** How a phase ended. */
export interface PhaseOutcome {
  readonly phase: string
  readonly durationMs: number
  readonly outcome: 'done' | 'failed' | 'out of time'
}

/** Runs phases one after the other and tells of each as it ends. A phase that fails or takes too long stops none. */
export async function runPhases(
  phases: readonly Phase[],
  onEnded: (ended: PhaseOutcome) => void,
): Promise<readonly PhaseOutcome[]> {
  const ended: PhaseOutcome[] = []
  for (const { name, limitMs, run } of phases) {
    const startedMs = performance.now()
    const outcome = await outcomeOf(run, limitMs)
    const one = { phase: name, durationMs: Math.round(performance.now() - startedMs), outcome }
    ended.push(one)
    onEnded(one)
  }
  return ended
}

async function outcomeOf(run: Phase['run'], limitMs: number): Promise<PhaseOutcome['outcome']> {
  const over = new AbortController()
  const done = run().then(
    () => 'done' as const,
    () => 'failed' as const,
  )
  const late = wait(limitMs, 'out of time' as const, { signal: over.signal }).catch(() => 'done' as const)
  try {
    return await Promise.race([done, late])
  } finally {
    over.abort()
  }
}
