import { markShadow, swapTable } from '../catalog/swap-table.ts'
import { isHandedOver } from '../domain/abort-reason.ts'
import { TransferError } from '../domain/errors.ts'
import { replanned, stepDone } from '../domain/journal.ts'
import type { LoadRecord, LoadSwap } from '../domain/load-record.ts'
import type { OpenLoad } from './finish-load.ts'
import type { TableEntry } from './journal.ts'
import { readTableMetadata } from './read-table-metadata.ts'

/** Writes down which folders a swap is about, before it makes any. */
export async function writeSwapNote(
  { clients, destination }: Pick<OpenLoad, 'clients' | 'destination'>,
  { note }: LoadSwap,
): Promise<void> {
  await clients.s3.putObject({
    Bucket: destination.bucket,
    Key: note.key,
    Body: Buffer.from(note.body),
    ContentType: 'application/json',
  })
}

/**
 * Runs a step that is no statement, and returns the journal's entry after it: the next step's or, for a shadow table that
 * is laid out otherwise than its target, that of the same load by MERGE.
 *
 * Safe to repeat, by several attempts at once too: both steps find out what is done already.
 *
 * @throws {TransferError} `COMMIT_CONFLICT` when others changed the target meanwhile; `CANCELLED`.
 */
export async function runSwapStep(
  { clients: { glue, s3 }, journal, signal }: OpenLoad,
  load: LoadRecord,
  step: 'mark' | 'swap',
): Promise<TableEntry> {
  const { database, table, swap } = load
  if (!swap) throw new TransferError('INTERNAL', `step ${step} of a load without a swap`)
  if (signal.aborted) throw cancelledBefore(step, signal)
  const { transferId } = journal.entry()
  const { shadowTable, location, targetVersionId, fallback } = swap
  if (step === 'mark') {
    const shadow = await markShadow(glue, database, shadowTable, transferId)
    const made = await readTableMetadata(s3, shadow)
    if (made?.layout !== swap.layout) return replanned(journal.entry(), withoutSwap(load, fallback))
  } else {
    await swapTable(glue, database, { name: table, versionId: targetVersionId, shadowTable, location })
  }
  return stepDone(journal.entry(), { changedRowCount: 0, scannedBytes: 0 })
}

/** The steps that are done stay; all from the open one on are those of the MERGE. */
function withoutSwap(load: LoadRecord, { steps, splits, tableRecords }: LoadSwap['fallback']): LoadRecord {
  const open = load.steps.findIndex(({ step }) => step === 'mark')
  return { ...load, splits, tableRecords, steps: [...load.steps.slice(0, open), ...steps] }
}

/** Nothing runs between two statements: a load that nobody goes on with may be given up. */
function cancelledBefore(step: string, signal: AbortSignal): TransferError {
  return new TransferError('CANCELLED', `the load ended before its step ${step}`, {
    cause: signal.reason,
    details: { terminal: !isHandedOver(signal) },
  })
}
