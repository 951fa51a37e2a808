import type { AbortReason } from '../domain/abort-reason.ts'

/** The models that run in this process, to be ended by transfer or all together. */
export interface RunningModels {
  /** Runs a model under a signal of its own; `reason` tells why it was aborted, if it was. */
  run<Result>(transferId: string, work: (signal: AbortSignal) => Promise<Result>): Promise<Result>
  abort(reason: AbortReason, transferId?: string): void
}

/** An empty set of running models. */
export function createRunningModels(): RunningModels {
  const running = new Set<{ readonly transferId: string; readonly controller: AbortController }>()
  return {
    run: async (transferId, work) => {
      const entry = { transferId, controller: new AbortController() }
      running.add(entry)
      try {
        return await work(entry.controller.signal)
      } finally {
        running.delete(entry)
      }
    },
    abort: (reason, transferId) => {
      for (const entry of running) {
        if (transferId === undefined || entry.transferId === transferId) entry.controller.abort(reason)
      }
    },
  }
}
