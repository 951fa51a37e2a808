import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { TransferError } from '../domain/errors.ts'
import { unreadable } from './source-error.ts'
import { ZstdError, zstdFrames } from './zstd-frames.ts'

/** How a file is packed, by its last extension. */
export type Compression = 'none' | 'gzip' | 'zstd'

/** `.gz` and `.zst`; anything else is taken as it is. */
export function compressionOf(path: string): Compression {
  if (path.endsWith('.gz')) return 'gzip'
  return path.endsWith('.zst') ? 'zstd' : 'none'
}

/**
 * The unpacked bytes. Unpacking is done here and not in the encoder because zlib checks length and checksum of each
 * member: a file that was cut, even at a flush boundary, is an error and never a short read. So is one that unpacks to far
 * more than it can hold of rows, before it fills the disk. Memory: one chunk.
 *
 * @throws {TransferError} `SOURCE_UNREADABLE` naming the file.
 */
export async function* decompress(
  packed: AsyncIterable<Uint8Array>,
  compression: Compression,
  origin: string,
): AsyncGenerator<Uint8Array> {
  if (compression === 'none') {
    yield* packed
    return
  }
  const unpack = compression === 'gzip' ? createGunzip() : createZstdDecompress()
  let packedBytes = 0
  const counted = async function* () {
    for await (const chunk of packed) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        const piece = chunk.subarray(at, at + PIECE_BYTES)
        packedBytes += piece.length
        yield piece
      }
    }
  }
  const frames = compression === 'zstd' ? named(zstdFrames(counted()), origin) : counted()
  const feeding = pipeline(Readable.from(frames, { objectMode: false }), unpack)
  feeding.catch(() => {
    // The same failure destroys `unpack` and is thrown below, where somebody awaits it.
  })
  try {
    let bytes = 0
    for await (const chunk of unpack) {
      bytes += chunk.length
      if (bytes > BOMB.bytes && bytes > packedBytes * BOMB.ratio)
        throw unreadable(origin, `unpacks to more than ${BOMB.ratio} times its size, as no rows do`)
      yield chunk
    }
    await feeding
  } catch (cause) {
    throw isOwnFailure(cause) ? corrupt(origin, compression, cause) : cause
  }
}

/** Bytes that any file may unpack to, and how many times its own size a larger one: gzip's most is 1,032, rows' some tens. */
const BOMB = { bytes: 64 * 1024 * 1024, ratio: 300 } as const

/** Packed bytes that are handed on at once: what waits to be unpacked is counted already. */
const PIECE_BYTES = 64 * 1024

/** What is wrong with frames is wrong with the file; failures of reading it are passed on as they are. */
async function* named(frames: AsyncIterable<Uint8Array>, origin: string): AsyncGenerator<Uint8Array> {
  try {
    yield* frames
  } catch (cause) {
    throw cause instanceof ZstdError ? corrupt(origin, 'zstd', cause) : cause
  }
}

function corrupt(origin: string, compression: Compression, cause: unknown): TransferError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return unreadable(origin, `${compression} data is truncated or corrupt: ${reason}`, cause)
}

/** Failures of zlib itself carry its codes; those of the packed stream are passed on as they are. */
function isOwnFailure(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  return /^(Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB|ERR_STREAM_PREMATURE_CLOSE)/.test(code)
}
