import { TransferError } from '../domain/errors.ts'
import type { RowBatch } from '../domain/row-batch.ts'
import type { EncodedColumn } from './encode-sql.ts'
import { digitsFrom, hasLongNumber, LONG_NUMBER } from './long-numbers.ts'
import { createRowTemplate } from './row-template.ts'

/** Longest row, in bytes; Athena takes 32 MB. */
const MAX_ROW_BYTES = 32 * 1024 * 1024

const NEWLINE = 10

/** What the encoder may know of a slice beforehand. */
export interface ScanOutcome {
  /** True when a number in it may have more digits than a double keeps. Always false where all rows are certain. */
  readonly hasLongNumbers: boolean
  /** Number of its rows when each is sure to be read exactly by DuckDB's own types. */
  readonly certainRowCount: number | undefined
}

/**
 * Looks through a batch chunk by chunk for where rows end, and at NDJSON for how surely it can be read. Carried from
 * chunk to chunk: quotes, the open row, and the digits at the chunk's end.
 */
export function createScan(batch: RowBatch, columns: readonly EncodedColumn[]) {
  const quote = batch.format === 'csv' ? (batch.csv?.quote.charCodeAt(0) ?? -1) : -1
  let insideQuotes = false
  let rowBytes = 0
  let longNumbers = false
  let trailingDigits = 0
  const template = batch.format === 'ndjson' ? createRowTemplate(columns) : undefined
  const lookForLongNumbers = (chunk: Uint8Array): void => {
    const edge = trailingDigits + digitsFrom(chunk, 0, 1)
    longNumbers ||= edge >= LONG_NUMBER || hasLongNumber(chunk)
  }
  return {
    /** @throws {TransferError} `ROW_INVALID` for a row of more than 32 MiB. */
    ensureRowLength: (firstLine: number): void => {
      if (rowBytes > MAX_ROW_BYTES && batch.format !== 'parquet') throw rowTooLong(batch, firstLine)
    },
    isInsideQuotes: () => insideQuotes,
    /** To be called after the last chunk, before the last `take`. */
    end: (): void => template?.end(),
    /** What was found since the last call, of whole rows. */
    take: (): ScanOutcome => {
      const found = longNumbers
      longNumbers = false
      return { hasLongNumbers: found, certainRowCount: template?.take().certainRowCount }
    },
    next: (chunk: Uint8Array) => {
      let boundary = 0
      let total = 0
      let beforeBoundary = 0
      for (let at = nextMark(chunk, 0, quote); at < chunk.length; at = nextMark(chunk, at + 1, quote)) {
        if (chunk[at] !== NEWLINE) insideQuotes = !insideQuotes
        else total++
        if (chunk[at] !== NEWLINE || insideQuotes) continue
        boundary = at + 1
        beforeBoundary = total
      }
      template?.next(chunk, boundary)
      if (template && !template.isCertain()) lookForLongNumbers(chunk)
      trailingDigits = digitsFrom(chunk, chunk.length - 1, -1)
      rowBytes = boundary === 0 ? rowBytes + chunk.length : chunk.length - boundary
      return { boundary, lines: { total, beforeBoundary } }
    },
  }
}

/** Position of the next newline or quote, or the chunk's length. */
function nextMark(chunk: Uint8Array, from: number, quote: number): number {
  if (quote === -1) {
    const newline = chunk.indexOf(NEWLINE, from)
    return newline === -1 ? chunk.length : newline
  }
  let at = from
  while (at < chunk.length && chunk[at] !== NEWLINE && chunk[at] !== quote) at++
  return at
}

function rowTooLong(batch: RowBatch, line: number): TransferError {
  const message = `${batch.origin}: a row after line ${line} is longer than ${MAX_ROW_BYTES} bytes`
  return new TransferError('ROW_INVALID', message, { details: { file: batch.origin, line } })
}
