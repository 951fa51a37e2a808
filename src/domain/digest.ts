import type { ColumnType } from './column-type.ts'
import { laterWatermark, type Watermark, windowStart } from './watermark.ts'

/** Rows of one span of the cursor: how many, and the sum of their hashes, which is the same in any order. */
export interface SpanDigest {
  /** Canonical text of the span's beginning; undefined for rows without a cursor, and for models read as a whole. */
  readonly start: string | undefined
  readonly rowCount: number
  readonly hashSum: bigint
}

/** How a model's rows are digested: those of its lookback, or all where `cursor` is undefined. */
export interface DigestScope {
  readonly cursor: ColumnType | undefined
  readonly lookbackMs: number
}

/** The spans that the next transfer reads again if nothing comes: those in its window, and rows without a cursor. */
export function spansReadAgain(
  spans: readonly SpanDigest[],
  watermark: Watermark | undefined,
  { cursor, lookbackMs }: DigestScope,
): readonly SpanDigest[] {
  if (!cursor || watermark === undefined) return spans
  const from = windowStart(watermark, cursor, lookbackMs)
  return spans.filter(({ start }) => start === undefined || laterWatermark(from, start, cursor) === start)
}

/** The digest of spans: two reads of the same rows have the same one, in whatever order and files they came. */
export function digestOf(spans: readonly SpanDigest[]): string {
  const rowCount = spans.reduce((sum, span) => sum + span.rowCount, 0)
  const hashSum = spans.reduce((sum, span) => sum + span.hashSum, 0n)
  return `${rowCount}:${hashSum}`
}

/** Number of rows that a digest is of. */
export function digestedRowCount(digest: string): number {
  return Number(digest.slice(0, digest.indexOf(':')))
}
