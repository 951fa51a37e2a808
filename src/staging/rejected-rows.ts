import { createReadStream } from 'node:fs'
import { stat, truncate } from 'node:fs/promises'
import { TransferError } from '../domain/errors.ts'
import { NEWLINE } from '../domain/lines.ts'
import type { Model } from '../domain/model.ts'
import type { RejectedRow } from '../domain/rejected-row.ts'
import type { RejectedRows } from './rejected-spool.ts'
import type { StagingS3 } from './s3-port.ts'
import { uploadFile } from './upload.ts'

/** Rejected rows that are kept of a model that fails for them: enough to correct a source by. */
const MAX_KEPT_OF_FAILED = 10_000

/** Name of a model's rejected rows below their folder; a later attempt's replace an earlier one's. */
export const REJECTED_FILE = 'rejected.ndjson'

/** What a model has rejected, beside the rows that fit; those outside of the window are neither. */
interface Rejections extends RejectedRows {
  readonly rowCount: number
}

/**
 * Rejected rows after which reading on is of no use: the model fails, and enough are kept to tell. Undefined where only
 * a share is limited, as that is known at the end.
 */
export function rejectedRowsLeft({ rejectedRows }: Model, before: RejectedRows): number | undefined {
  const { maxCount } = rejectedRows
  if (maxCount === undefined) return undefined
  return Math.max(maxCount + 1, MAX_KEPT_OF_FAILED) - before.rejectedRowCount
}

/** To be called after each slice. @throws {TransferError} `ROW_INVALID` once more rows are rejected than may be. */
export function ensureRejectedCount(model: Model, rejections: Rejections): void {
  const { maxCount } = model.rejectedRows
  if (maxCount === undefined || rejections.rejectedRowCount <= maxCount) return
  const counts = `${rejections.rejectedRowCount} or more rows do not fit, ${maxCount} may`
  throw tooManyRejected(model, rejections, counts)
}

/** To be called after the last slice. @throws {TransferError} `ROW_INVALID` for a larger share than may be rejected. */
export function ensureRejectedShare(model: Model, rejections: Rejections): void {
  const { maxShare } = model.rejectedRows
  const { rejectedRowCount } = rejections
  const readCount = rejections.rowCount + rejectedRowCount
  if (maxShare === undefined || rejectedRowCount === 0 || rejectedRowCount / readCount <= maxShare) return
  const counts = `${rejectedRowCount} of ${readCount} rows do not fit, a share of ${maxShare} may`
  throw tooManyRejected(model, rejections, counts)
}

function tooManyRejected(model: Model, rejections: Rejections, counts: string): TransferError {
  const rows = rejections.rejectedExamples.map(describeRejected)
  return new TransferError('ROW_INVALID', `model "${model.name}": ${rows.join('; ')} (${counts})`, {
    details: { model: model.name, rows, rejectedRowCount: rejections.rejectedRowCount },
  })
}

/** True for a failure at a limit of rejected rows; the spool is whole then. */
export function isTooManyRejected(thrown: unknown): boolean {
  return thrown instanceof TransferError && thrown.details.rejectedRowCount !== undefined
}

function describeRejected({ file, line, column, path, value, reason }: RejectedRow): string {
  const inside = path === undefined ? '' : ` at ${path}`
  const where = column === undefined ? '' : `, column "${column}"${inside}`
  return `${file} line ${line}${where}: ${value === undefined ? '' : `${JSON.stringify(value)} `}${reason}`
}

/** The spool of a model's rejected rows, and where it goes. */
export interface RejectedUpload {
  readonly s3: StagingS3
  readonly path: string
  readonly bucket: string
  /** Folder for rows that do not fit, with its trailing slash. */
  readonly rejectedPrefix: string
  readonly signal: AbortSignal
}

/** Uploads all rejected rows; nothing where there are none. Memory: one part of an upload. */
export async function uploadRejected(upload: RejectedUpload): Promise<void> {
  const { s3, path, bucket, rejectedPrefix, signal } = upload
  const size = await stat(path).then(
    ({ size }) => size,
    () => 0, // No slice needed the exact reader, which makes the file.
  )
  if (size === 0) return
  const key = `${rejectedPrefix}${REJECTED_FILE}`
  await uploadFile(s3, { path, bucket, key, contentType: 'application/x-ndjson' }, signal)
}

/** Uploads the first rejected rows of a model that failed for them. */
export async function uploadRejectedOfFailed(upload: RejectedUpload): Promise<void> {
  try {
    await keepFirstRows(upload.path, MAX_KEPT_OF_FAILED)
    await uploadRejected(upload)
  } catch {
    // Safe to pass over: the error that tells of these rows is on its way and names the first.
  }
}

async function keepFirstRows(path: string, maxCount: number): Promise<void> {
  let count = 0
  let bytes = 0
  const chunks: AsyncIterable<Buffer> = createReadStream(path)
  for await (const chunk of chunks) {
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) {
      count++
      if (count === maxCount) return truncate(path, bytes + at + 1)
    }
    bytes += chunk.length
  }
}
