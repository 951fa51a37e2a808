import { z } from 'zod'
import { SPLIT_REASONS } from './split.ts'
import { tableRecordSchema } from './table-record.ts'
import { TRANSFER_TYPES } from './transfer.ts'

const count = z.number().nonnegative()

/**
 * All that is needed to bring a staged load to its end, without the source, the model's definition or the worker that
 * staged it: what was staged, the statements, and what is to be remembered and told afterwards. Plain data, kept in the
 * journal; nothing secret, but the statements' literals are the smallest and largest key staged.
 */
export const loadRecordSchema = z.object({
  /** The attempt that staged it: names its folder and staging table, and tells its statements' tokens from others'. */
  id: z.string(),
  model: z.string(),
  transferType: z.enum(TRANSFER_TYPES),
  database: z.string(),
  table: z.string(),
  /** Athena statements in order; those of step `load` change rows, each safe to repeat. None when nothing is to be done. */
  steps: z.array(z.object({ step: z.enum(['target', 'load']), sql: z.string() })),
  /** What the load statements read; absent when there are none. */
  staging: z
    .object({
      table: z.string(),
      location: z.string(),
      columns: z.array(z.object({ name: z.string(), type: z.string() })),
    })
    .optional(),
  files: z.array(
    z.object({ key: z.string(), rowCount: count, bytes: count, sha256: z.string(), etag: z.string() }),
  ),
  rowCount: count,
  bytes: count,
  rejectedRowCount: count,
  isUnchanged: z.boolean(),
  /** Why the load statements are more than one. */
  splits: z.array(z.enum(SPLIT_REASONS)),
  /** What somebody should know of the table, in sentences. */
  notices: z.array(z.string()),
  renamedColumns: z.array(z.object({ source: z.string(), table: z.string() })),
  /** Of the table, for readers of the catalog. */
  description: z.string().optional(),
  /** The record to be written once the load is done, by whether it changed rows, unless it is as before. */
  tableRecords: z.object({
    changed: tableRecordSchema,
    unchanged: tableRecordSchema,
    before: tableRecordSchema.optional(),
  }),
  /** To be remembered once the load is done. */
  state: z.object({
    watermark: z.string().optional(),
    digest: z.string().optional(),
    definition: z.string().optional(),
  }),
  watermarkKind: z.enum(['timestamp', 'date', 'integer']),
  /** The watermark that the rows were read from. */
  watermarkBefore: z.string().optional(),
})

/** See `loadRecordSchema`. */
export type LoadRecord = z.output<typeof loadRecordSchema>

/** What a load did, as its journal keeps it: a model's result without its duration. */
export const loadOutcomeSchema = z.object({
  model: z.string(),
  table: z.string(),
  status: z.literal('SUCCESS'),
  rowCount: count,
  rejectedRowCount: count,
  fileCount: count,
  stagedBytes: count,
  isUnchanged: z.boolean(),
  changedRowCount: count,
  scannedBytes: count,
  statementCount: count,
  splits: z.array(z.enum(SPLIT_REASONS)),
  notices: z.array(z.string()),
  queryExecutionId: z.string().optional(),
  watermark: z.string().optional(),
})

/** See `loadOutcomeSchema`. */
export type LoadOutcome = z.output<typeof loadOutcomeSchema>
