import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readBatchFile } from './batch-files.ts'
import { jsonMembers } from './json-members.ts'
import { type MessageOf, readMessage, readRecord } from './messages.ts'
import { type Place, refused } from './place.ts'
import { type Line, readLines } from './read-lines.ts'
import type { TextProblem } from './record-row.ts'
import { openStream, type Stream, type StreamLoad } from './stream.ts'

/** A Singer input: its name in messages, and its bytes. */
export interface SingerInput {
  readonly file: string
  readonly chunks: AsyncIterable<Uint8Array>
}

/** What reading is given. */
export interface ReadSingerOptions {
  readonly textProblem: TextProblem
  /** Folder for spooled rows; a folder of its own is made below and removed. */
  readonly workDir: string
  /** Bytes of spooled rows after which the next STATE message ends a load. */
  readonly loadBytes: number
  readonly signal: AbortSignal
}

/** What is to be loaded before more is read. */
export interface SingerLoad {
  readonly streams: readonly StreamLoad[]
  /** Value of the last STATE message, as it is spelled: all that came before it is loaded with this load. */
  readonly state: string | undefined
}

/**
 * Reads a Singer input and tells, load by load, what is to be loaded. The next load is read once the caller comes back,
 * which says that this one is committed: STATE must not be told before. Memory: a line, 256 KiB a stream, and the schemas; disk: the
 * rows of a load.
 *
 * @throws {TransferError} `SINGER_INVALID` with file, line, stream, property, value and reason; `SCHEMA_CHANGE_REFUSED`;
 * `SOURCE_UNREADABLE` for a batch file.
 */
export async function* readSinger(
  { file, chunks }: SingerInput,
  options: ReadSingerOptions,
): AsyncGenerator<SingerLoad> {
  await mkdir(options.workDir, { recursive: true })
  const folder = await mkdtemp(join(options.workDir, 'singer-'))
  const streams = new Map<string, Stream>()
  let state: string | undefined
  try {
    for await (const line of readLines(chunks, file)) {
      const message = readMessage(line.text, line.place)
      if (message.type === 'STATE') {
        state = jsonMembers(line.text).get('value')
        if (spooledBytes(streams) < options.loadBytes) continue
        yield* loadOf(streams, state, file)
        state = undefined
      } else if (message.type === 'SCHEMA') await takeSchema(streams, message, line, { folder, ...options })
      else await takeRows(streams, message, line, options.signal)
    }
    yield* loadOf(streams, state, file)
  } finally {
    for (const stream of streams.values()) await stream.close()
    await rm(folder, { recursive: true, force: true })
  }
}

function spooledBytes(streams: ReadonlyMap<string, Stream>): number {
  return streams.values().reduce((bytes, stream) => bytes + stream.spooledBytes, 0)
}

/** One load, unless there is nothing to be loaded or told. */
async function* loadOf(
  streams: ReadonlyMap<string, Stream>,
  state: string | undefined,
  file: string,
): AsyncGenerator<SingerLoad> {
  const loads: StreamLoad[] = []
  for (const stream of streams.values()) {
    const load = await stream.load(file)
    if (load) loads.push(load)
  }
  if (loads.length > 0 || state !== undefined) yield { streams: loads, state }
  for (const stream of streams.values()) await stream.settle()
}

async function takeSchema(
  streams: Map<string, Stream>,
  message: MessageOf<'SCHEMA'>,
  { place }: Line,
  options: Pick<ReadSingerOptions, 'textProblem'> & { readonly folder: string },
): Promise<void> {
  const known = streams.get(message.stream)
  if (known) {
    known.changeSchema(message, place)
    return
  }
  const path = join(options.folder, `stream-${streams.size}.ndjson`)
  const stream = await openStream(message, place, { path, textProblem: options.textProblem })
  const twin = streams.entries().find(([, other]) => other.tableName === stream.tableName)
  streams.set(message.stream, stream)
  if (twin)
    throw refused(place, `is one table in Athena with stream "${twin[0]}"`, { stream: message.stream })
}

async function takeRows(
  streams: ReadonlyMap<string, Stream>,
  message: MessageOf<'RECORD' | 'BATCH' | 'ACTIVATE_VERSION'>,
  { text, place }: Line,
  signal: AbortSignal,
): Promise<void> {
  const stream = streams.get(message.stream)
  if (!stream) throw refused(place, `${message.type} before the stream's SCHEMA`, { stream: message.stream })
  switch (message.type) {
    case 'RECORD':
      await stream.add({
        record: message.record,
        text: jsonMembers(text).get('record') ?? '{}',
        version: message.version ?? undefined,
        place,
      })
      return
    case 'ACTIVATE_VERSION':
      stream.activate(message.version, place)
      return
    case 'BATCH':
      await takeBatch(stream, message, place, signal)
  }
}

async function takeBatch(
  stream: Stream,
  message: MessageOf<'BATCH'>,
  place: Place,
  signal: AbortSignal,
): Promise<void> {
  for (const file of message.manifest) {
    const isPacked = message.encoding.compression === 'gzip'
    for await (const line of readLines(
      readBatchFile(file, { isPacked, place, stream: message.stream, signal }),
      file,
    )) {
      const record = readRecord(line.text, line.place, message.stream)
      await stream.add({ record, text: line.text, version: undefined, place: line.place })
    }
  }
}
