import { z } from 'zod'
import { SPLIT_REASONS } from './split.ts'
import { tableRecordSchema } from './table-record.ts'
import { TRANSFER_TYPES } from './transfer.ts'

const count = z.number().nonnegative()

const stepSchema = z.discriminatedUnion('step', [
  z.object({ step: z.enum(['target', 'shadow', 'load']), sql: z.string() }),
  z.object({ step: z.enum(['mark', 'swap']) }),
])

/**
 * The records of the table: as the load found it (`before`), while it may be under way (`held`, if another), and once it
 * is done, by whether it changed rows. Absent ones are not written: nothing is known of the table then.
 */
const tableRecordsSchema = z.object({
  before: tableRecordSchema.optional(),
  held: tableRecordSchema.optional(),
  changed: tableRecordSchema.optional(),
  unchanged: tableRecordSchema.optional(),
})

/** An overwrite by a shadow table that takes the target's place. */
const swapSchema = z.object({
  shadowTable: z.string(),
  /** Folder of the shadow table, fresh; the target's own once it is swapped. `s3://…`, no slash at the end. */
  location: z.string(),
  /** The target's partitioning and order, which the shadow table has to have. */
  layout: z.string(),
  /** Version of the target's entry when the load was planned: another one is not swapped. */
  targetVersionId: z.string(),
  /** Which folder the table lies in and which it will: after a crash the one without a table is found by it. */
  note: z.object({ key: z.string(), body: z.string() }),
  /** The same load by MERGE, for a table that the shadow cannot take the place of. */
  fallback: z.object({
    steps: z.array(stepSchema),
    splits: z.array(z.enum(SPLIT_REASONS)),
    tableRecords: tableRecordsSchema,
  }),
})

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
  /** The window that was read, if not all from the watermark on. In the text of the model's cursor. */
  window: z.object({ from: z.string(), to: z.string() }).optional(),
  /** In order; statements of step `load` write rows, and every step is safe to repeat. None when nothing is to be done. */
  steps: z.array(stepSchema),
  /** Set for a load with the steps `mark` and `swap`, and for one that had them. */
  swap: swapSchema.optional(),
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
  tableRecords: tableRecordsSchema,
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

/** How a load is swapped, see `LoadRecord`. */
export type LoadSwap = z.output<typeof swapSchema>

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
