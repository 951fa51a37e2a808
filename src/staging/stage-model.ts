import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { TransferError } from '../domain/errors.ts'
import type { Model } from '../domain/model.ts'
import type { RowBatch } from '../domain/row-batch.ts'
import type { EncodedColumn } from './encode-sql.ts'
import { type Encoder, startEncoder } from './encoder.ts'
import type { RejectedRow } from './exact-rows.ts'
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
 * disk holds two slices and memory a few chunks, the encoder's 256 MB and one part of an upload, whatever the size of the model.
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
    await uploadRejected(options, totals.rejected)
    return totals
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
      encoding = stageSlice(options, { encoder, folder: batchFolder, batch, slice, before })
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
    hasNegativeZero: slice.hasNegativeZero,
    certainRowCount: slice.certainRowCount,
    columns: encodedColumns(model),
    cursor: tableNameOf(model, model.cursor),
    window: windowOf(options),
    maxRejected: model.rejectedRows.maxCount - before.rejected.length,
    target,
  })
  await slice.release()
  const after = withSlice(before, outcome)
  if (after.rejected.length > model.rejectedRows.maxCount) throw tooManyRejected(model, after.rejected)
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

/** Rejected rows that a message repeats. */
const MAX_TOLD = 3

function tooManyRejected(model: Model, rejected: readonly RejectedRow[]): TransferError {
  const told = rejected.slice(0, MAX_TOLD).map(describeRejected)
  return new TransferError(
    'ROW_INVALID',
    `model "${model.name}": ${told.join('; ')} (${rejected.length} or more rows do not fit, ${model.rejectedRows.maxCount} may)`,
    { details: { model: model.name, rows: told, allowed: model.rejectedRows.maxCount } },
  )
}

function describeRejected({ file, line, column, path, value, reason }: RejectedRow): string {
  const inside = path === undefined ? '' : ` at ${path}`
  const where = column === undefined ? '' : `, column "${column}"${inside}`
  return `${file} line ${line}${where}: ${value === undefined ? '' : `${JSON.stringify(value)} `}${reason}`
}

async function uploadRejected(options: StageOptions, rejected: readonly RejectedRow[]): Promise<void> {
  if (rejected.length === 0) return
  const Body = Buffer.from(rejected.map(row => `${JSON.stringify(row)}\n`).join(''))
  const Key = `${options.rejectedPrefix}rejected.ndjson`
  await options.s3.putObject({ Bucket: options.bucket, Key, Body, ContentType: 'application/x-ndjson' })
}
