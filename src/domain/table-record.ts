import { z } from 'zod'
import type { Model } from './model.ts'
import type { Watermark } from './watermark.ts'

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
  /** Columns that loads before it filled and the model no longer has, and those that windows alone filled. */
  dropped: z.array(recordedColumnSchema),
  /**
   * How far all rows are loaded, once a window may have left later ones in the table; null: not at all. Absent: the
   * table's largest cursor tells it.
   */
  watermark: z.string().nullable().optional(),
})

/** See `tableRecordSchema`. */
export type TableRecord = z.output<typeof tableRecordSchema>

/** The record after a load of the model; a watermark that it has moves on with the model's. */
export function recordAfter(
  model: Model,
  location: string,
  before: TableRecord | undefined,
  watermark?: Watermark,
): TableRecord {
  const columns = model.columns.map(({ name, tableName }) => ({ name, tableName }))
  const loaded = new Set(columns.map(column => column.tableName))
  const earlier = [...(before?.columns ?? []), ...(before?.dropped ?? [])]
  const dropped = earlier.filter(column => !loaded.has(column.tableName))
  return {
    location,
    columns,
    dropped,
    ...(before?.watermark === undefined ? {} : { watermark: watermark ?? null }),
  }
}

/** The record after the load of a window: columns that no other load filled are not filled by it. */
export function recordAfterWindow(model: Model, before: TableRecord, watermark?: Watermark): TableRecord {
  const after = recordAfter(model, before.location, before, watermark)
  const filled = new Set(before.columns.map(column => column.tableName))
  const { true: columns = [], false: partly = [] } = Object.groupBy(after.columns, column =>
    filled.has(column.tableName) ? 'true' : 'false',
  )
  return { ...after, columns, dropped: [...after.dropped, ...partly] }
}
