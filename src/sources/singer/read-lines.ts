import { isUtf8 } from 'node:buffer'
import { type Place, refused } from './place.ts'

/** One line of an input, with its place. */
export interface Line {
  readonly text: string
  readonly place: Place
}

/** Longest line, in bytes: a row of Athena's 32 MB with every character escaped, and the message around it. */
const MAX_LINE_BYTES = 64 * 1024 * 1024

const NEWLINE = 10

/**
 * The lines of an input that hold anything, without their ends. The last one may lack its newline. Memory: a chunk and a line.
 *
 * @throws {TransferError} `SINGER_INVALID` for a line that is not UTF-8 or longer than 64 MiB.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Line> {
  let line = 0
  for await (const bytes of splitAtNewlines(chunks, length =>
    checkLength(length, { file, line: line + 1 }),
  )) {
    line++
    const place = { file, line }
    if (!isUtf8(bytes)) throw refused(place, 'is not UTF-8')
    const text = bytes.toString().replace(line === 1 ? /^\uFEFF/ : '', '')
    if (text.trim() !== '') yield { text, place }
  }
}

function checkLength(bytes: number, place: Place): void {
  if (bytes > MAX_LINE_BYTES) throw refused(place, `is longer than ${MAX_LINE_BYTES} bytes`)
}

async function* splitAtNewlines(
  chunks: AsyncIterable<Uint8Array>,
  onOpenLine: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let open: Buffer[] = []
  let openBytes = 0
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      yield open.length === 0
        ? bytes.subarray(from, end)
        : Buffer.concat([...open, bytes.subarray(from, end)])
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
