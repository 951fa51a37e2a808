import { compareCanonical } from '../domain/canonical-order.ts'
import type { ColumnType } from '../domain/column-type.ts'
import { type SpanDigest, spansReadAgain } from '../domain/digest.ts'
import type { Model } from '../domain/model.ts'
import { MAX_STAGED_PARTITIONS } from '../domain/partition-field.ts'
import { cursorOf, windowCursorOf } from '../domain/row-identity.ts'
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
  /** Smallest and largest staged value of each bounded column that is never NULL among them, in canonical text. */
  readonly bounds: readonly StagedBounds[]
  /** The partitions of the rows, each once: see `partitionFloors`. One more than can be loaded stands for any number. */
  readonly partitions: readonly (readonly (string | null)[])[]
  /** Of the rows that the next transfer reads again if nothing comes; see `digestOf`. */
  readonly digest: string
  /** True when these are the very rows that were loaded before, so none was put into S3. */
  readonly isUnchanged: boolean
}

/** Bounds of one column. */
export interface StagedBounds {
  readonly column: string
  readonly type: ColumnType
  readonly min: string
  readonly max: string
}

/** Totals on the way, with what the next slice of the same batch needs. */
export interface StagingTotals extends Omit<StagedModel, 'files' | 'digest' | 'isUnchanged'> {
  readonly model: Model
  readonly sliceCount: number
  readonly spans: readonly SpanDigest[]
  readonly csvHeader: readonly string[] | undefined
}

/** Before the first slice. */
export function emptyTotals(model: Model): StagingTotals {
  return {
    model,
    sliceCount: 0,
    rowCount: 0,
    bytes: 0,
    sourceRowCount: 0,
    ...NONE_REJECTED,
    maxCursor: undefined,
    bounds: [],
    partitions: [],
    spans: [],
    csvHeader: undefined,
  }
}

/** Totals with one more slice; its Parquet file is of so many bytes. */
export function withSlice(before: StagingTotals, slice: EncodeOutcome, bytes: number): StagingTotals {
  const { model } = before
  const cursor = cursorOf(model)
  const maxCursor = cursor && laterWatermark(before.maxCursor, slice.maxCursor ?? undefined, cursor.type)
  const scope = { cursor: windowCursorOf(model)?.type, lookbackMs: model.lookbackMs }
  return {
    ...before,
    sliceCount: before.sliceCount + 1,
    rowCount: before.rowCount + slice.stagedRowCount,
    bytes: before.bytes + bytes,
    sourceRowCount: before.sourceRowCount + slice.rowCount,
    ...withRejected(before, slice),
    maxCursor,
    bounds: slice.stagedRowCount === 0 ? before.bounds : widened(before, slice),
    partitions: mergedPartitions(before.partitions, slice.partitions),
    spans: spansReadAgain(mergedSpans(before.spans, slice.spans), maxCursor, scope),
    csvHeader: slice.csvHeader ?? before.csvHeader,
  }
}

function mergedPartitions(
  before: StagingTotals['partitions'],
  slice: StagingTotals['partitions'],
): StagingTotals['partitions'] {
  const each = new Map([...before, ...slice].map(values => [JSON.stringify(values), values]))
  return [...each.values()].slice(0, MAX_STAGED_PARTITIONS + 1)
}

function mergedSpans(before: readonly SpanDigest[], slice: EncodeOutcome['spans']): readonly SpanDigest[] {
  const spans = new Map(before.map(span => [span.start, span]))
  for (const { start, rowCount, hashSum } of slice) {
    const earlier = spans.get(start) ?? { rowCount: 0, hashSum: 0n }
    spans.set(start, {
      start,
      rowCount: earlier.rowCount + rowCount,
      hashSum: earlier.hashSum + BigInt(hashSum),
    })
  }
  return [...spans.values()]
}

/** Bounds over both; a column without bounds in a slice with rows has none from there on. */
function widened(before: StagingTotals, slice: EncodeOutcome): readonly StagedBounds[] {
  return slice.bounds.flatMap(({ column, min, max }) => {
    const type = before.model.columns.find(candidate => candidate.tableName === column)?.type
    if (!type) return []
    const earlier = before.bounds.find(bounds => bounds.column === column)
    if (!earlier) return before.rowCount === 0 ? [{ column, type, min, max }] : []
    const isBelow = (left: string, right: string): boolean => compareCanonical(type, left, right) < 0
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
