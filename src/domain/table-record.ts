import { z } from 'zod'
import type { Model } from './model.ts'
import { meetingOf } from './row-identity.ts'

const recordedColumnSchema = z.object({ name: z.string(), tableName: z.string() })

/**
 * What was loaded into a table: which source columns, under which names, and how rows met. It tells the model's columns from the
 * customer's own, and a table that was filled from one that was only made.
 */
export const tableRecordSchema = z.object({
  /** Folder of the table; a table made anew has another, and a record of its own. `s3://…`, no slash at the end. */
  location: z.string(),
  /** Columns that the last load filled. */
  columns: z.array(recordedColumnSchema),
  /** Columns that loads before it filled and the model no longer has. */
  dropped: z.array(recordedColumnSchema),
  /** How the last load's rows were told apart and met the table's, see `meetingOf`. */
  meeting: z.string(),
})

/** See `tableRecordSchema`. */
export type TableRecord = z.output<typeof tableRecordSchema>

/** The record after a load of the model. */
export function recordAfter(model: Model, location: string, before: TableRecord | undefined): TableRecord {
  const columns = model.columns.map(({ name, tableName }) => ({ name, tableName }))
  const loaded = new Set(columns.map(column => column.tableName))
  const earlier = [...(before?.columns ?? []), ...(before?.dropped ?? [])]
  const dropped = earlier.filter(column => !loaded.has(column.tableName))
  return { location, columns, dropped, meeting: meetingOf(model) }
}
