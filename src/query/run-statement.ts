import type { AthenaPort } from './athena-port.ts'
import { waitForNextTry } from './backoff.ts'
import { clientRequestToken, type TokenParts } from './client-request-token.ts'
import { allowsAnotherGroup } from './query-failure.ts'
import { type QueryOptions, type QueryOutcome, runQuery } from './run-query.ts'

/** Token groups of one statement: the first and four more. Past them the failure is the job's, which has retries of its own. */
const MAX_GROUPS = 5

/** Bounds of the wait before a further group, in milliseconds. */
const BACKOFF = { firstMs: 1_000, longestMs: 30_000 }

/**
 * Runs a statement, again in a new token group each time it ends in a way that another try may not: a commit conflict,
 * throttling, Athena's own passing trouble; all groups together within `timeoutMs`. Statements must be safe to repeat.
 *
 * @throws {TransferError} of the last group.
 */
export async function runStatement(
  athena: AthenaPort,
  statement: Omit<TokenParts, 'group'>,
  options: QueryOptions,
): Promise<QueryOutcome> {
  const deadlineMs = performance.now() + options.timeoutMs
  for (let group = 0; ; group++) {
    try {
      const clientToken = clientRequestToken({ ...statement, group })
      const timeoutMs = Math.max(1, Math.ceil(deadlineMs - performance.now()))
      const request = { sql: statement.sql, clientRequestToken: clientToken }
      return await runQuery(athena, request, { ...options, timeoutMs })
    } catch (thrown) {
      if (group + 1 >= MAX_GROUPS || !allowsAnotherGroup(thrown)) throw thrown
      const { signal } = options
      if (!(await waitForNextTry(group, { ...BACKOFF, deadlineMs, signal }))) throw thrown
    }
  }
}
