import { createHash } from 'node:crypto'
import type { ColumnType } from '../domain/column-type.ts'
import type { Model, WriteMode } from '../domain/model.ts'
import { meetingOf, windowCursorOf } from '../domain/row-identity.ts'
import type { CursorWindow } from '../domain/transfer-window.ts'
import { laterWatermark, parseWatermark, type Watermark } from '../domain/watermark.ts'
import type { StagedModel } from '../staging/totals.ts'
import { effectOf, refuseReplaced, windowOf } from './plan-window.ts'
import type { ModelState, ModelStateStore, WatermarkKind } from './ports.ts'
import type { ModelJob } from './transfer-model.ts'

/** What a transfer reads of a model, and how the rows are to meet the target. */
export interface ReadPlan {
  readonly writeMode: WriteMode
  /** How far the model was read before; undefined reads everything. */
  readonly watermark: Watermark | undefined
  /** Digest of rows that are loaded already, should just these be read again. */
  readonly knownDigest: string | undefined
  /** Reads the rows of a window alone; the watermark says what is known beside it, and nothing is taken for known. */
  readonly window?: CursorWindow | undefined
}

/** For transfers that remember nothing: each reads everything. */
export const NO_STATES: ModelStateStore = { read: async () => ({}), write: async () => {} }

/**
 * Decides what to read. The rows of a window, for a backfill. Everything, if the table is new or was not filled with all
 * columns, or the model has no windows; everything and in place of what the target holds, for a full refresh or when rows
 * are told apart in another way than before. Otherwise what came since the watermark, which is recovered from the target
 * when the store knows nothing, or what it knows is no watermark.
 *
 * @throws {TransferError} `WINDOW_REFUSED` for a window of a model that takes none, or not before it is replaced.
 */
export async function planRead(
  store: ModelStateStore,
  job: ModelJob,
  table: { readonly isNew: boolean; readonly needsAll: boolean; readonly meeting: string | undefined },
  recoverWatermark: () => Promise<Watermark | undefined>,
): Promise<ReadPlan> {
  const { model, destination, transfer } = job
  const window = windowOf(job)
  const all = { writeMode: model.writeMode, watermark: undefined, knownDigest: undefined, window }
  if (table.isNew) return all
  const state = await store.read(destination.name, model.tableName)
  const isReplaced = table.meeting !== undefined && table.meeting !== meetingOf(model)
  if (window && isReplaced) refuseReplaced(model)
  if (transfer.type === 'full-refresh' || isReplaced) return { ...all, writeMode: 'overwrite' }
  if (table.needsAll && !window) return all
  const knownDigest = state?.definition === definitionHash(model) ? state.digest : undefined
  const cursor = windowCursorOf(model)
  if (!cursor) return { ...all, knownDigest }
  if (!state || isDamaged(state.watermark, cursor.type))
    return { ...all, watermark: await recoverWatermark() }
  return { ...all, knownDigest, watermark: state.watermark }
}

/** True for a text that is no watermark of the cursor, because it was damaged or the cursor's type changed. */
function isDamaged(watermark: Watermark | undefined, type: ColumnType): boolean {
  return watermark !== undefined && parseWatermark(watermark, type) !== watermark
}

/** What is to be remembered of a model once the rows staged are loaded; written after the load only, so it is never ahead of the data. */
export function stateAfter(
  model: Model,
  read: ReadPlan,
  staged: Pick<StagedModel, 'maxCursor' | 'digest'>,
): { readonly state: ModelState; readonly watermarkKind: WatermarkKind } {
  const watermarkKind = watermarkKindOf(windowCursorOf(model)?.type)
  return { state: { ...knownAfter(model, read, staged), definition: definitionHash(model) }, watermarkKind }
}

function knownAfter(
  model: Model,
  { watermark: before, knownDigest, window }: ReadPlan,
  { maxCursor, digest }: Pick<StagedModel, 'maxCursor' | 'digest'>,
): Pick<ModelState, 'watermark' | 'digest'> {
  if (window) {
    const effect = effectOf(model, window, before)
    return {
      watermark: effect.watermarkAfter(maxCursor),
      digest: effect.leavesLookbackAlone ? knownDigest : undefined,
    }
  }
  const type = windowCursorOf(model)?.type
  return { watermark: type && laterWatermark(before, maxCursor, type), digest }
}

/** How watermarks of a cursor of this type compare. */
export function watermarkKindOf(type: ColumnType | undefined): WatermarkKind {
  return type?.kind === 'timestamp' || type?.kind === 'date' ? type.kind : 'integer'
}

/** Of all that makes staged rows from source rows, and a load from them. */
function definitionHash({ columns, cursor, lookbackMs, deletes, writeMode, primaryKey }: Model): string {
  const shape = columns.map(({ name, tableName, type }) => [name, tableName, type])
  const definition = JSON.stringify([shape, cursor, lookbackMs, deletes, writeMode, primaryKey])
  return createHash('sha256').update(definition).digest('hex')
}
