import { setTimeout as delay } from 'node:timers/promises'
import { subjectOf } from '../../faults/subject.ts'
import type { Caller, Faults, Strike } from '../../services.ts'
import { namedError } from '../query-error.ts'
import type { Execution, Failure } from './executions.ts'

/** The faults of one query, drawn when it is started, as they strike the query that is started next. */
export interface QueryFaults {
  readonly queue: Strike | undefined
  readonly slow: Strike | undefined
  readonly requeue: Strike | undefined
  readonly throttleRequeue: Strike | undefined
  readonly cancel: Strike | undefined
  readonly fail: Strike | undefined
  readonly failAfterCommit: Strike | undefined
}

/** A failure that a fault asks for, in Athena's numbers. */
export class InjectedFailure extends Error {
  readonly state: 'FAILED' | 'CANCELLED'
  readonly failure: Failure

  constructor(state: 'FAILED' | 'CANCELLED', errorType: number) {
    const failure = failureOfType(errorType)
    super(failure.message)
    this.state = state
    this.failure = failure
  }
}

/** Says which faults strike a query. */
export function drawFaults(faults: Faults, { sql }: Execution, caller: Caller): QueryFaults {
  const strike = (kind: string) => faults.strike(`athena.query.${kind}`, subjectOf(caller, sql))
  return {
    queue: strike('queue'),
    slow: strike('slow'),
    requeue: strike('requeue'),
    throttleRequeue: strike('throttle-requeue'),
    cancel: strike('cancel'),
    fail: strike('fail'),
    failAfterCommit: strike('fail-after-commit'),
  }
}

/**
 * Takes a queued execution to RUNNING, by the ways that its faults lead; each state is told as it comes.
 * @throws {InjectedFailure} for faults that end it before its statement runs.
 */
export async function passStates(
  faults: QueryFaults,
  queued: Execution,
  { tell, signal }: { readonly tell: (execution: Execution) => Promise<void>; readonly signal: AbortSignal },
): Promise<Execution> {
  const wait = (strike: Strike) => delay(strike.delayMs, undefined, { signal })
  if (faults.queue) await wait(faults.queue)
  const running: Execution = { ...queued, state: 'RUNNING', startedAtMs: Date.now() }
  await tell(running)
  if (faults.slow) await wait(faults.slow)
  if (faults.requeue) {
    await delay(STATE_SHOWN_MS, undefined, { signal })
    await tell(queued)
    await wait(faults.requeue)
    await tell(running)
  }
  if (faults.throttleRequeue) {
    await tell({ ...running, ...endOf(new InjectedFailure('FAILED', S3_THROTTLED)), endedAtMs: Date.now() })
    await wait(faults.throttleRequeue)
    await tell(running)
  }
  if (faults.cancel) throw new InjectedFailure('CANCELLED', CANCELLED_BY_USER)
  if (faults.fail) throw new InjectedFailure('FAILED', faults.fail.errorType)
  return running
}

/** How an injected failure ends an execution. */
export function endOf({ state, failure }: InjectedFailure): Pick<Execution, 'state' | 'reason' | 'failure'> {
  return { state, reason: failure.message, failure }
}

/** The error of a commit that another writer forestalled. */
export function injectedConflict(): Error {
  return namedError('ICEBERG_COMMIT_ERROR', 'Failed to commit the transaction during write: injected fault')
}

/** How long RUNNING is shown before a query is queued again, in milliseconds. */
const STATE_SHOWN_MS = 300

/** S3 refused requests for their rate. */
const S3_THROTTLED = 1602

/** Somebody cancelled the query. */
const CANCELLED_BY_USER = 1014

/** Types of the catalog by number, both ends inclusive; those left out are user errors. */
const CATALOG: readonly (readonly [from: number, to: number, traits: Omit<Failure, 'type'>])[] = [
  [0, 8, { category: 2, retryable: false, message: 'Query exhausted resources at this scale factor' }],
  [100, 100, { category: 1, retryable: true, message: 'GENERIC_INTERNAL_ERROR: Internal service error' }],
  [206, 206, { category: 2, retryable: false, message: 'Query timeout' }],
  [210, 210, { category: 2, retryable: false, message: 'Query timeout' }],
  [200, 232, { category: 1, retryable: true, message: 'Query engine had an internal error' }],
  [300, 303, { category: 1, retryable: true, message: 'Internal service error' }],
  [400, 400, { category: 1, retryable: true, message: 'Internal service error' }],
  [
    CANCELLED_BY_USER,
    CANCELLED_BY_USER,
    { category: 2, retryable: false, message: 'Query cancelled by user' },
  ],
  [1400, 1401, { category: 2, retryable: true, message: 'ThrottlingException: Rate exceeded' }],
  [1403, 1406, { category: 2, retryable: true, message: 'ThrottlingException: Rate exceeded' }],
  [
    S3_THROTTLED,
    S3_THROTTLED,
    { category: 2, retryable: true, message: 'SlowDown: Please reduce your request rate.' },
  ],
  [9999, 9999, { category: 1, retryable: true, message: 'Internal service error' }],
]

function failureOfType(type: number): Failure {
  const [, , traits] = CATALOG.find(([from, to]) => from <= type && type <= to) ?? []
  return { type, ...(traits ?? { category: 2, retryable: false, message: `Failure of type ${type}` }) }
}
