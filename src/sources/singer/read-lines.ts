import { isUtf8 } from 'node:buffer'
import { linesOf } from '../../domain/lines.ts'
import { type Place, refused } from './place.ts'

/** One line of an input, with its place. */
export interface Line {
  readonly text: string
  readonly place: Place
}

/** Longest line, in bytes: a row of Athena's 32 MB with every character escaped, and the message around it. */
const MAX_LINE_BYTES = 64 * 1024 * 1024

/**
 * The lines of an input that hold anything, without their ends. The last one may lack its newline. Memory: a chunk and a line.
 *
 * @throws {TransferError} `SINGER_INVALID` for a line that is not UTF-8 or longer than 64 MiB.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Line> {
  let line = 0
  for await (const bytes of linesOf(chunks, length => checkLength(length, { file, line: line + 1 }))) {
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
