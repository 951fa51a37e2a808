import type { ColumnType } from '../domain/column-type.ts'
import { laterWatermark, type Watermark } from '../domain/watermark.ts'
import type { WatermarkKind, WatermarkStore } from './ports.ts'
import type { ModelJob } from './transfer-model.ts'

/** How far the model was read before; undefined for a full read: no cursor, a full refresh, or the first transfer. */
export async function readWatermark(store: WatermarkStore, job: ModelJob): Promise<Watermark | undefined> {
  if (job.transfer.type === 'full-refresh' || !cursorType(job)) return undefined
  return store.read(job.destination.name, job.model.tableName)
}

/** Moves the watermark to what was loaded and returns it. Called after the load only, so it is never ahead of the data. */
export async function advanceWatermark(
  store: WatermarkStore,
  job: ModelJob,
  seen: { readonly before: Watermark | undefined; readonly staged: Watermark | undefined },
): Promise<Watermark | undefined> {
  const type = cursorType(job)
  if (!type) return undefined
  const watermark = laterWatermark(seen.before, seen.staged, type)
  if (watermark !== undefined && watermark !== seen.before) {
    await store.write(job.destination.name, job.model.tableName, watermark, kindOf(type))
  }
  return watermark
}

/** The type of the model's cursor column; undefined for a model without one. */
export function cursorType({ model }: Pick<ModelJob, 'model'>): ColumnType | undefined {
  return model.columns.find(column => column.name === model.cursor)?.type
}

function kindOf(type: ColumnType): WatermarkKind {
  return type.kind === 'timestamp' || type.kind === 'date' ? type.kind : 'integer'
}
