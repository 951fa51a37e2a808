import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Model } from '../domain/model.ts'
import type { RowBatch } from '../domain/row-batch.ts'
import type { EncodedColumn } from './encode-sql.ts'
import { type Encoder, startEncoder } from './encoder.ts'
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
import { uploadFile } from './upload.ts'

/** What is to be staged, and where. */
export interface StageOptions {
  readonly model: Model
  readonly batches: AsyncIterable<RowBatch>
  /** Bounds of the cursor in canonical text: `from` inclusive, `to` exclusive. */
  readonly window: { readonly from?: string | undefined; readonly to?: string | undefined }
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
 * One file is made per slice of the input. While a slice is encoded in a process of its own the next one is read, so
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
  const stop = new AbortController()
  const encoder = await startEncoder(folder, AbortSignal.any([signal, stop.signal]))
  try {
    const totals = await stageBatches(options, encoder, folder)
    ensureRejectedShare(options.model, totals)
    await uploadRejected({ ...options, path: rejectedPath(folder) })
    return totals
  } catch (thrown) {
    if (isTooManyRejected(thrown)) await uploadRejectedOfFailed({ ...options, path: rejectedPath(folder) })
    throw thrown
  } finally {
    encoder.close()
    stop.abort()
    await rm(folder, { recursive: true, force: true })
  }
}

async function stageBatches(options: StageOptions, encoder: Encoder, folder: string): Promise<StagingTotals> {
  let totals = emptyTotals(options.model)
  let encoding: Promise<StagingTotals> = Promise.resolve(totals)
  const columns = encodedColumns(options.model)
  for await (const batch of options.batches) {
    totals = { ...(await encoding), csvHeader: undefined }
    encoding = Promise.resolve(totals)
    const sliceBytes = (options.sliceBytes ?? SLICE_BYTES) / (batch.format === 'csv' ? 4 : 1)
    const batchFolder = await mkdtemp(join(folder, 'batch-'))
    const cut = { columns, folder: batchFolder, sliceBytes, signal: options.signal }
    for await (const slice of cutSlices(batch, cut)) {
      const before = await encoding
      encoding = stageSlice(options, {
        encoder,
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
  step: {
    readonly encoder: Encoder
    readonly folder: string
    readonly rejectedPath: string
    readonly batch: RowBatch
    readonly slice: Slice
    readonly before: StagingTotals
  },
): Promise<StagingTotals> {
  const { model, signal } = options
  const { batch, slice, before } = step
  if (slice.bytes === 0) return before
  const target = join(step.folder, `staged-${before.files.length}.parquet`)
  const outcome = await step.encoder.encode({
    path: slice.path,
    origin: batch.origin,
    format: batch.format,
    csv: batch.csv,
    csvHeader: before.csvHeader,
    firstLine: slice.firstLine,
    firstRow: before.sourceRowCount,
    hasLongNumbers: slice.hasLongNumbers,
    certainRowCount: slice.certainRowCount,
    columns: encodedColumns(model),
    cursor: tableNameOf(model, model.cursor),
    window: windowOf(options),
    rejectedPath: step.rejectedPath,
    maxRejected: rejectedRowsLeft(model, before),
    target,
  })
  await slice.release()
  const after = withSlice(before, outcome)
  ensureRejectedCount(model, after)
  if (outcome.stagedRowCount === 0) return after
  const key = `${options.prefix}part-${String(before.files.length).padStart(5, '0')}.parquet`
  const uploaded = await uploadFile(options.s3, { path: target, bucket: options.bucket, key }, signal)
  await rm(target)
  const done = {
    ...after,
    files: [...after.files, { key, rowCount: outcome.stagedRowCount, ...uploaded }],
    bytes: after.bytes + uploaded.bytes,
  }
  options.onProgress({ rowCount: done.rowCount, bytes: done.bytes })
  return done
}

/** The spool of all slices' rejected rows; slices are encoded one after the other. */
function rejectedPath(folder: string): string {
  return join(folder, REJECTED_FILE)
}

function encodedColumns(model: Model): readonly EncodedColumn[] {
  return model.columns.map(({ name, tableName, type }) => ({
    name,
    tableName,
    type,
    isKey: model.primaryKey.includes(name),
  }))
}

function windowOf({ model, window }: StageOptions): EncodeWindow | undefined {
  const column = tableNameOf(model, model.cursor)
  const isOpen = window.from === undefined && window.to === undefined
  return column === undefined || isOpen ? undefined : { column, ...window }
}

type EncodeWindow = StageOptions['window'] & { readonly column: string }

function tableNameOf(model: Model, name: string | undefined): string | undefined {
  return model.columns.find(column => column.name === name)?.tableName
}
