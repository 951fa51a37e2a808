import { openStagingTables } from '../catalog/open-staging-tables.ts'
import { TransferError } from '../domain/errors.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'
import type { ModelJob } from './transfer-model.ts'

/** How long Athena lets a statement that changes rows run unless the account's quota was raised, in milliseconds. */
const LONGEST_STATEMENT_MS = 30 * 60_000

/**
 * For a table of which no journal is known, as it is new or the journals were lost: makes sure that no load of before may
 * still be under way. Its staging table tells; one that is older than any statement is left to the sweep.
 *
 * @throws {TransferError} `TARGET_BUSY` with `retryAfterMs`.
 */
export async function ensureNoUnknownLoad(
  { glue }: Pick<DestinationClients, 'glue'>,
  { clock, queryTimeoutMs }: Pick<TransferDeps, 'clock' | 'queryTimeoutMs'>,
  { destination, model }: Pick<ModelJob, 'destination' | 'model'>,
): Promise<void> {
  const oldestMs = clock.epochMs() - queryTimeoutMs - LONGEST_STATEMENT_MS
  for (const { name, createdAt } of await openStagingTables(glue, destination.schema, model.tableName)) {
    const retryAfterMs = (createdAt?.getTime() ?? 0) - oldestMs
    if (retryAfterMs <= 0) continue
    throw new TransferError(
      'TARGET_BUSY',
      `destination "${destination.name}": table "${model.tableName}" may still be loaded from ${name}, of which no journal is known`,
      { details: { destination: destination.name, table: model.tableName, retryAfterMs } },
    )
  }
}
