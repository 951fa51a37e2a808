import { setTimeout as sleep } from 'node:timers/promises'
import { TransferError } from '../domain/errors.ts'
import type { AthenaPort, QueryExecution } from './athena-port.ts'
import { mayBeRequeued } from './classify-failure.ts'
import { mayStillRun, type QueryPlace, queryFailure } from './query-failure.ts'
import { startQuery } from './start-query.ts'

/** One statement to run. */
export interface QueryRequest {
  readonly sql: string
  readonly clientRequestToken: string
}

/** Where a statement runs and how long it may. */
export interface QueryOptions extends QueryPlace {
  /** `s3://…/` folder for results. */
  readonly outputLocation: string
  /** From the first try to start it, further token groups included. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Told the id as soon as Athena accepted the statement, before any waiting. */
  readonly onStarted?: (queryExecutionId: string) => Promise<void> | void
}

/** What a statement that succeeded did. */
export interface QueryOutcome {
  readonly queryExecutionId: string
  readonly scannedBytes: number
  readonly engineMs: number
}

/** First and longest wait between two looks at an execution, in milliseconds; GetQueryExecution allows 100/s an account. */
const POLL_MS = { first: 150, longest: 2_000, growth: 1.5 }

/** How long a stopped execution is watched for its end, in milliseconds. */
const STOP_WATCH_MS = 10_000

/** How long after a throttled FAILED Athena is asked once more, in milliseconds. */
const REQUEUE_LOOK_MS = 1_500

/**
 * Runs one statement to its end. The same token joins an execution that was started before.
 *
 * When the signal aborts or time runs out, the execution is asked to stop (the customer's policy may not allow it) and
 * watched a little longer. The error's `terminal` detail is false unless the execution is known to have ended, or never
 * to have begun; until it is, nothing that the statement reads may be deleted.
 *
 * @throws {TransferError} by `classifyFailure`; `CANCELLED` or `QUERY_TIMEOUT` when ended from here.
 */
export async function runQuery(
  athena: AthenaPort,
  request: QueryRequest,
  options: QueryOptions,
): Promise<QueryOutcome> {
  const { signal } = options
  signal.throwIfAborted()
  const limit = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)])
  const queryExecutionId = await startQuery(athena, request, options)
  await options.onStarted?.(queryExecutionId)
  const execution =
    (await watch(athena, queryExecutionId, limit)) ?? (await stop(athena, queryExecutionId, options))
  if (execution.Status?.State !== 'SUCCEEDED') throw queryFailure(execution, options)
  return {
    queryExecutionId,
    scannedBytes: execution.Statistics?.DataScannedInBytes ?? 0,
    engineMs: execution.Statistics?.EngineExecutionTimeInMillis ?? 0,
  }
}

/** The execution in its final state, or undefined when the signal aborted first. */
async function watch(
  athena: AthenaPort,
  id: string,
  signal: AbortSignal,
): Promise<QueryExecution | undefined> {
  let waitMs = POLL_MS.first
  let lookedAgain = false
  while (!signal.aborted) {
    const execution = await look(athena, id)
    if (execution && isTerminal(execution)) {
      if (lookedAgain || !mayBeRequeued(execution.Status)) return execution
      lookedAgain = true
      waitMs = REQUEUE_LOOK_MS
    }
    await sleep(waitMs * (0.8 + Math.random() * 0.4), undefined, { signal }).catch(ignoreAbort)
    waitMs = Math.min(waitMs * POLL_MS.growth, POLL_MS.longest)
  }
  return undefined
}

/** One look; a failure other than a refusal is no news of the execution, so watching goes on. */
async function look(athena: AthenaPort, id: string): Promise<QueryExecution | undefined> {
  try {
    return (await athena.getQueryExecution({ QueryExecutionId: id })).QueryExecution
  } catch (thrown) {
    const isRefusal =
      thrown instanceof TransferError
        ? !thrown.retryable
        : thrown instanceof Error && thrown.name === 'InvalidRequestException'
    if (isRefusal) throw mayStillRun(thrown, { queryExecutionId: id })
    return undefined
  }
}

/** An aborted sleep ends early; the loop reads the signal itself. */
function ignoreAbort(): void {}

async function stop(athena: AthenaPort, id: string, options: QueryOptions): Promise<QueryExecution> {
  try {
    await athena.stopQueryExecution({ QueryExecutionId: id })
  } catch {
    // Best effort by contract: the customer's policy does not grant it, and the execution is watched either way.
  }
  const execution = await watch(athena, id, AbortSignal.timeout(STOP_WATCH_MS))
  if (execution?.Status?.State === 'SUCCEEDED') return execution
  const cancelled = options.signal.aborted
  const terminal = execution !== undefined
  throw new TransferError(
    cancelled ? 'CANCELLED' : 'QUERY_TIMEOUT',
    `query ${id} was ${cancelled ? 'cancelled' : `not done after ${options.timeoutMs} ms`}${terminal ? '' : ', and may still be running'}`,
    { cause: options.signal.reason, details: { queryExecutionId: id, terminal } },
  )
}

function isTerminal(execution: QueryExecution): boolean {
  return ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(execution.Status?.State ?? '')
}
