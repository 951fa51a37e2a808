import { type FileHandle, open, stat } from 'node:fs/promises'
import { TransferError } from '../domain/errors.ts'
import type { RowBatch } from '../domain/row-batch.ts'
import { createScan } from './scan.ts'
import type { CutOptions, Slice } from './slices.ts'

/** A local batch of up to this many slices' bytes stays where it is; larger ones would make too large Parquet files. */
const MAX_SLICES = 4

const CHUNK_BYTES = 1024 * 1024

/** What DuckDB would take for a pattern in a path. */
const PATTERN = /[*?[\]]/

/** The path of a plain local file that needs no cutting; CSV is read whole, so it is cut. */
export async function uncutFile(batch: RowBatch, sliceBytes: number): Promise<string | undefined> {
  if (batch.path === undefined || batch.format === 'csv' || PATTERN.test(batch.path)) return undefined
  const { bytes } = await versionOf(batch, batch.path)
  return batch.format === 'parquet' || bytes <= MAX_SLICES * sliceBytes ? batch.path : undefined
}

/**
 * A slice that is the batch's own local file. It is looked through once; memory: one chunk.
 *
 * @throws {TransferError} `ROW_INVALID` for a row of more than 32 MiB, `SOURCE_UNREADABLE` when the file is not there.
 */
export async function sliceInPlace(
  batch: RowBatch,
  file: string,
  { columns, signal }: Pick<CutOptions, 'columns' | 'signal'>,
): Promise<Slice> {
  const before = await versionOf(batch, file)
  await using handle = await open(file)
  const scan = createScan(batch, columns)
  for await (const chunk of chunksOf(handle, signal)) {
    scan.next(chunk)
    scan.ensureRowLength(1)
  }
  scan.end()
  return {
    path: file,
    firstLine: 1,
    bytes: before.bytes,
    ...scan.take(),
    release: async () => {
      const after = await versionOf(batch, file)
      if (after.bytes === before.bytes && after.changedMs === before.changedMs) return
      throw new TransferError('SOURCE_UNREADABLE', `${batch.origin}: changed while it was read`)
    },
  }
}

interface Version {
  readonly bytes: number
  readonly changedMs: number
}

async function versionOf(batch: RowBatch, file: string): Promise<Version> {
  try {
    const { size, mtimeMs } = await stat(file)
    return { bytes: size, changedMs: mtimeMs }
  } catch (cause) {
    throw new TransferError('SOURCE_UNREADABLE', `${batch.origin}: cannot be read`, { cause })
  }
}

/** The file's bytes through one buffer, so a chunk holds until the next is asked for. */
async function* chunksOf(handle: FileHandle, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(CHUNK_BYTES)
  for (;;) {
    signal.throwIfAborted()
    const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}
