import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '../domain/digest.ts'
import type { Model } from '../domain/model.ts'
import { MAX_STAGED_PARTITIONS, orderedFields, type PartitionField } from '../domain/partition-field.ts'
import type { RowBatch } from '../domain/row-batch.ts'
import { boundColumnsOf, cursorOf, identityOf, windowCursorOf } from '../domain/row-identity.ts'
import type { EncodedColumn, Window } from './encode-sql.ts'
import type { Encode, EncoderPool } from './encoder-pool.ts'
import { createUploads } from './held-uploads.ts'
import {
  ensureRejectedCount,
  ensureRejectedShare,
  isTooManyRejected,
  REJECTED_FILE,
  rejectedRowsLeft,
  uploadRejected,
  uploadRejectedOfFailed,
} from './rejected-rows.ts'
import type { StagingS3 } from './s3-port.ts'
import { cutSlices, type Slice } from './slices.ts'
import { emptyTotals, type StagedModel, type StagingTotals, withSlice } from './totals.ts'

/** What is to be staged, and where. */
export interface StageOptions {
  readonly model: Model
  readonly batches: AsyncIterable<RowBatch>
  /**
   * Bounds of the cursor in canonical text: `from` inclusive, `to` exclusive. Rows that the source deleted after `to`
   * are staged with those inside, so that no older version of them comes back; `maxCursor` is of those inside.
   */
  readonly window: { readonly from?: string | undefined; readonly to?: string | undefined }
  /** How the target is partitioned, by its columns' names. */
  readonly partitionedBy: readonly PartitionField[]
  /** Digest of the rows that were loaded before, as `StagedModel` told it; undefined when nothing is known. */
  readonly knownDigest: string | undefined
  readonly encoders: EncoderPool
  readonly s3: StagingS3
  readonly bucket: string
  /** Folder of this attempt, with its trailing slash. */
  readonly prefix: string
  /** Folder for rows that do not fit, with its trailing slash. */
  readonly rejectedPrefix: string
  readonly workDir: string
  /** Bytes of unpacked input that make one Parquet file. Default 128 MiB; CSV is read whole, so a quarter of it. */
  readonly sliceBytes?: number
  readonly signal: AbortSignal
  readonly onProgress: (progress: { readonly rowCount: number; readonly bytes: number }) => void
}

/** Default of `sliceBytes`: about 250,000 billing rows, a Parquet file of 10 to 30 MB. */
const SLICE_BYTES = 128 * 1024 * 1024

/**
 * Writes a model's rows to S3 as Parquet and returns what was written, in upload order.
 *
 * One file is made per slice of the input. While a slice is encoded in a process apart the next one is read, so
 * disk holds two slices and the rejected rows, memory a few chunks, the encoder's 256 MB and one part of an upload, whatever
 * the size of the model.
 *
 * Rows that do not fit are uploaded once all are read; of a model that fails for them the first 10,000.
 *
 * Safe to repeat: files go under the attempt's own prefix, and no reader sees them before the load.
 *
 * @throws {TransferError} `SOURCE_UNREADABLE`, `ROW_INVALID` with file, line, column, value and reason,
 * `STAGING_FAILED`, `ACCESS_DENIED`.
 */
export async function stageModel(options: StageOptions): Promise<StagedModel> {
  const { signal, workDir } = options
  await mkdir(workDir, { recursive: true })
  const folder = await mkdtemp(join(workDir, 'stage-'))
  try {
    const uploads = createUploads(options)
    const columns = encodedColumns(options.model)
    const totals = await options.encoders.use({ folder, signal }, encode =>
      stageBatches(options, { encode, uploads, columns }, folder),
    )
    ensureRejectedShare(options.model, totals)
    const digest = digestOf(totals.spans)
    const { files, isUnchanged } = await uploads.finish(digest)
    await uploadRejected({ ...options, path: rejectedPath(folder) })
    return { ...totals, files, digest, isUnchanged }
  } catch (thrown) {
    if (isTooManyRejected(thrown)) await uploadRejectedOfFailed({ ...options, path: rejectedPath(folder) })
    throw thrown
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Machinery {
  readonly encode: Encode
  readonly uploads: ReturnType<typeof createUploads>
  readonly columns: readonly EncodedColumn[]
}

async function stageBatches(
  options: StageOptions,
  machinery: Machinery,
  folder: string,
): Promise<StagingTotals> {
  let totals = emptyTotals(options.model)
  let encoding: Promise<StagingTotals> = Promise.resolve(totals)
  for await (const batch of options.batches) {
    totals = { ...(await encoding), csvHeader: undefined }
    encoding = Promise.resolve(totals)
    const sliceBytes = (options.sliceBytes ?? SLICE_BYTES) / (batch.format === 'csv' ? 4 : 1)
    const batchFolder = await mkdtemp(join(folder, 'batch-'))
    const cut = { columns: machinery.columns, folder: batchFolder, sliceBytes, signal: options.signal }
    for await (const slice of cutSlices(batch, cut)) {
      const before = await encoding
      encoding = stageSlice(options, machinery, {
        folder: batchFolder,
        rejectedPath: rejectedPath(folder),
        batch,
        slice,
        before,
      })
      encoding.catch(() => {
        // Thrown where the next slice, or the end, awaits it.
      })
    }
  }
  return encoding
}

async function stageSlice(
  options: StageOptions,
  { encode, uploads, columns }: Machinery,
  step: {
    readonly folder: string
    readonly rejectedPath: string
    readonly batch: RowBatch
    readonly slice: Slice
    readonly before: StagingTotals
  },
): Promise<StagingTotals> {
  const { model } = options
  const { batch, slice, before } = step
  if (slice.bytes === 0) return before
  const target = join(step.folder, `staged-${before.sliceCount}.parquet`)
  const outcome = await encode({
    path: slice.path,
    origin: batch.origin,
    format: batch.format,
    csv: batch.csv,
    csvHeader: before.csvHeader,
    firstLine: slice.firstLine,
    firstRow: before.sourceRowCount,
    hasLongNumbers: slice.hasLongNumbers,
    hasNegativeZero: slice.hasNegativeZero,
    certainRowCount: slice.certainRowCount,
    columns,
    cursor: cursorOf(model)?.tableName,
    hasRowHash: identityOf(model) === 'content',
    digest: { cursor: windowCursorOf(model)?.tableName, lookbackMs: model.lookbackMs },
    window: windowOf(options),
    partitions: { fields: orderedFields(options.partitionedBy), most: MAX_STAGED_PARTITIONS + 1 },
    rejectedPath: step.rejectedPath,
    maxRejected: rejectedRowsLeft(model, before),
    target,
  })
  await slice.release()
  const bytes = outcome.stagedRowCount === 0 ? 0 : (await stat(target)).size
  const after = withSlice(before, outcome, bytes)
  ensureRejectedCount(model, after)
  if (outcome.stagedRowCount === 0) return after
  await uploads.add({ path: target, rowCount: outcome.stagedRowCount, bytes })
  options.onProgress({ rowCount: after.rowCount, bytes: after.bytes })
  return after
}

/** The spool of all slices' rejected rows; slices are encoded one after the other. */
function rejectedPath(folder: string): string {
  return join(folder, REJECTED_FILE)
}

function encodedColumns(model: Model): readonly EncodedColumn[] {
  const bounded = boundColumnsOf(model)
  return model.columns.map(column => ({
    name: column.name,
    tableName: column.tableName,
    type: column.type,
    isKey: model.primaryKey.includes(column.name),
    isBounded: bounded.includes(column),
  }))
}

function windowOf({ model, window }: StageOptions): Window | undefined {
  const column = cursorOf(model)?.tableName
  const isOpen = window.from === undefined && window.to === undefined
  return column === undefined || isOpen ? undefined : { column, ...window, deletedBy: deletedBy(model) }
}

function deletedBy({ columns, deletes }: Model): string | undefined {
  return deletes?.keepRows === false
    ? columns.find(({ name }) => name === deletes.column)?.tableName
    : undefined
}
