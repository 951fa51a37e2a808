import { z } from 'zod'
import { namedError } from '../query-error.ts'
import { readAvro, writeAvro } from './avro-file.ts'
import { printJson } from './json.ts'
import { manifestEntrySchema } from './manifest-schemas.ts'
import type { PartitionSpec, TableSchema } from './metadata.ts'
import type { PartitionFieldType, PartitionValue } from './partition-type.ts'

/** A data or delete file with its statistics, by field id. */
export interface DataFile {
  /** 0 data, 1 position deletes, 2 equality deletes. */
  readonly content: number
  readonly filePath: string
  readonly format: string
  readonly partition: Readonly<Record<string, PartitionValue>>
  readonly recordCount: bigint
  readonly sizeBytes: bigint
  readonly columnSizes: ReadonlyMap<number, bigint>
  readonly valueCounts: ReadonlyMap<number, bigint>
  readonly nullCounts: ReadonlyMap<number, bigint>
  readonly nanCounts: ReadonlyMap<number, bigint>
  readonly lowerBounds: ReadonlyMap<number, Buffer>
  readonly upperBounds: ReadonlyMap<number, Buffer>
}

/** One line of a manifest. */
export interface ManifestEntry {
  readonly status: 'existing' | 'added' | 'deleted'
  readonly snapshotId: bigint
  readonly sequenceNumber: bigint
  readonly fileSequenceNumber: bigint
  readonly file: DataFile
}

const STATUSES = ['existing', 'added', 'deleted'] as const

const longMapSchema = mapSchema(z.bigint())
const bytesMapSchema = mapSchema(z.instanceof(Uint8Array).transform(bytes => Buffer.from(bytes)))

function mapSchema<Value>(value: z.ZodType<Value>) {
  return z
    .array(z.object({ key: z.number(), value }))
    .nullish()
    .transform(entries => new Map((entries ?? []).map(entry => [entry.key, entry.value])))
}

const partitionValueSchema = z.union([
  z.null(),
  z.boolean(),
  z.number(),
  z.bigint(),
  z.string(),
  z.instanceof(Uint8Array).transform(bytes => Buffer.from(bytes)),
])

const entrySchema = z.object({
  status: z.number(),
  snapshot_id: z.bigint().nullish(),
  sequence_number: z.bigint().nullish(),
  file_sequence_number: z.bigint().nullish(),
  data_file: z.object({
    content: z.number().default(0),
    file_path: z.string(),
    file_format: z.string(),
    partition: z
      .looseObject({})
      .transform(record => z.record(z.string(), partitionValueSchema).parse({ ...record })),
    record_count: z.bigint(),
    file_size_in_bytes: z.bigint(),
    column_sizes: longMapSchema,
    value_counts: longMapSchema,
    null_value_counts: longMapSchema,
    nan_value_counts: longMapSchema,
    lower_bounds: bytesMapSchema,
    upper_bounds: bytesMapSchema,
  }),
})

/** What an entry inherits from the manifest list when it does not say it itself. */
export interface Inherited {
  readonly snapshotId: bigint
  readonly sequenceNumber: bigint
}

/**
 * Reads a manifest; entries marked deleted are included.
 *
 * @throws {QueryError} `ICEBERG_INVALID_METADATA`.
 */
export async function readManifest(bytes: Buffer, inherited: Inherited): Promise<readonly ManifestEntry[]> {
  const records = await readAvro(bytes)
  return records.map(record => {
    const parsed = entrySchema.safeParse(record)
    if (!parsed.success) throw namedError('ICEBERG_INVALID_METADATA', z.prettifyError(parsed.error))
    return toEntry(parsed.data, inherited)
  })
}

function toEntry(raw: z.infer<typeof entrySchema>, inherited: Inherited): ManifestEntry {
  const file = raw.data_file
  return {
    status: STATUSES[raw.status] ?? 'existing',
    snapshotId: raw.snapshot_id ?? inherited.snapshotId,
    sequenceNumber: raw.sequence_number ?? inherited.sequenceNumber,
    fileSequenceNumber: raw.file_sequence_number ?? inherited.sequenceNumber,
    file: {
      content: file.content,
      filePath: file.file_path,
      format: file.file_format.toUpperCase(),
      partition: file.partition,
      recordCount: file.record_count,
      sizeBytes: file.file_size_in_bytes,
      columnSizes: file.column_sizes,
      valueCounts: file.value_counts,
      nullCounts: file.null_value_counts,
      nanCounts: file.nan_value_counts,
      lowerBounds: file.lower_bounds,
      upperBounds: file.upper_bounds,
    },
  }
}

/** What a manifest is about. */
export interface ManifestSubject {
  readonly schema: TableSchema
  readonly spec: PartitionSpec
  readonly partition: readonly PartitionFieldType[]
  readonly content: 'data' | 'deletes'
}

/** Writes a manifest; added entries leave their sequence numbers to be inherited, so that a commit can be repeated. */
export function writeManifest(subject: ManifestSubject, entries: readonly ManifestEntry[]): Promise<Buffer> {
  const records = entries.map(entry => ({
    status: STATUSES.indexOf(entry.status),
    snapshot_id: entry.snapshotId,
    sequence_number: entry.status === 'added' ? null : entry.sequenceNumber,
    file_sequence_number: entry.status === 'added' ? null : entry.fileSequenceNumber,
    data_file: toRecord(entry.file),
  }))
  return writeAvro(manifestEntrySchema(subject.partition), records, {
    schema: printJson(subject.schema),
    'schema-id': String(subject.schema['schema-id']),
    'partition-spec': printJson(subject.spec.fields),
    'partition-spec-id': String(subject.spec['spec-id']),
    'format-version': '2',
    content: subject.content,
  })
}

function toRecord(file: DataFile): object {
  return {
    content: file.content,
    file_path: file.filePath,
    file_format: file.format,
    partition: file.partition,
    record_count: file.recordCount,
    file_size_in_bytes: file.sizeBytes,
    column_sizes: pairs(file.columnSizes),
    value_counts: pairs(file.valueCounts),
    null_value_counts: pairs(file.nullCounts),
    nan_value_counts: pairs(file.nanCounts),
    lower_bounds: pairs(file.lowerBounds),
    upper_bounds: pairs(file.upperBounds),
    key_metadata: null,
    split_offsets: null,
    equality_ids: null,
    sort_order_id: file.content === 0 ? 0 : null,
  }
}

function pairs<Value>(map: ReadonlyMap<number, Value>): readonly object[] | null {
  return map.size === 0 ? null : [...map].map(([key, value]) => ({ key, value }))
}
