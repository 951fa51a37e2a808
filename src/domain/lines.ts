/** The byte that ends a line. */
export const NEWLINE = 10

/**
 * The lines of a byte stream without their newlines, an unended last one included. `onOpenLine` is told the length of a
 * line that has not ended yet, each time it grows, and may throw. Memory: a chunk and a line.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  onOpenLine: (bytes: number) => void = () => {},
): AsyncGenerator<Buffer> {
  let open: Buffer[] = []
  let openBytes = 0
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      const tail = bytes.subarray(from, end)
      yield open.length === 0 ? tail : Buffer.concat([...open, tail])
      open = []
      openBytes = 0
      from = end + 1
    }
    if (from === bytes.length) continue
    open.push(bytes.subarray(from))
    openBytes += bytes.length - from
    onOpenLine(openBytes)
  }
  if (open.length > 0) yield Buffer.concat(open)
}
