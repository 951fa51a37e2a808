import type { ColumnType } from '../domain/column-type.ts'
import type { Model } from '../domain/model.ts'
import { laterWatermark, type Watermark } from '../domain/watermark.ts'
import type { EncodeOutcome } from './encode-slice.ts'
import { NONE_REJECTED, type RejectedRows, withRejected } from './rejected-spool.ts'
import type { StagedFile } from './upload.ts'

/** What was staged of a model. `sourceRowCount` = `rowCount` + rejected + outside the window. */
export interface StagedModel extends RejectedRows {
  readonly files: readonly StagedFile[]
  readonly rowCount: number
  readonly bytes: number
  readonly sourceRowCount: number
  /** Largest staged cursor value. */
  readonly maxCursor: Watermark | undefined
  /** Smallest and largest staged value of each primary-key column, in canonical text. */
  readonly keyBounds: readonly StagedBounds[]
}

/** Bounds of one key column. */
export interface StagedBounds {
  readonly column: string
  readonly type: ColumnType
  readonly min: string
  readonly max: string
}

/** Totals on the way, with what the next slice of the same batch needs. */
export interface StagingTotals extends StagedModel {
  readonly model: Model
  readonly csvHeader: readonly string[] | undefined
}

/** Before the first slice. */
export function emptyTotals(model: Model): StagingTotals {
  return {
    model,
    files: [],
    rowCount: 0,
    bytes: 0,
    sourceRowCount: 0,
    ...NONE_REJECTED,
    maxCursor: undefined,
    keyBounds: [],
    csvHeader: undefined,
  }
}

/** Totals with one more slice, its file aside. */
export function withSlice(before: StagingTotals, slice: EncodeOutcome): StagingTotals {
  const cursor = before.model.columns.find(column => column.name === before.model.cursor)
  return {
    ...before,
    rowCount: before.rowCount + slice.stagedRowCount,
    sourceRowCount: before.sourceRowCount + slice.rowCount,
    ...withRejected(before, slice),
    maxCursor: cursor
      ? laterWatermark(before.maxCursor, slice.maxCursor ?? undefined, cursor.type)
      : undefined,
    keyBounds: slice.stagedRowCount === 0 ? before.keyBounds : widened(before, slice),
    csvHeader: slice.csvHeader ?? before.csvHeader,
  }
}

/** Bounds over both; a column without bounds in a slice with rows has none from there on. */
function widened(before: StagingTotals, slice: EncodeOutcome): readonly StagedBounds[] {
  return slice.keyBounds.flatMap(({ column, min, max }) => {
    const type = before.model.columns.find(candidate => candidate.tableName === column)?.type
    if (!type) return []
    const earlier = before.keyBounds.find(bounds => bounds.column === column)
    if (!earlier) return before.rowCount === 0 ? [{ column, type, min, max }] : []
    const isNumber = ['integer', 'bigint', 'decimal'].includes(type.kind)
    const isBelow = (left: string, right: string): boolean =>
      isNumber ? toScaled(left) < toScaled(right) : Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0
    return [
      {
        column,
        type,
        min: isBelow(min, earlier.min) ? min : earlier.min,
        max: isBelow(earlier.max, max) ? max : earlier.max,
      },
    ]
  })
}

/** Canonical numbers of one column all have the same digits after the point, so without it they compare as whole numbers. */
function toScaled(text: string): bigint {
  return BigInt(text.replace('.', ''))
}
