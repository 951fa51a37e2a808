import { SYSTEM_CLOCK } from '../domain/clock.ts'
import { TransferError } from '../domain/errors.ts'
import type { AthenaPort } from './athena-port.ts'
import { waitForNextTry } from './backoff.ts'
import { mayStillRun, refusedStart } from './query-failure.ts'
import type { QueryOptions, QueryRequest } from './run-query.ts'

/** How long a statement waits for its turn among the active queries, in milliseconds; then the job is tried again later. */
const TURN_MS = 120_000

/** Bounds of the wait between two asks for a turn, in milliseconds. */
const BACKOFF = { firstMs: 2_000, longestMs: 20_000 }

/**
 * Starts a statement and returns its execution's id. The same token joins an execution that was started before, so a
 * start whose answer was lost is asked for again. While Athena takes no more queries the statement waits its turn.
 *
 * @throws {TransferError} what Athena or the way to it refuses; detail `terminal` is false when the statement may run all the same.
 */
export async function startQuery(
  athena: AthenaPort,
  request: QueryRequest,
  options: QueryOptions,
): Promise<string> {
  const { signal, clock = SYSTEM_CLOCK } = options
  const deadlineMs = clock.nowMs() + Math.min(options.timeoutMs, TURN_MS)
  for (let attempt = 0; ; attempt++) {
    try {
      return await startOnce(athena, request, options)
    } catch (thrown) {
      const isThrottled = thrown instanceof TransferError && thrown.code === 'AWS_THROTTLED'
      const backoff = { ...BACKOFF, deadlineMs, signal, clock }
      if (!isThrottled || !(await waitForNextTry(attempt, backoff))) throw startFailure(thrown, options)
    }
  }
}

async function startOnce(athena: AthenaPort, request: QueryRequest, options: QueryOptions): Promise<string> {
  const answer = await athena.startQueryExecution({
    QueryString: request.sql,
    ClientRequestToken: request.clientRequestToken,
    WorkGroup: options.workgroup,
    ResultConfiguration: { OutputLocation: options.outputLocation },
  })
  if (answer.QueryExecutionId) return answer.QueryExecutionId
  throw new TransferError('AWS_UNAVAILABLE', 'Athena accepted a statement without an execution id')
}

/** After anything but a refusal nobody knows whether Athena took the statement. */
function startFailure(thrown: unknown, options: QueryOptions): unknown {
  const refused = refusedStart(thrown, options)
  const isRefusal = refused instanceof TransferError && !refused.retryable
  return isRefusal ? refused : mayStillRun(refused, {})
}
