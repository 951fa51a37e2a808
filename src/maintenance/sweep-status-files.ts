import { STATUS_TABLE } from '../catalog/status-table.ts'
import { s3Uri } from '../domain/locations.ts'
import { objectsBelow } from '../staging/keys-below.ts'
import { attemptOfStatusKey } from './our-names.ts'
import { deleteObject, isYoung, type SweepContext } from './sweep-context.ts'
import type { RemainingTable } from './sweep-tables.ts'

/**
 * Removes files behind `_transfer_status` that it does not point to any more. The newest of the old ones stays: the table
 * may have pointed to it until just now, and a query may read it. Memory: the keys of all such files.
 */
export async function sweepStatusFiles(
  context: SweepContext,
  tables: readonly RemainingTable[],
): Promise<void> {
  const { clients, destination, open, tally, signal } = context
  const { bucket, schema } = destination
  const current = new Set(tables.find(({ name }) => name === STATUS_TABLE)?.locations)
  const old: { readonly key: string; readonly modifiedMs: number; readonly bytes: number }[] = []
  for await (const object of objectsBelow(clients.s3, { bucket, prefix: `${schema}/transfer_status/` })) {
    const { key, modifiedMs } = object
    const maker = attemptOfStatusKey(destination, key)
    const folder = s3Uri(bucket, key.slice(0, key.lastIndexOf('/')))
    if (!maker) tally.keep('statusFiles', 'foreign')
    else if (current.has(folder)) tally.keep('statusFiles', 'inUse')
    else if (open.transferIds.has(maker.transferId)) tally.keep('statusFiles', 'open')
    else if (modifiedMs === undefined || isYoung(context, modifiedMs)) tally.keep('statusFiles', 'young')
    else old.push({ ...object, modifiedMs })
  }
  // S3 tells whole seconds: of files of the same one any may be the newest.
  const newestMs = old.reduce((newest, { modifiedMs }) => Math.max(newest, modifiedMs), 0)
  for (const { key, bytes, modifiedMs } of old) {
    signal.throwIfAborted()
    if (modifiedMs === newestMs) tally.keep('statusFiles', 'young')
    else await tally.remove('statusFiles', bytes, deleteObject(context, key))
  }
}
