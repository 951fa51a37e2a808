import { z } from 'zod'
import { targetTypeOf } from './column-type.ts'
import type { Model } from './model.ts'
import { type PartitionField, TRANSFORM_NAMES } from './partition-field.ts'
import { meetingOf } from './row-identity.ts'
import type { Watermark } from './watermark.ts'

const recordedColumnSchema = z.object({
  name: z.string(),
  tableName: z.string(),
  /** Its Glue type when a load last changed rows; absent when none is known to have. */
  type: z.string().optional(),
})

/**
 * What was loaded into a table: which source columns, under which names, and how rows met. It tells the model's columns from the
 * customer's own, and a table that was filled from one that was only made.
 */
export const tableRecordSchema = z.object({
  /** Folder of the table; a table made anew has another, and a record of its own. `s3://…`, no slash at the end. */
  location: z.string(),
  /** Columns that the last load filled. */
  columns: z.array(recordedColumnSchema),
  /** Columns that loads before it filled and the model no longer has, and those that windows alone filled. */
  dropped: z.array(recordedColumnSchema),
  /** How the last load's rows were told apart and met the table's, see `meetingOf`. */
  meeting: z.string(),
  /** How the table is partitioned, by its own columns' names; absent until a load has found it out. */
  partitionedBy: z
    .array(z.object({ transform: z.enum(TRANSFORM_NAMES), size: z.int().optional(), column: z.string() }))
    .optional(),
  /**
   * How far all rows are loaded, once a window may have left later ones in the table; null: not at all. Absent: the
   * table's largest cursor tells it.
   */
  watermark: z.string().nullable().optional(),
})

/** See `tableRecordSchema`. */
export type TableRecord = z.output<typeof tableRecordSchema>

/** What a load did to a table. */
export interface RecordedLoad {
  readonly location: string
  readonly before: TableRecord | undefined
  /** True when the load changed rows, and so made a snapshot with the table's present types. */
  readonly hasChanged: boolean
  /** How the table is partitioned, which never changes; undefined where nobody has looked. */
  readonly partitionedBy?: readonly PartitionField[] | undefined
  /** The model's after the load; a record that has one moves on with it. */
  readonly watermark?: Watermark | undefined
}

/** The record after a load of the model; how the table is partitioned never changes. */
export function recordAfter(model: Model, known: RecordedLoad): TableRecord {
  const { location, before, hasChanged, watermark } = known
  const earlier = [...(before?.columns ?? []), ...(before?.dropped ?? [])]
  const columns = model.columns.map(({ name, tableName, type: present }) => {
    const known = earlier.find(column => column.tableName === tableName)
    const type = hasChanged ? targetTypeOf(present) : known?.type
    return { name, tableName, ...(type === undefined ? {} : { type }) }
  })
  const loaded = new Set(columns.map(column => column.tableName))
  const dropped = earlier.filter(column => !loaded.has(column.tableName))
  const partitionedBy = known.partitionedBy ?? before?.partitionedBy
  return {
    location,
    columns,
    dropped,
    meeting: meetingOf(model),
    ...(partitionedBy && { partitionedBy: [...partitionedBy] }),
    ...(before?.watermark === undefined ? {} : { watermark: watermark ?? null }),
  }
}

/** The record after the load of a window: columns that no other load filled are not filled by it. */
export function recordAfterWindow(
  model: Model,
  load: RecordedLoad & { readonly before: TableRecord },
): TableRecord {
  const after = recordAfter(model, load)
  const filled = new Set(load.before.columns.map(column => column.tableName))
  const { true: columns = [], false: partly = [] } = Object.groupBy(after.columns, column =>
    filled.has(column.tableName) ? 'true' : 'false',
  )
  return { ...after, columns, dropped: [...after.dropped, ...partly] }
}
