import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { inflateRaw, zstdDecompress } from 'node:zlib'
// biome-ignore lint/correctness/noUnresolvedImports: the package names a folder as its main file, which Node resolves
import avro from 'avsc'
import { namedError } from '../query-error.ts'

/** Avro's long as bigint, because snapshot ids pass 2^53. */
const LONG = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64LE(value)
    return buffer
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
})

/** Long is a bigint also where a logical type says what it means, as of a partition by a timestamp; each schema fills a registry of its own. */
const withLongs = () => ({
  registry: { long: LONG },
  typeHook: (schema: unknown) => (isLong(schema) ? LONG : undefined),
})

function isLong(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'long'
}

const CODECS = { deflate: promisify(inflateRaw), zstandard: promisify(zstdDecompress) }

/** Reads all records of an Avro object file; codecs null, deflate and zstandard. */
export async function readAvro(bytes: Buffer): Promise<readonly unknown[]> {
  const decoder = new avro.streams.BlockDecoder({
    parseHook: schema => avro.Type.forSchema(schema, { ...withLongs(), omitRecordMethods: true }),
    codecs: {
      null: (data, callback) => callback(null, data),
      deflate: (data, callback) => settle(CODECS.deflate(data), callback),
      zstandard: (data, callback) => settle(CODECS.zstandard(data), callback),
    },
  })
  const records: unknown[] = []
  try {
    for await (const record of Readable.from([bytes]).pipe(decoder)) records.push(record)
  } catch (cause) {
    throw namedError('ICEBERG_INVALID_METADATA', `Unreadable Avro file: ${String(cause)}`)
  }
  return records
}

function settle(work: Promise<Buffer>, callback: (error: unknown, value?: Buffer) => void): void {
  work.then(value => callback(null, value), callback)
}

/** Writes records to an Avro object file whose embedded schema keeps its `field-id` attributes. */
export async function writeAvro(
  schema: object,
  records: readonly object[],
  metadata: Readonly<Record<string, string>>,
): Promise<Buffer> {
  const type = avro.Type.forSchema(JSON.parse(JSON.stringify(schema)), withLongs())
  const blocks = records.map(record => type.toBuffer(record))
  return Buffer.concat([header(schema, metadata), ...block(blocks), ...(blocks.length > 0 ? [SYNC] : [])])
}

/** Any sixteen bytes may separate the blocks of a file. */
const SYNC = Buffer.from('athena-stand-in!')

function header(schema: object, metadata: Readonly<Record<string, string>>): Buffer {
  const entries = { ...metadata, 'avro.schema': JSON.stringify(schema), 'avro.codec': 'null' }
  const map = avro.Type.forSchema({ type: 'map', values: 'bytes' })
  const values = Object.fromEntries(Object.entries(entries).map(([name, text]) => [name, Buffer.from(text)]))
  return Buffer.concat([Buffer.from('Obj\u0001', 'latin1'), map.toBuffer(values), SYNC])
}

function block(records: readonly Buffer[]): readonly Buffer[] {
  if (records.length === 0) return []
  const long = avro.Type.forSchema('long')
  const size = records.reduce((sum, record) => sum + record.length, 0)
  return [long.toBuffer(records.length), long.toBuffer(size), ...records]
}
