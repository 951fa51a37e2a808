import { isHandedOver } from '../domain/abort-reason.ts'
import { type Clock, SYSTEM_CLOCK } from '../domain/clock.ts'
import { TransferError } from '../domain/errors.ts'
import type { AthenaPort, QueryExecution } from './athena-port.ts'
import { mayBeRequeued } from './classify-failure.ts'
import { type QueryPlace, queryFailure, refusedStart } from './query-failure.ts'

/** One statement to run. */
export interface QueryRequest {
  readonly sql: string
  readonly clientRequestToken: string
}

/** Where a statement runs and how long it may. */
export interface QueryOptions extends QueryPlace {
  /** `s3://…/` folder for results. */
  readonly outputLocation: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Default: the machine's own. */
  readonly clock?: Clock
}

/** What a statement that succeeded did. */
export interface QueryOutcome {
  readonly queryExecutionId: string
  readonly scannedBytes: number
  readonly engineMs: number
}

/** First and longest wait between two looks at an execution, in milliseconds; GetQueryExecution allows 100/s an account. */
const POLL_MS = { first: 150, longest: 2_000, growth: 1.5 }

/** A stopped execution is watched whatever aborts. */
const NEVER = new AbortController().signal

/** How long a stopped execution is watched for its end, in milliseconds. */
const STOP_WATCH_MS = 10_000

/** How long after a throttled FAILED Athena is asked once more, in milliseconds. */
const REQUEUE_LOOK_MS = 1_500

/**
 * Runs one statement to its end. The same token joins an execution that was started before.
 *
 * @throws {TransferError} of `startQuery` and `awaitQuery`; by `classifyFailure` for one that failed.
 */
export async function runQuery(
  athena: AthenaPort,
  request: QueryRequest,
  options: QueryOptions,
): Promise<QueryOutcome> {
  options.signal.throwIfAborted()
  const id = await startQuery(athena, request, options)
  return outcomeOf(await awaitQuery(athena, id, options), options)
}

/**
 * Submits a statement and returns its execution's id.
 *
 * @throws {TransferError} when Athena does not take it. One that may be retried says nothing of whether it arrived.
 */
export async function startQuery(
  athena: AthenaPort,
  request: QueryRequest,
  options: QueryOptions,
): Promise<string> {
  try {
    const answer = await athena.startQueryExecution({
      QueryString: request.sql,
      ClientRequestToken: request.clientRequestToken,
      WorkGroup: options.workgroup,
      ResultConfiguration: { OutputLocation: options.outputLocation },
    })
    if (answer.QueryExecutionId) return answer.QueryExecutionId
  } catch (thrown) {
    throw refusedStart(thrown, options)
  }
  throw new TransferError('AWS_UNAVAILABLE', 'Athena accepted a statement without an execution id')
}

/**
 * The execution once it has ended, well or not.
 *
 * When the signal aborts or time runs out, it is asked to stop (the customer's policy may not allow it) and watched a
 * little longer; the error's `terminal` detail says whether it is known to have ended. Until it is, nothing that the
 * statement reads may be deleted. One that is handed over is left running.
 *
 * @throws {TransferError} `CANCELLED` or `QUERY_TIMEOUT` when ended from here.
 */
export async function awaitQuery(
  athena: AthenaPort,
  id: string,
  options: QueryOptions,
): Promise<QueryExecution> {
  const watched = await watch(athena, id, { ...options, limitMs: options.timeoutMs })
  if (watched) return watched
  if (!isHandedOver(options.signal)) return stop(athena, id, options)
  throw new TransferError('CANCELLED', `query ${id} is left running for whoever goes on`, {
    details: { queryExecutionId: id, terminal: false },
  })
}

/** What an execution did. @throws {TransferError} by `classifyFailure` for one that failed. */
export function outcomeOf(execution: QueryExecution, place: QueryPlace): QueryOutcome {
  if (execution.Status?.State !== 'SUCCEEDED') throw queryFailure(execution, place)
  return {
    queryExecutionId: execution.QueryExecutionId ?? '',
    scannedBytes: execution.Statistics?.DataScannedInBytes ?? 0,
    engineMs: execution.Statistics?.EngineExecutionTimeInMillis ?? 0,
  }
}

/** The execution in its final state, or undefined when the signal aborted or time ran out first. */
async function watch(
  athena: AthenaPort,
  id: string,
  options: Pick<QueryOptions, 'signal' | 'clock'> & { readonly limitMs: number },
): Promise<QueryExecution | undefined> {
  const { signal, clock = SYSTEM_CLOCK } = options
  const endMs = clock.nowMs() + options.limitMs
  let waitMs = POLL_MS.first
  let lookedAgain = false
  while (!signal.aborted && clock.nowMs() < endMs) {
    const execution = await look(athena, id)
    if (execution && isTerminal(execution)) {
      if (lookedAgain || !mayBeRequeued(execution.Status)) return { ...execution, QueryExecutionId: id }
      lookedAgain = true
      waitMs = REQUEUE_LOOK_MS
    }
    const jitteredMs = waitMs * (0.8 + clock.random() * 0.4)
    await clock.sleep(Math.min(jitteredMs, Math.max(endMs - clock.nowMs(), 0)), signal)
    waitMs = Math.min(waitMs * POLL_MS.growth, POLL_MS.longest)
  }
  return undefined
}

/** One look; a passing failure is no news of the execution, so watching goes on. */
async function look(athena: AthenaPort, id: string): Promise<QueryExecution | undefined> {
  try {
    return (await athena.getQueryExecution({ QueryExecutionId: id })).QueryExecution
  } catch (thrown) {
    if (thrown instanceof TransferError && thrown.retryable) return undefined
    throw thrown
  }
}

async function stop(athena: AthenaPort, id: string, options: QueryOptions): Promise<QueryExecution> {
  try {
    await athena.stopQueryExecution({ QueryExecutionId: id })
  } catch {
    // Best effort by contract: the customer's policy does not grant it, and the execution is watched either way.
  }
  const { clock } = options
  const watching = { signal: NEVER, limitMs: STOP_WATCH_MS, ...(clock ? { clock } : {}) }
  const execution = await watch(athena, id, watching)
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
