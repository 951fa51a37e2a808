import { windowCursorOf } from '../domain/row-identity.ts'
import type { Watermark } from '../domain/watermark.ts'
import { watermarkOf, watermarkQuery } from '../load/watermark-query.ts'
import { readResults } from '../query/read-results.ts'
import { runStatement } from '../query/run-statement.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'
import { queryOptions } from './query-options.ts'
import type { ModelJob } from './transfer-model.ts'

/**
 * How far a model was loaded, asked of its target: the largest cursor in it. For a store that knows nothing of the model;
 * one statement over one column. Undefined when the target has no row with a cursor.
 */
export async function recoverWatermark(
  clients: DestinationClients,
  deps: TransferDeps,
  job: ModelJob,
  signal: AbortSignal,
): Promise<Watermark | undefined> {
  const cursor = windowCursorOf(job.model)
  if (!cursor) return undefined
  const sql = watermarkQuery(job.destination.schema, job.model.tableName, cursor)
  const statement = { transferId: job.transfer.transferId, model: job.model.name, step: 'watermark', sql }
  const options = queryOptions(clients, deps, job, signal)
  const { queryExecutionId } = await runStatement(clients.athena, statement, options)
  for await (const { rows } of readResults(clients.athena, queryExecutionId, { signal, hasHeader: true }))
    return watermarkOf(rows[0]?.[0] ?? null, cursor)
  return undefined
}
