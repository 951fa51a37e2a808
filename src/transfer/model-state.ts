import { createHash } from 'node:crypto'
import type { ColumnType } from '../domain/column-type.ts'
import type { Model, WriteMode } from '../domain/model.ts'
import { meetingOf, windowCursorOf } from '../domain/row-identity.ts'
import { laterWatermark, type Watermark } from '../domain/watermark.ts'
import type { StagedModel } from '../staging/totals.ts'
import type { ModelState, ModelStateStore, WatermarkKind } from './ports.ts'
import type { ModelJob } from './transfer-model.ts'

/** What a transfer reads of a model, and how the rows are to meet the target. */
export interface ReadPlan {
  readonly writeMode: WriteMode
  /** How far the model was read before; undefined reads everything. */
  readonly watermark: Watermark | undefined
  /** Digest of rows that are loaded already, should just these be read again. */
  readonly knownDigest: string | undefined
}

/** For transfers that remember nothing: each reads everything. */
export const NO_STATES: ModelStateStore = { read: async () => ({}), write: async () => {} }

/**
 * Decides what to read. Everything, if the table is new or was not filled with all columns, or the model has no windows; everything and in place of what
 * the target holds, for a full refresh or when rows are told apart in another way than before. Otherwise what came
 * since the watermark, which is recovered from the target when the store knows nothing.
 */
export async function planRead(
  store: ModelStateStore,
  job: ModelJob,
  table: { readonly isNew: boolean; readonly needsAll: boolean; readonly meeting: string | undefined },
  recoverWatermark: () => Promise<Watermark | undefined>,
): Promise<ReadPlan> {
  const { model, destination, transfer } = job
  const all = { writeMode: model.writeMode, watermark: undefined, knownDigest: undefined }
  if (table.isNew) return all
  const state = await store.read(destination.name, model.tableName)
  const isReplaced = table.meeting !== undefined && table.meeting !== meetingOf(model)
  if (transfer.type === 'full-refresh' || isReplaced) return { ...all, writeMode: 'overwrite' }
  if (table.needsAll) return all
  const knownDigest = state?.definition === definitionHash(model) ? state.digest : undefined
  if (!windowCursorOf(model)) return { ...all, knownDigest }
  return { ...all, knownDigest, watermark: state ? state.watermark : await recoverWatermark() }
}

/** What is to be remembered of a model once the rows staged are loaded; written after the load only, so it is never ahead of the data. */
export function stateAfter(
  model: Model,
  before: Watermark | undefined,
  staged: Pick<StagedModel, 'maxCursor' | 'digest'>,
): { readonly state: ModelState; readonly watermarkKind: WatermarkKind } {
  const type = windowCursorOf(model)?.type
  const state = {
    watermark: type && laterWatermark(before, staged.maxCursor, type),
    digest: staged.digest,
    definition: definitionHash(model),
  }
  return { state, watermarkKind: watermarkKindOf(type) }
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
