import { TransferError } from '../domain/errors.ts'
import type { SplitReason } from '../domain/split.ts'
import type { LoadPlan } from '../load/plan-load.ts'
import { halvedSteps } from '../load/plan-steps.ts'
import type { QueryOutcome } from '../query/run-query.ts'

/** What running a plan did. */
export interface Executed {
  readonly changedRowCount: number
  readonly scannedBytes: number
  /** Statements that loaded; DDL is free and not counted. */
  readonly statementCount: number
  /** Why they are more than one. */
  readonly splits: readonly SplitReason[]
  /** Of the last statement that loaded. */
  readonly queryExecutionId?: string
}

/** What is told where no statement was needed. */
export const NOTHING_EXECUTED: Executed = {
  changedRowCount: 0,
  scannedBytes: 0,
  statementCount: 0,
  splits: [],
}

/**
 * Runs the statements of a load one after the other. One that Athena has not the resources for, or that meets more
 * partitions than were known of, is halved, and so are its halves. Each may be run again, so a load that ends between two
 * of them is mended by the next attempt; nothing may count as loaded before the last one.
 *
 * @throws {TransferError} of the statement that failed; `QUERY_LIMIT_EXCEEDED` when its sixty-fourth does.
 */
export async function runSteps(
  plan: LoadPlan,
  run: (sql: string) => Promise<QueryOutcome>,
  countChanged: (queryExecutionId: string) => Promise<number>,
): Promise<Executed> {
  const waiting = [...plan.load.steps]
  let executed: Executed = { ...NOTHING_EXECUTED, splits: plan.load.splits }
  for (let step = waiting.shift(); step; step = waiting.shift()) {
    const outcome = await orTooMuch(run(step.sql))
    if ('tooMuch' in outcome) {
      const halves = halvedSteps(plan.planned, step)
      if (!halves) throw outcome.tooMuch
      waiting.unshift(...halves)
      executed = { ...executed, splits: [...new Set([...executed.splits, 'resources' as const])] }
      continue
    }
    const { queryExecutionId, scannedBytes } = outcome
    executed = {
      changedRowCount: executed.changedRowCount + (await countChanged(queryExecutionId)),
      scannedBytes: executed.scannedBytes + scannedBytes,
      statementCount: executed.statementCount + 1,
      splits: executed.splits,
      queryExecutionId,
    }
  }
  return executed
}

/** An execution that passed a limit of Athena may pass with fewer rows; nothing of it was committed. */
async function orTooMuch(
  running: Promise<QueryOutcome>,
): Promise<QueryOutcome | { readonly tooMuch: TransferError }> {
  try {
    return await running
  } catch (thrown) {
    if (thrown instanceof TransferError && thrown.code === 'QUERY_LIMIT_EXCEEDED') return { tooMuch: thrown }
    throw thrown
  }
}
