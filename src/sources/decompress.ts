import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { unreadable } from './source-error.ts'

/** How a file is packed, by its last extension. */
export type Compression = 'none' | 'gzip' | 'zstd'

/** `.gz` and `.zst`; anything else is taken as it is. */
export function compressionOf(path: string): Compression {
  if (path.endsWith('.gz')) return 'gzip'
  return path.endsWith('.zst') ? 'zstd' : 'none'
}

/**
 * The unpacked bytes. Unpacking is done here and not in the encoder because zlib checks length and checksum of each
 * member: a file that was cut, even at a flush boundary, is an error and never a short read. Memory: one chunk.
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
  const feeding = pipeline(Readable.from(packed, { objectMode: false }), unpack)
  feeding.catch(() => {
    // The same failure destroys `unpack` and is thrown below, where somebody awaits it.
  })
  try {
    for await (const chunk of unpack) yield chunk
    await feeding
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw isOwnFailure(cause)
      ? unreadable(origin, `${compression} data is truncated or corrupt: ${reason}`, cause)
      : cause
  }
}

/** Failures of zlib itself carry its codes; those of the packed stream are passed on as they are. */
function isOwnFailure(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  return /^(Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB|ERR_STREAM_PREMATURE_CLOSE)/.test(code)
}
