import { z } from 'zod'
import type { Model } from './model.ts'
import { TRANSFORM_NAMES } from './partition-field.ts'

const recordedColumnSchema = z.object({ name: z.string(), tableName: z.string() })

/**
 * What was loaded into a table: which source columns, under which names. It tells the model's columns from the
 * customer's own, and a table that was filled from one that was only made.
 */
export const tableRecordSchema = z.object({
  /** Folder of the table; a table made anew has another, and a record of its own. `s3://…`, no slash at the end. */
  location: z.string(),
  /** Columns that the last load filled. */
  columns: z.array(recordedColumnSchema),
  /** Columns that loads before it filled and the model no longer has. */
  dropped: z.array(recordedColumnSchema),
  /** How the table is partitioned, by its own columns' names; absent until a load has found it out. */
  partitionedBy: z
    .array(z.object({ transform: z.enum(TRANSFORM_NAMES), size: z.int().optional(), column: z.string() }))
    .optional(),
})

/** See `tableRecordSchema`. */
export type TableRecord = z.output<typeof tableRecordSchema>

/** The record after a load of the model; how the table is partitioned never changes. */
export function recordAfter(model: Model, location: string, before: TableRecord | undefined): TableRecord {
  const columns = model.columns.map(({ name, tableName }) => ({ name, tableName }))
  const loaded = new Set(columns.map(column => column.tableName))
  const earlier = [...(before?.columns ?? []), ...(before?.dropped ?? [])]
  return {
    location,
    columns,
    dropped: earlier.filter(column => !loaded.has(column.tableName)),
    ...(before?.partitionedBy && { partitionedBy: before.partitionedBy }),
  }
}
