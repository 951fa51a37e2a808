import { olderVersionsStatement } from '../load/older-versions-statement.ts'
import { runStatement } from '../query/run-statement.ts'
import type { TransferDeps } from './ports.ts'
import { queryOptions } from './query-options.ts'
import type { ModelJob } from './transfer-model.ts'

/**
 * Removes the rows of a model's table that came with an older version than the active one: a statement of its own, after
 * the load is committed. Safe to repeat.
 *
 * @throws {TransferError} of the statement.
 */
export async function removeOlderVersions(
  deps: Pick<TransferDeps, 'connect' | 'queryTimeoutMs' | 'clock'>,
  job: ModelJob,
  version: { readonly column: string; readonly active: number; readonly signal: AbortSignal },
): Promise<void> {
  const { destination, model, transfer } = job
  const clients = await deps.connect(destination)
  try {
    const sql = olderVersionsStatement({ database: destination.schema, name: model.tableName }, version)
    const parts = { transferId: transfer.transferId, model: model.name, step: 'activate version', sql }
    await runStatement(clients.athena, parts, queryOptions(clients, deps, job, version.signal))
  } finally {
    clients.close()
  }
}
