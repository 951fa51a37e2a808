import { z } from 'zod'
import { type ErrorCode, isErrorCode } from '../domain/errors.ts'
import { SPLIT_REASONS } from '../domain/split.ts'
import { type ModelResult, TRANSFER_STATUSES, type TransferResult } from '../domain/transfer.ts'

const count = z.number().nonnegative().default(0)

const errorSchema = z.object({
  code: z.custom<ErrorCode>(isErrorCode),
  message: z.string(),
  owner: z.enum(['customer', 'operator']),
  retryable: z.boolean(),
  hint: z.string(),
  details: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
    .default({}),
})

/** What a model's job left; members that an older worker did not know have their defaults. */
const modelResultSchema = z.object({
  model: z.string(),
  table: z.string(),
  status: z.enum(['SUCCESS', 'ERROR', 'CANCELLED']),
  rowCount: count,
  isUnchanged: z.boolean().default(false),
  rejectedRowCount: count,
  fileCount: count,
  stagedBytes: count,
  changedRowCount: count,
  scannedBytes: count,
  statementCount: count,
  splits: z.array(z.enum(SPLIT_REASONS)).default([]),
  notices: z.array(z.string()).default([]),
  durationMs: count,
  watermark: z.string().optional(),
  queryExecutionId: z.string().optional(),
  error: errorSchema.exactOptional(),
})

const transferResultSchema = z.object({
  transferId: z.string(),
  retryOf: z.string().exactOptional(),
  destination: z.string(),
  status: z.enum(TRANSFER_STATUSES),
  startedAt: z.iso.datetime(),
  durationMs: count,
  models: z.array(modelResultSchema),
})

/** A model's result as its job in Redis has it; undefined for anything else. */
export function readModelResult(value: unknown): ModelResult | undefined {
  return modelResultSchema.safeParse(value).data
}

/** A transfer's result as its job in Redis has it; undefined for anything else. */
export function readTransferResult(value: unknown): TransferResult | undefined {
  return transferResultSchema.safeParse(value).data
}
