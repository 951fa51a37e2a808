import { TransferError } from '../domain/errors.ts'
import { NEWLINE } from '../domain/lines.ts'
import type { RowBatch } from '../domain/row-batch.ts'
import type { EncodedColumn } from './encode-sql.ts'
import { digitsFrom, hasLongNumber, LONG_NUMBER } from './long-numbers.ts'
import { hasNegativeZero, holdsFloating, SEAM_BYTES } from './negative-zero.ts'
import { createRowTemplate, type RowTemplate } from './row-template.ts'

/** Longest row, in bytes; Athena takes 32 MB. */
const MAX_ROW_BYTES = 32 * 1024 * 1024

/** What the encoder may know of a slice beforehand. */
export interface ScanOutcome {
  /** True when a number in it may have more digits than a double keeps. Always false where all rows are certain. */
  readonly hasLongNumbers: boolean
  /** True when a floating column may have a negative zero in it. Always false where all rows are certain. */
  readonly hasNegativeZero: boolean
  /** Number of its rows when each is sure to be read exactly by DuckDB's own types. */
  readonly certainRowCount: number | undefined
}

/**
 * Looks through a batch chunk by chunk for where rows end, and at NDJSON for how surely it can be read. Carried from
 * chunk to chunk: quotes, the open row, and the chunk's last bytes.
 */
export function createScan(batch: RowBatch, columns: readonly EncodedColumn[]) {
  const quote = batch.format === 'csv' ? (batch.csv?.quote.charCodeAt(0) ?? -1) : -1
  let insideQuotes = false
  let rowStart = 1
  let line = 1
  let rowBytes = 0
  let longNumbers = false
  let trailingDigits = 0
  let negativeZero = false
  let seam = ''
  const isFloating = columns.some(({ type }) => holdsFloating(type))
  const template = batch.format === 'ndjson' ? createRowTemplate(columns) : undefined
  const quotedRows = (chunk: Uint8Array): ChunkRows => {
    let boundary = 0
    let total = 0
    let beforeBoundary = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]
      if (byte === quote) insideQuotes = !insideQuotes
      if (byte !== NEWLINE) continue
      total++
      line++
      if (insideQuotes) continue
      rowStart = line
      boundary = at + 1
      beforeBoundary = total
    }
    return { boundary, lines: () => ({ total, beforeBoundary }) }
  }
  /** Feeds the template; once it gives up, numbers are looked at from the beginning of the row that it gave up at. */
  const lookAtRows = (rows: RowTemplate, feed: () => void, chunk: Uint8Array): void => {
    const wasCertain = rows.isCertain()
    const openRow = rows.openRow()
    feed()
    if (rows.isCertain()) return
    const edge = trailingDigits + digitsFrom(chunk, 0, 1)
    longNumbers ||= edge >= LONG_NUMBER || hasLongNumber(chunk)
    if (wasCertain) longNumbers ||= hasLongNumber(Buffer.from(openRow, 'latin1'))
    if (isFloating) negativeZero ||= hasNegativeZero((wasCertain ? openRow : seam) + latin1(chunk))
  }
  return {
    /** @throws {TransferError} `ROW_INVALID` for a row of more than 32 MiB. */
    ensureRowLength: (firstLine: number): void => {
      if (rowBytes > MAX_ROW_BYTES && batch.format !== 'parquet')
        throw rowTooLong(batch, quote === -1 ? firstLine : rowStart)
    },
    /** @throws {TransferError} `SOURCE_UNREADABLE` for a quoted value that is never closed; to be called at the end. */
    ensureQuotesClosed: (): void => {
      if (!insideQuotes) return
      const message = `${batch.origin} line ${rowStart}: ends inside a quoted value that begins in the row there`
      throw new TransferError('SOURCE_UNREADABLE', message, {
        details: { file: batch.origin, line: rowStart },
      })
    },
    /** To be called after the last chunk, before the last `take`. */
    end: (): void => {
      if (template) lookAtRows(template, template.end, new Uint8Array())
    },
    /** What was found since the last call, of whole rows. */
    take: (): ScanOutcome => {
      const found = { hasLongNumbers: longNumbers, hasNegativeZero: negativeZero }
      longNumbers = false
      negativeZero = false
      return { ...found, certainRowCount: template?.take().certainRowCount }
    },
    next: (chunk: Uint8Array) => {
      const { boundary, lines } = quote === -1 ? plainRows(chunk) : quotedRows(chunk)
      if (template) lookAtRows(template, () => template.next(chunk, boundary), chunk)
      trailingDigits = digitsFrom(chunk, chunk.length - 1, -1)
      if (isFloating) seam = (seam + latin1(chunk.subarray(-SEAM_BYTES))).slice(-SEAM_BYTES)
      rowBytes = boundary === 0 ? rowBytes + chunk.length : chunk.length - boundary
      return { boundary, lines }
    },
  }
}

/** Bytes as a text of one character each. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Where rows end in a chunk, and how many lines do. */
interface ChunkRows {
  /** Behind the last newline that ends a row; 0 without one. */
  readonly boundary: number
  /** Counts the newlines, before the boundary and in all; only slices after the first need to know. */
  lines(): { readonly total: number; readonly beforeBoundary: number }
}

function plainRows(chunk: Uint8Array): ChunkRows {
  const boundary = chunk.lastIndexOf(NEWLINE) + 1
  return {
    boundary,
    lines: () => {
      let total = 0
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) total++
      return { total, beforeBoundary: total }
    },
  }
}

function rowTooLong(batch: RowBatch, line: number): TransferError {
  const message = `${batch.origin}: a row from line ${line} on is longer than ${MAX_ROW_BYTES} bytes`
  return new TransferError('ROW_INVALID', message, { details: { file: batch.origin, line } })
}
