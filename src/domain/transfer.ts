import { z } from 'zod'
import type { ErrorReport } from './errors.ts'
import type { SplitReason } from './split.ts'
import type { TransferWindow } from './transfer-window.ts'

/** Where a transfer stands; the last five are final. */
export const TRANSFER_STATUSES = [
  'PENDING',
  'RUNNING',
  'SUCCESS',
  'PARTIAL_FAILURE',
  'ERROR',
  'CANCELLED',
  'EXPIRED',
  'ORPHANED',
] as const

export type TransferStatus = (typeof TRANSFER_STATUSES)[number]

/**
 * Names one run of a destination's models. Sorts by time; safe in keys, table names and SQL: `[0-9a-z]`, 26 characters.
 */
export const transferIdSchema = z
  .string()
  .regex(/^[0-9a-z]{26}$/, 'expected a transfer id of 26 characters [0-9a-z]')

/** Which rows a transfer reads: those after the watermark, all, or those of a window. */
export const TRANSFER_TYPES = ['incremental', 'full-refresh', 'backfill'] as const

export type TransferType = (typeof TRANSFER_TYPES)[number]

/** One run of a destination's models, as its job describes it. Plain data, nothing secret. */
export interface Transfer {
  readonly transferId: string
  readonly destination: string
  readonly type: TransferType
  /** Of a backfill, and of no other type. */
  readonly window?: TransferWindow | undefined
}

/** What one model's run did. Counts are exact; bytes are as stored; the watermark is in the cursor's own spelling. */
export interface ModelResult {
  readonly model: string
  readonly table: string
  readonly status: 'SUCCESS' | 'ERROR' | 'CANCELLED'
  /** Rows that were read, valid and inside the window; with a backfill's, rows that were deleted after it. */
  readonly rowCount: number
  /** True when they were loaded before, all of them, so that nothing was staged and no statement run. */
  readonly isUnchanged: boolean
  readonly rejectedRowCount: number
  readonly fileCount: number
  /** Bytes of the staged files. */
  readonly stagedBytes: number
  /** Rows the statement inserted, updated or deleted. */
  readonly changedRowCount: number
  readonly scannedBytes: number
  /** Statements that loaded rows; one, unless Athena's limits divide the load. */
  readonly statementCount: number
  /** Why they were more than one: what each relaxes is told by `SPLITS`. */
  readonly splits: readonly SplitReason[]
  /** What somebody should know of the table, in sentences. */
  readonly notices: readonly string[]
  readonly durationMs: number
  readonly watermark?: string | undefined
  /** Of the last statement that loaded rows. */
  readonly queryExecutionId?: string | undefined
  readonly error?: ErrorReport
}

/** What a transfer did, model by model. */
export interface TransferResult {
  readonly transferId: string
  /** The transfer whose failed models were run again. */
  readonly retryOf?: string
  readonly destination: string
  readonly status: TransferStatus
  readonly startedAt: string
  readonly durationMs: number
  readonly models: readonly ModelResult[]
}

/**
 * SUCCESS when all models succeeded, ERROR when none did, CANCELLED when any was cancelled, EXPIRED when any had no time
 * left, ORPHANED when the job of any was lost, else PARTIAL_FAILURE.
 */
export function statusOf(models: readonly Pick<ModelResult, 'status' | 'error'>[]): TransferStatus {
  if (models.some(model => model.error?.code === 'TRANSFER_ORPHANED')) return 'ORPHANED'
  if (models.some(model => model.error?.code === 'TRANSFER_EXPIRED')) return 'EXPIRED'
  if (models.some(model => model.status === 'CANCELLED')) return 'CANCELLED'
  const failed = models.filter(model => model.status === 'ERROR').length
  if (failed === 0) return 'SUCCESS'
  return failed === models.length ? 'ERROR' : 'PARTIAL_FAILURE'
}
