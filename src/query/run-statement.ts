import { SYSTEM_CLOCK } from '../domain/clock.ts'
import type { AthenaPort } from './athena-port.ts'
import { waitForNextTry } from './backoff.ts'
import { clientRequestToken, type TokenParts } from './client-request-token.ts'
import { allowsAnotherGroup } from './query-failure.ts'
import { type QueryOptions, type QueryOutcome, runQuery } from './run-query.ts'

/** Token groups of one statement in one attempt: the first and four more. Past them the failure is the job's, which has retries of its own. */
export const MAX_GROUPS = 5

/** Bounds of the wait before a further group, in milliseconds. */
export const GROUP_BACKOFF = { firstMs: 1_000, longestMs: 30_000 } as const

/**
 * Runs a statement, again in a new token group each time it ends in a way that another try may not: a commit conflict,
 * throttling, Athena's own passing trouble; all groups together within `timeoutMs`. For statements that are no load:
 * nobody else joins or follows them.
 *
 * @throws {TransferError} of the last group.
 */
export async function runStatement(
  athena: AthenaPort,
  statement: Omit<TokenParts, 'group'>,
  options: QueryOptions,
): Promise<QueryOutcome> {
  const { signal, clock = SYSTEM_CLOCK } = options
  const deadlineMs = clock.nowMs() + options.timeoutMs
  for (let group = 0; ; group++) {
    try {
      const clientToken = clientRequestToken({ ...statement, group })
      const timeoutMs = Math.max(1, Math.ceil(deadlineMs - clock.nowMs()))
      const request = { sql: statement.sql, clientRequestToken: clientToken }
      return await runQuery(athena, request, { ...options, timeoutMs })
    } catch (thrown) {
      if (group + 1 >= MAX_GROUPS || !allowsAnotherGroup(thrown)) throw thrown
      if (!(await waitForNextTry(group, { ...GROUP_BACKOFF, deadlineMs, signal, clock }))) throw thrown
    }
  }
}
