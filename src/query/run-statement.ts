import { setTimeout as sleep } from 'node:timers/promises'
import type { AthenaPort } from './athena-port.ts'
import { clientRequestToken, type TokenParts } from './client-request-token.ts'
import { allowsAnotherGroup } from './query-failure.ts'
import { type QueryOptions, type QueryOutcome, runQuery } from './run-query.ts'

/** Token groups of one statement: the first and four more. Past them the failure is the job's, which has retries of its own. */
const MAX_GROUPS = 5

/** Longest wait before the n-th further group, in milliseconds: 1 s doubled each time; the real one is random below it. */
const BACKOFF_MS = 1_000

/**
 * Runs a statement, again in a new token group each time it ends in a way that another try may not: a commit conflict,
 * throttling, Athena's own passing trouble. Statements must be safe to repeat.
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
    await sleep(Math.random() * BACKOFF_MS * 2 ** group, undefined, { signal: options.signal })
  }
}
