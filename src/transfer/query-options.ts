import { resultsLocation } from '../domain/locations.ts'
import type { QueryOptions } from '../query/run-query.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'
import type { ModelJob } from './transfer-model.ts'

/** How a destination's statements are run. */
export function queryOptions(
  { accountId }: Pick<DestinationClients, 'accountId'>,
  { queryTimeoutMs, clock }: Pick<TransferDeps, 'queryTimeoutMs' | 'clock'>,
  { destination }: Pick<ModelJob, 'destination'>,
  signal: AbortSignal,
): QueryOptions {
  const { name, region, workgroup, bucket, schema } = destination
  const outputLocation = resultsLocation(destination)
  return {
    name,
    region,
    workgroup,
    bucket,
    schema,
    accountId,
    outputLocation,
    timeoutMs: queryTimeoutMs,
    signal,
    clock,
  }
}
