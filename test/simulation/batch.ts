import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { type RunPlan, type RunReport, simulate } from './run.ts'

/** Runs of one thread: seeds from `first` on, every `stride`-th. */
export interface Batch {
  readonly first: number
  readonly stride: number
  readonly seconds: number
  readonly faults: number
}

/** What a batch of runs did. */
export interface BatchReport {
  readonly runs: number
  readonly totals: Readonly<Record<string, number>>
  /** The first run that broke a promise. */
  readonly failing: { readonly plan: RunPlan; readonly report: RunReport } | undefined
}

/** Transfers of a run before its last one: one to three, by the seed. */
export function planOf(seed: number, faults: number): RunPlan {
  return { seed, faults, transfers: 1 + (seed % 3) }
}

/** Runs seeds until time is over, or a run breaks a promise. */
export async function runBatch({ first, stride, seconds, faults }: Batch): Promise<BatchReport> {
  const endMs = performance.now() + seconds * 1000
  const totals: Record<string, number> = {}
  let runs = 0
  for (let seed = first; performance.now() < endMs; seed += stride) {
    const plan = planOf(seed, faults)
    const report = await simulate(plan)
    runs++
    if (report.violation !== undefined) return { runs, totals, failing: { plan, report } }
    const { tally, transfers, executions } = report
    for (const [name, count] of Object.entries({ ...tally, transfers, executions }))
      totals[name] = (totals[name] ?? 0) + count
  }
  return { runs, totals, failing: undefined }
}

if (!isMainThread) parentPort?.postMessage(await runBatch(workerData))
