import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { RowBatch } from '../../domain/row-batch.ts'

/** A stream's rows on disk until they are loaded. */
export interface Spool {
  readonly bytes: number
  write(row: string): Promise<void>
  /** All rows written so far, as a batch. Nothing may be written until it was read. */
  batch(origin: string): Promise<RowBatch>
  /** Forgets the rows, once they are loaded. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** Rows held in memory per stream before they are written, in characters. */
const BUFFERED = 256 * 1024

/** Makes an empty spool at a path. Memory: 256 KiB of text and one row. */
export async function openSpool(path: string): Promise<Spool> {
  const handle: FileHandle = await open(path, 'ax')
  let buffered: string[] = []
  let bufferedLength = 0
  let bytes = 0
  const flush = async (): Promise<void> => {
    const rows = Buffer.from(buffered.join(''))
    buffered = []
    bufferedLength = 0
    await handle.appendFile(rows)
    bytes += rows.length
  }
  return {
    get bytes() {
      return bytes + bufferedLength
    },
    write: async row => {
      buffered.push(row)
      bufferedLength += row.length
      if (bufferedLength >= BUFFERED) await flush()
    },
    batch: async origin => {
      await flush()
      return { origin, format: 'ndjson', path, open: signal => createReadStream(path, { signal }) }
    },
    clear: async () => {
      await handle.truncate(0)
      bytes = 0
    },
    close: () => handle.close(),
  }
}
