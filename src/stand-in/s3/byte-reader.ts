import { AwsError } from '../services.ts'

/** Reads a stream of chunks by lines and by counts. */
export interface ByteReader {
  /** The next line without its CR LF; at most 16 KiB. */
  line(): Promise<string>
  /** Between 1 and `maxBytes` bytes, as they come. */
  some(maxBytes: number): Promise<Buffer>
  /** True when nothing is left. */
  atEnd(): Promise<boolean>
  /** Lets go of the source; it can be drained by others then. */
  release(): Promise<void>
}

/** Longest line of a chunk header or trailer, in bytes. */
const MAX_LINE_BYTES = 16_384

/** Makes a reader; an early end of the stream is `IncompleteBody`. Memory: one chunk of the source. */
export function createByteReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = source[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)
  const pull = async (): Promise<boolean> => {
    const next = await iterator.next()
    if (next.done) return false
    held = held.length === 0 ? Buffer.from(next.value) : Buffer.concat([held, next.value])
    return true
  }
  return {
    async line() {
      for (;;) {
        const end = held.indexOf('\r\n')
        if (end >= 0) {
          const text = held.toString('latin1', 0, end)
          held = held.subarray(end + 2)
          return text
        }
        if (held.length > MAX_LINE_BYTES)
          throw new AwsError('InvalidRequest', 400, 'Chunk header is too long.')
        if (!(await pull())) throw incompleteBody()
      }
    },
    async some(maxBytes) {
      while (held.length === 0) if (!(await pull())) throw incompleteBody()
      const bytes = held.subarray(0, maxBytes)
      held = held.subarray(bytes.length)
      return bytes
    },
    async atEnd() {
      while (held.length === 0) if (!(await pull())) return true
      return false
    },
    async release() {
      await iterator.return?.()
    },
  }
}

/** The error for a body that ends before what was announced. */
export function incompleteBody(): AwsError {
  return new AwsError(
    'IncompleteBody',
    400,
    'You did not provide the number of bytes specified by the Content-Length HTTP header.',
  )
}
