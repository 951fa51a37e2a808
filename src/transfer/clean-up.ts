import { deleteStagingTable } from '../catalog/staging-table.ts'
import type { Destination } from '../domain/destination.ts'
import { keysBelow } from '../staging/keys-below.ts'
import type { DestinationClients } from './ports.ts'

/** What an attempt leaves behind once its rows are loaded, or never will be. */
export interface Leftovers {
  readonly database: string
  /** Undefined when none was made. */
  readonly stagingTable: string | undefined
  readonly files: readonly { readonly key: string }[]
}

/**
 * Removes an attempt's staging table and staged files. Only for attempts that no running statement reads.
 * A failure here is not the load's: what stays carries our mark and is removed by the sweep.
 */
export async function cleanUp(
  clients: Pick<DestinationClients, 's3' | 'glue'>,
  destination: Destination,
  leftovers: Leftovers,
): Promise<void> {
  try {
    const { database, stagingTable } = leftovers
    if (stagingTable !== undefined) await deleteStagingTable(clients.glue, database, stagingTable)
    for (const { key } of leftovers.files)
      await clients.s3.deleteObject({ Bucket: destination.bucket, Key: key })
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
