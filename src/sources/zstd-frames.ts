/** A file that is no zstd, or not whole. */
export class ZstdError extends Error {}

/** Marks of a frame of data, and of the sixteen kinds of frames that hold none, RFC 8878. */
const [FRAME, SKIPPABLE, SKIPPABLE_MASK] = [0xfd2fb528, 0x184d2a50, 0xfffffff0] as const

/** Bytes of the dictionary's id and of the content's size, by their flags. */
const [DICTIONARY_BYTES, SIZE_BYTES] = [[0, 1, 2, 4] as const, [0, 2, 4, 8] as const]

/** What comes next of a file: bytes to be looked at, bytes to be passed over, or the end of a frame. */
type Part =
  | { readonly kind: 'header'; readonly bytes: number; readonly mayEnd?: boolean }
  | { readonly kind: 'content'; readonly bytes: number }
  | { readonly kind: 'end' }

/**
 * The chunks of a zstd file, cut so that none goes on behind the end of a frame: Node's decompressor drops what comes behind it
 * in a chunk, without a word, and files of several frames are as common as those of one. Memory: a chunk.
 *
 * @throws {ZstdError} for bytes that are no frame, and for a file that ends within one.
 */
export async function* zstdFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const parts = partsOfFile()
  let part = next(parts)
  let open = part.kind === 'header' ? Buffer.alloc(part.bytes) : Buffer.alloc(0)
  let done = 0
  for await (const chunk of chunks) {
    let from = 0
    for (let at = 0; at < chunk.length; ) {
      if (part.kind === 'end') {
        yield chunk.subarray(from, at)
        from = at
      } else {
        const count = Math.min(part.bytes - done, chunk.length - at)
        if (part.kind === 'header') open.set(chunk.subarray(at, at + count), done)
        done += count
        at += count
        if (done < part.bytes) continue
      }
      part = next(parts, open)
      done = 0
      if (part.kind === 'header') open = Buffer.alloc(part.bytes)
    }
    if (from < chunk.length) yield chunk.subarray(from)
  }
  const isWhole = part.kind === 'end' || (part.kind === 'header' && part.mayEnd === true && done === 0)
  if (!isWhole) throw new ZstdError('it ends within a frame')
}

/** Parts without bytes are none. */
function next(parts: Generator<Part, never, Buffer>, header: Buffer = Buffer.alloc(0)): Part {
  for (let part = parts.next(header).value; ; part = parts.next(header).value)
    if (part.kind !== 'content' || part.bytes > 0) return part
}

function* partsOfFile(): Generator<Part, never, Buffer> {
  for (let isFirst = true; ; isFirst = false) {
    const mark = (yield { kind: 'header', bytes: 4, mayEnd: !isFirst }).readUInt32LE()
    if (mark === FRAME) yield* partsOfFrame()
    else if ((mark & SKIPPABLE_MASK) >>> 0 === SKIPPABLE) {
      const size = (yield { kind: 'header', bytes: 4 }).readUInt32LE()
      yield { kind: 'content', bytes: size }
    } else throw new ZstdError(isFirst ? 'it begins with no frame' : 'a frame is followed by what is none')
    yield { kind: 'end' }
  }
}

function* partsOfFrame(): Generator<Part, void, Buffer> {
  const descriptor = (yield { kind: 'header', bytes: 1 }).readUInt8()
  const isSingle = (descriptor & 0x20) !== 0
  const sizeBytes = SIZE_BYTES[descriptor >> 6] || (isSingle ? 1 : 0)
  const dictionaryBytes = DICTIONARY_BYTES[descriptor & 3] ?? 0
  yield { kind: 'content', bytes: (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes }
  for (let isLast = false; !isLast; ) {
    const block = (yield { kind: 'header', bytes: 3 }).readUIntLE(0, 3)
    isLast = (block & 1) === 1
    const kind = (block >> 1) & 3
    if (kind === 3) throw new ZstdError('a block is of no kind')
    // A block of one byte again and again holds that byte alone.
    yield { kind: 'content', bytes: kind === 1 ? 1 : block >> 3 }
  }
  if ((descriptor & 4) !== 0) yield { kind: 'content', bytes: 4 }
}
