import { type Clock, SYSTEM_CLOCK } from '../domain/clock.ts'
import type { AthenaPort } from './athena-port.ts'
import { clientRequestToken, type TokenParts } from './client-request-token.ts'
import { allowsAnotherGroup } from './query-failure.ts'
import { type QueryOptions, type QueryOutcome, runQuery } from './run-query.ts'

/** Token groups of one statement in one attempt: the first and four more. Past them the failure is the job's, which has retries of its own. */
export const MAX_GROUPS = 5

/** Longest wait before the n-th further group, in milliseconds: 1 s doubled each time; the real one is random below it. */
const BACKOFF_MS = 1_000

/** Waits before another group, the `further`-th from 0 on; ends early when the signal aborts. */
export async function backOff(
  further: number,
  signal: AbortSignal,
  clock: Clock = SYSTEM_CLOCK,
): Promise<void> {
  await clock.sleep(clock.random() * BACKOFF_MS * 2 ** further, signal)
}

/**
 * Runs a statement, again in a new token group each time it ends in a way that another try may not: a commit conflict,
 * throttling, Athena's own passing trouble. For statements that are no load: nobody else joins or follows them.
 *
 * @throws {TransferError} of the last group.
 */
export async function runStatement(
  athena: AthenaPort,
  statement: Omit<TokenParts, 'group'>,
  options: QueryOptions,
): Promise<QueryOutcome> {
  for (let group = 0; ; group++) {
    try {
      const token = clientRequestToken({ ...statement, group })
      return await runQuery(athena, { sql: statement.sql, clientRequestToken: token }, options)
    } catch (thrown) {
      if (group + 1 >= MAX_GROUPS || !allowsAnotherGroup(thrown)) throw thrown
    }
    await backOff(group, options.signal, options.clock)
  }
}
