import type { Model } from '../domain/model.ts'
import { recordAfter, recordAfterWindow, type TableRecord } from '../domain/table-record.ts'
import type { ReadPlan } from './model-state.ts'
import { effectOf } from './plan-window.ts'
import type { ModelState } from './ports.ts'

/** What is known of the table before a load, with the watermark where a window is about to put later rows into it. */
export function recordBeforeLoad(
  model: Model,
  { window, watermark }: ReadPlan,
  record: TableRecord | undefined,
): TableRecord | undefined {
  const isAhead = window !== undefined && effectOf(model, window, watermark).leavesRowsAhead
  return record && isAhead ? { ...record, watermark: watermark ?? null } : record
}

/** What is known of the table after a load; nothing, after the window of one that was never filled. */
export function recordOfLoad(
  model: Model,
  { window }: ReadPlan,
  known: {
    /** Folder of the table. `s3://…`, no slash at the end. */
    readonly location: string
    readonly before: TableRecord | undefined
    readonly state: ModelState
  },
): TableRecord | undefined {
  const { location, before, state } = known
  if (!window) return recordAfter(model, location, before, state.watermark)
  return before && recordAfterWindow(model, before, state.watermark)
}
