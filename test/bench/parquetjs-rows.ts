/** The baseline: the same rows through parquetjs-lite, the closest types it has, and what it took as one line of JSON. */
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { BENCH_MODEL } from './billing-rows.ts'
import { cpuSeconds } from './cpu.ts'

const [, , path = ''] = process.argv

interface ParquetWriter {
  appendRow(row: object): Promise<void>
  close(): Promise<void>
}

interface ParquetJs {
  readonly ParquetSchema: new (fields: object) => object
  readonly ParquetWriter: { openFile(schema: object, path: string): Promise<ParquetWriter> }
}

const parquet: ParquetJs = createRequire(import.meta.url)('parquetjs-lite')

/** It has no decimal; a double comes closest. */
const TYPES: Readonly<Record<string, string>> = {
  uuid: 'UTF8',
  string: 'UTF8',
  bigint: 'INT64',
  integer: 'INT32',
  double: 'DOUBLE',
  decimal: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP_MICROS',
}

const fields = BENCH_MODEL.columns.map(column => [
  column.name,
  { type: TYPES[column.type.kind], compression: 'SNAPPY', optional: true },
])
const temporal = BENCH_MODEL.columns
  .filter(column => ['date', 'timestamp'].includes(column.type.kind))
  .map(column => column.name)
const decimals = BENCH_MODEL.columns
  .filter(column => column.type.kind === 'decimal')
  .map(column => column.name)
const rowSchema = z.record(z.string(), z.unknown())
const file = join(tmpdir(), `parquetjs-${process.pid}.parquet`)
const cpuBefore = cpuSeconds()
const writer = await parquet.ParquetWriter.openFile(
  new parquet.ParquetSchema(Object.fromEntries(fields)),
  file,
)
let rows = 0
for await (const line of createInterface({ input: createReadStream(path, { highWaterMark: 1 << 20 }) })) {
  const row: Record<string, unknown> = JSON.parse(line)
  for (const name of temporal) row[name] = new Date(String(row[name]))
  for (const name of decimals) row[name] = Number(row[name])
  await writer.appendRow(rows === 0 ? rowSchema.parse(row) : row)
  rows++
}
await writer.close()
console.log(JSON.stringify({ rows, cpuSeconds: cpuSeconds() - cpuBefore }))
await rm(file)
