import type { LoadRecord } from '../domain/load-record.ts'
import type { Model } from '../domain/model.ts'
import type { PartitionField } from '../domain/partition-field.ts'
import {
  type RecordedLoad,
  recordAfter,
  recordAfterWindow,
  type TableRecord,
} from '../domain/table-record.ts'
import type { ReadPlan } from './model-state.ts'
import { effectOf } from './plan-window.ts'
import type { ModelState } from './ports.ts'

/** The records of a load's table, before, during and after it. */
export function recordsOfLoad(
  model: Model,
  read: ReadPlan,
  known: {
    /** Folder of the table. `s3://…`, no slash at the end. */
    readonly location: string
    readonly record: TableRecord | undefined
    readonly partitionedBy: readonly PartitionField[]
    readonly state: ModelState
  },
): LoadRecord['tableRecords'] {
  const { location, record, partitionedBy, state } = known
  const held = heldRecord(model, read, record)
  const after = (hasChanged: boolean): TableRecord | undefined =>
    recordOf(model, read, {
      location,
      before: held ?? record,
      watermark: state.watermark,
      hasChanged,
      partitionedBy,
    })
  return { before: record, held, changed: after(true), unchanged: after(false) }
}

/** The record with the watermark, where a window is about to put later rows into the table, if that is news. */
function heldRecord(
  model: Model,
  { window, watermark: before }: ReadPlan,
  record: TableRecord | undefined,
): TableRecord | undefined {
  const isAhead = window !== undefined && effectOf(model, window, before).leavesRowsAhead
  const watermark = before ?? null
  return record && isAhead && record.watermark !== watermark ? { ...record, watermark } : undefined
}

/** None after the window of a table that was never filled: the next transfer then reads all rows. */
function recordOf(model: Model, { window }: ReadPlan, load: RecordedLoad): TableRecord | undefined {
  if (!window) return recordAfter(model, load)
  return load.before && recordAfterWindow(model, { ...load, before: load.before })
}
