import { deleteStagingTable } from '../catalog/staging-table.ts'
import type { Destination } from '../domain/destination.ts'
import type { LoadRecord } from '../domain/load-record.ts'
import { keysBelow } from '../staging/keys-below.ts'
import type { DestinationClients } from './ports.ts'

/**
 * Removes a load's staging table, its shadow table's entry and staged files; folders of tables stay. Only for loads that
 * no running statement reads or fills.
 * A failure here is not the load's: what stays carries our mark and is removed by the sweep.
 */
export async function cleanUp(
  clients: Pick<DestinationClients, 's3' | 'glue'>,
  { bucket }: Pick<Destination, 'bucket'>,
  { database, staging, swap, files }: Pick<LoadRecord, 'database' | 'staging' | 'swap' | 'files'>,
): Promise<void> {
  try {
    if (swap) await deleteStagingTable(clients.glue, database, swap.shadowTable)
    if (staging) await deleteStagingTable(clients.glue, database, staging.table)
    for (const { key } of files) await clients.s3.deleteObject({ Bucket: bucket, Key: key })
  } catch {
    // Safe to pass over: rows are loaded or the first error is on its way, and nothing reads what is left.
  }
}

/** Removes what an attempt staged before its staging failed. No statement reads it, as none was made. */
export async function removeStaged(
  { s3 }: Pick<DestinationClients, 's3'>,
  { bucket }: Destination,
  prefix: string,
): Promise<void> {
  try {
    for await (const Key of keysBelow(s3, { bucket, prefix })) await s3.deleteObject({ Bucket: bucket, Key })
  } catch {
    // Safe to pass over: the first error is on its way, and nothing reads what is left.
  }
}
