import { type FileHandle, open, rm } from 'node:fs/promises'
import type { RowBatch } from '../domain/row-batch.ts'
import type { EncodedColumn } from './encode-sql.ts'
import { createScan, type ScanOutcome } from './scan.ts'
import { sliceInPlace, uncutFile } from './slice-in-place.ts'

/** A part of a batch on disk that begins and ends at a row boundary. */
export interface Slice extends ScanOutcome {
  /** A file of the slice's own, or the local file that it is. */
  readonly path: string
  /** Line of the batch that the slice begins at; 1 for the first. */
  readonly firstLine: number
  readonly bytes: number
  /** To be called once it was read: removes a file of its own. @throws {TransferError} `SOURCE_UNREADABLE` when a local file changed meanwhile. */
  release(): Promise<void>
}

/** How a batch is cut. */
export interface CutOptions {
  readonly columns: readonly EncodedColumn[]
  /** Where slices are written. */
  readonly folder: string
  readonly sliceBytes: number
  readonly signal: AbortSignal
}

/**
 * Writes a batch to disk in slices of about `sliceBytes`, cut after the last complete row. Parquet is one slice: its
 * end must be read first. A plain local file of some slices' size is one slice where it lies, and nothing is written.
 * Disk: one slice at a time, if the caller releases each; memory: one chunk.
 *
 * @throws {TransferError} `ROW_INVALID` for a row of more than 32 MiB.
 */
export async function* cutSlices(batch: RowBatch, options: CutOptions): AsyncGenerator<Slice> {
  const uncut = await uncutFile(batch, options.sliceBytes)
  if (uncut !== undefined) {
    yield await sliceInPlace(batch, uncut, options)
    return
  }
  let writer = await createWriter(options.folder, 0, 1)
  let count = 1
  const scan = createScan(batch, options.columns)
  try {
    for await (const chunk of batch.open(options.signal)) {
      const { boundary, lines } = scan.next(chunk)
      const isFull = batch.format !== 'parquet' && writer.bytes + chunk.length >= options.sliceBytes
      const { total, beforeBoundary } = lines()
      if (!isFull || boundary === 0) {
        await writer.write(chunk, total)
        scan.ensureRowLength(writer.firstLine)
        continue
      }
      await writer.write(chunk.subarray(0, boundary), beforeBoundary)
      yield await writer.finish(scan.take())
      writer = await createWriter(options.folder, count++, writer.nextLine())
      await writer.write(chunk.subarray(boundary), total - beforeBoundary)
    }
    scan.ensureQuotesClosed()
    scan.end()
    yield await writer.finish(scan.take())
  } finally {
    await writer.close()
  }
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
      await writeAll(handle, chunk)
      bytes += chunk.length
      lines += lineCount
    },
    finish: async (found: ScanOutcome): Promise<Slice> => {
      await close()
      return { path, firstLine, bytes, ...found, release: () => rm(path) }
    },
    close,
  }
}

/** Writes all bytes; one call nearly always, where `writeFile` makes many of 512 KiB. */
async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, at)
    at += bytesWritten
  }
}
