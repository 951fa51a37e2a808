import { type FileHandle, open } from 'node:fs/promises'
import { TransferError } from '../domain/errors.ts'
import type { RowBatch } from '../domain/row-batch.ts'

/** A part of a batch on disk that begins and ends at a row boundary. */
export interface Slice {
  readonly path: string
  /** Line of the batch that the slice begins at; 1 for the first. */
  readonly firstLine: number
  readonly bytes: number
  /** True when a number in it may have more digits than a double keeps. */
  readonly hasLongNumbers: boolean
}

/** Longest row, in bytes; Athena takes 32 MB. */
const MAX_ROW_BYTES = 32 * 1024 * 1024

const NEWLINE = 10

/**
 * Writes a batch to disk in slices of about `sliceBytes`, cut after the last complete row. Parquet is one slice: its
 * end must be read first. Disk: one slice at a time, if the caller removes each; memory: one chunk.
 *
 * @throws {TransferError} `ROW_INVALID` for a row of more than 32 MiB.
 */
export async function* cutSlices(
  batch: RowBatch,
  options: { readonly folder: string; readonly sliceBytes: number; readonly signal: AbortSignal },
): AsyncGenerator<Slice> {
  let writer = await createWriter(options.folder, 0, 1)
  let count = 1
  const scan = createScan(batch)
  try {
    for await (const chunk of batch.open(options.signal)) {
      const { boundary, lines } = scan.next(chunk)
      const isFull = batch.format !== 'parquet' && writer.bytes + chunk.length >= options.sliceBytes
      if (!isFull || boundary === 0) {
        await writer.write(chunk, lines.total)
        if (scan.rowBytes() > MAX_ROW_BYTES && batch.format !== 'parquet')
          throw rowTooLong(batch, writer.firstLine)
        continue
      }
      await writer.write(chunk.subarray(0, boundary), lines.beforeBoundary)
      yield await writer.finish(scan.takeLongNumbers())
      writer = await createWriter(options.folder, count++, writer.nextLine())
      await writer.write(chunk.subarray(boundary), lines.total - lines.beforeBoundary)
    }
    if (scan.isInsideQuotes())
      throw new TransferError('SOURCE_UNREADABLE', `${batch.origin}: ends inside a quoted value`)
    yield await writer.finish(scan.takeLongNumbers())
  } finally {
    await writer.close()
  }
}

function rowTooLong(batch: RowBatch, line: number): TransferError {
  const message = `${batch.origin}: a row after line ${line} is longer than ${MAX_ROW_BYTES} bytes`
  return new TransferError('ROW_INVALID', message, { details: { file: batch.origin, line } })
}

async function createWriter(folder: string, index: number, firstLine: number) {
  const path = `${folder}/slice-${index}`
  const handle: FileHandle = await open(path, 'w')
  let bytes = 0
  let lines = 0
  let isOpen = true
  const close = async (): Promise<void> => {
    if (isOpen) await handle.close()
    isOpen = false
  }
  return {
    firstLine,
    get bytes(): number {
      return bytes
    },
    nextLine: () => firstLine + lines,
    write: async (chunk: Uint8Array, lineCount: number): Promise<void> => {
      await handle.writeFile(chunk)
      bytes += chunk.length
      lines += lineCount
    },
    finish: async (hasLongNumbers: boolean): Promise<Slice> => {
      await close()
      return { path, firstLine, bytes, hasLongNumbers }
    },
    close,
  }
}

/** What is carried from chunk to chunk: quotes, the open row's length, and digits at the chunk's end. */
function createScan(batch: RowBatch) {
  const quote = batch.format === 'csv' ? (batch.csv?.quote.charCodeAt(0) ?? -1) : -1
  let insideQuotes = false
  let rowBytes = 0
  let longNumbers = false
  let trailingDigits = 0
  return {
    rowBytes: () => rowBytes,
    isInsideQuotes: () => insideQuotes,
    takeLongNumbers: (): boolean => {
      const found = longNumbers
      longNumbers = false
      return found
    },
    next: (chunk: Uint8Array) => {
      if (batch.format === 'ndjson') {
        const edge = trailingDigits + digitsFrom(chunk, 0, 1)
        longNumbers ||= edge >= LONG_NUMBER || hasLongNumber(chunk)
        trailingDigits = digitsFrom(chunk, chunk.length - 1, -1)
      }
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

/** A double keeps 15 significant digits of any decimal number; with the point that is 16 characters. */
const LONG_NUMBER = 16

/** True when 16 digits or points follow each other; every such run covers one place of each 16, so only those are looked at. */
function hasLongNumber(chunk: Uint8Array): boolean {
  for (let at = LONG_NUMBER - 1; at < chunk.length; at += LONG_NUMBER) {
    if (!isDigitOrPoint(chunk[at])) continue
    const before = digitsFrom(chunk, at - 1, -1)
    const after = digitsFrom(chunk, at + 1, 1)
    const isText = chunk[at - before - 1] === 34
    if (before + after + 1 >= LONG_NUMBER && !isText) return true
  }
  return false
}

/** How many digits or points follow from a place in a direction. */
function digitsFrom(chunk: Uint8Array, from: number, step: 1 | -1): number {
  let count = 0
  while (isDigitOrPoint(chunk[from + count * step])) count++
  return count
}

function isDigitOrPoint(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 48 && byte <= 57) || byte === 46)
}
