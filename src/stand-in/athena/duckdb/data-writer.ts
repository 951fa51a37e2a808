import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fromIcebergType } from '../iceberg/iceberg-type.ts'
import type { DataFile } from '../iceberg/manifest.ts'
import {
  currentSchema,
  type IcebergField,
  type IcebergType,
  type TableMetadata,
} from '../iceberg/metadata.ts'
import type { PartitionValue } from '../iceberg/partition-type.ts'
import type { TableFiles } from '../iceberg/table-files.ts'
import { namedError } from '../query-error.ts'
import { joinUri } from '../s3-uri.ts'
import { quoteText } from '../sql/tokens.ts'
import { type ColumnStatistics, columnStatisticsSchema, toFileStatistics } from './file-statistics.ts'
import { holds } from './nested-sql.ts'
import type { Session } from './session.ts'

/** Writes rows as Parquet files of a table. */
export interface DataWriter {
  /** Runs a SELECT whose columns are the table's, by name, and puts its rows into new data files; no rows, no files. */
  writeData(
    selectSql: string,
    partition: Readonly<Record<string, PartitionValue>>,
  ): Promise<readonly DataFile[]>
  /** Puts positions of rows (a SELECT of one column, `pos`, in order) of one data file into a position delete file. */
  writeDeletes(dataFile: DataFile, positionsSql: string): Promise<DataFile>
}

/** What a writer needs. */
export interface DataWriterContext {
  readonly session: Session
  readonly files: TableFiles
  readonly metadata: TableMetadata
  readonly workDirectory: string
  readonly onFileWritten: (uri: string) => void
}

/** Iceberg's default for the size of a data file, in bytes. */
const DEFAULT_TARGET_BYTES = 536_870_912

/** Rows are put in zstd-compressed Parquet, row groups of 122,880 rows, under `data/` of the table's location. */
export function createDataWriter(context: DataWriterContext): DataWriter {
  const { metadata } = context
  const fields = currentSchema(metadata).fields
  const targetBytes = Number(metadata.properties['write.target-file-size-bytes'] ?? DEFAULT_TARGET_BYTES)
  return {
    async writeData(selectSql, partition) {
      const directory = join(context.workDirectory, `data-${randomUUID()}`)
      const options = `FIELD_IDS ${fieldIds(fields)}${dictionaryOption(fields)}, FILE_SIZE_BYTES ${targetBytes}, FILENAME_PATTERN 'part-{uuid}'`
      const written = await copy(context.session, selectSql, directory, options)
      const filled = written.filter(file => file.count > 0n)
      for (const file of filled) requirePresence(fields, file.column_statistics, metadata)
      return Promise.all(filled.map(file => upload(context, file, fields, { content: 0, partition })))
    },
    async writeDeletes(dataFile, positionsSql) {
      await mkdir(context.workDirectory, { recursive: true })
      const path = join(context.workDirectory, `deletes-${randomUUID()}.parquet`)
      const uri = quoteText(dataFile.filePath)
      const select = `SELECT ${uri} AS file_path, pos FROM (${positionsSql}) ORDER BY pos`
      const [file] = await copy(context.session, select, path, `FIELD_IDS ${fieldIds(DELETE_FIELDS)}`)
      if (!file) throw namedError('GENERIC_INTERNAL_ERROR', 'A position delete file was not written')
      const uploaded = await upload(context, file, DELETE_FIELDS, {
        content: 1,
        partition: dataFile.partition,
      })
      return withPathBounds(uploaded, dataFile.filePath)
    },
  }
}

/** The columns of a position delete file, with the ids that Iceberg reserves for them. */
const DELETE_FIELDS: readonly IcebergField[] = [
  { id: 2147483546, name: 'file_path', required: true, type: 'string' },
  { id: 2147483545, name: 'pos', required: true, type: 'long' },
]

/** Readers find the data file a delete file is for by the bounds of its path, which are therefore never shortened. */
function withPathBounds(file: DataFile, path: string): DataFile {
  const bound: readonly [number, Buffer] = [2147483546, Buffer.from(path)]
  return {
    ...file,
    lowerBounds: new Map([...file.lowerBounds, bound]),
    upperBounds: new Map([...file.upperBounds, bound]),
  }
}

const writtenSchema = z.array(
  z.object({
    filename: z.string(),
    count: z.coerce.bigint(),
    file_size_bytes: z.coerce.bigint(),
    column_statistics: columnStatisticsSchema,
  }),
)

type WrittenFile = z.infer<typeof writtenSchema>[number]

async function copy(
  session: Session,
  select: string,
  to: string,
  options: string,
): Promise<readonly WrittenFile[]> {
  const format = 'FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880, RETURN_STATS'
  return writtenSchema.parse(
    await session.all(`COPY (${select}) TO ${quoteText(to)} (${format}, ${options})`),
  )
}

/** DuckDB's dictionaries take both zeros of a floating number for the one that came first, so such tables have none. */
function dictionaryOption(fields: readonly IcebergField[]): string {
  const isFloating = fields.some(field =>
    holds(fromIcebergType(field.type), ({ kind }) => kind === 'real' || kind === 'double'),
  )
  return isFloating ? ', DICTIONARY_SIZE_LIMIT 0' : ''
}

function fieldIds(fields: readonly IcebergField[]): string {
  return `{${fields.map(field => `${quoteText(field.name)}: ${idTree(field.id, field.type)}`).join(', ')}}`
}

function idTree(id: number, type: IcebergType): string {
  if (typeof type === 'string') return String(id)
  return `{'__duckdb_field_id': ${id}, ${nestedIds(type)}}`
}

function nestedIds(type: Exclude<IcebergType, string>): string {
  if (type.type === 'struct') return fieldIds(type.fields).slice(1, -1)
  if (type.type === 'list') return `'element': ${idTree(type['element-id'], type.element)}`
  return `'key': ${idTree(type['key-id'], type.key)}, 'value': ${idTree(type['value-id'], type.value)}`
}

function requirePresence(
  fields: readonly IcebergField[],
  statistics: ColumnStatistics,
  metadata: TableMetadata,
): void {
  const found = toFileStatistics(fields, statistics)
  const missing = fields.find(field => field.required && (found.nullCounts.get(field.id) ?? 0n) > 0n)
  if (!missing) return
  const message = `NULL value not allowed for NOT NULL column: ${missing.name} (table ${metadata.location})`
  throw namedError('CONSTRAINT_VIOLATION', message)
}

async function upload(
  context: DataWriterContext,
  file: WrittenFile,
  fields: readonly IcebergField[],
  kind: Pick<DataFile, 'content' | 'partition'>,
): Promise<DataFile> {
  const filePath = joinUri(context.metadata.location, `data/${randomUUID()}.parquet`)
  context.onFileWritten(filePath)
  await context.files.write(filePath, createReadStream(file.filename))
  return {
    ...kind,
    filePath,
    format: 'PARQUET',
    recordCount: file.count,
    sizeBytes: file.file_size_bytes,
    ...toFileStatistics(fields, file.column_statistics),
  }
}
