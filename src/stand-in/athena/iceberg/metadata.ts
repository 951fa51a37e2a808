import { z } from 'zod'
import { namedError } from '../query-error.ts'
import { parseJson } from './json.ts'

const longSchema = z.union([z.number(), z.bigint()]).transform(value => BigInt(value))

/** A type in a schema: a primitive's name, or a struct, list or map. */
export type IcebergType = string | IcebergStruct | IcebergList | IcebergMap

/** A struct type. */
interface IcebergStruct {
  readonly type: 'struct'
  readonly fields: readonly IcebergField[]
}

/** A list type. */
interface IcebergList {
  readonly type: 'list'
  readonly 'element-id': number
  readonly 'element-required': boolean
  readonly element: IcebergType
}

/** A map type. */
interface IcebergMap {
  readonly type: 'map'
  readonly 'key-id': number
  readonly key: IcebergType
  readonly 'value-id': number
  readonly 'value-required': boolean
  readonly value: IcebergType
}

/** One field of a schema or struct; the id never changes, the name may. */
export interface IcebergField {
  readonly id: number
  readonly name: string
  readonly required: boolean
  readonly type: IcebergType
  readonly doc?: string | undefined
}

const typeSchema: z.ZodType<IcebergType> = z.lazy(() =>
  z.union([
    z.string(),
    z.looseObject({ type: z.literal('struct'), fields: z.array(fieldSchema) }),
    z.looseObject({
      type: z.literal('list'),
      'element-id': z.number(),
      'element-required': z.boolean(),
      element: typeSchema,
    }),
    z.looseObject({
      type: z.literal('map'),
      'key-id': z.number(),
      key: typeSchema,
      'value-id': z.number(),
      'value-required': z.boolean(),
      value: typeSchema,
    }),
  ]),
)

const fieldSchema: z.ZodType<IcebergField> = z.lazy(() =>
  z.looseObject({
    id: z.number(),
    name: z.string(),
    required: z.boolean(),
    type: typeSchema,
    doc: z.string().optional(),
  }),
)

const partitionFieldSchema = z.looseObject({
  'source-id': z.number(),
  'field-id': z.number(),
  name: z.string(),
  transform: z.string(),
})

const snapshotSchema = z.looseObject({
  'snapshot-id': longSchema,
  'parent-snapshot-id': longSchema.nullish(),
  'sequence-number': z.number(),
  'timestamp-ms': z.number(),
  'manifest-list': z.string(),
  summary: z.record(z.string(), z.string()).optional(),
  'schema-id': z.number().optional(),
})

const metadataSchema = z.looseObject({
  'format-version': z.literal(2),
  'table-uuid': z.string(),
  location: z.string(),
  'last-sequence-number': z.number(),
  'last-updated-ms': z.number(),
  'last-column-id': z.number(),
  schemas: z.array(
    z.looseObject({ type: z.literal('struct'), 'schema-id': z.number(), fields: z.array(fieldSchema) }),
  ),
  'current-schema-id': z.number(),
  'partition-specs': z.array(z.looseObject({ 'spec-id': z.number(), fields: z.array(partitionFieldSchema) })),
  'default-spec-id': z.number(),
  'last-partition-id': z.number(),
  properties: z.record(z.string(), z.string()).default({}),
  'current-snapshot-id': longSchema.nullish().transform(id => (id === null || id === -1n ? undefined : id)),
  refs: z.record(z.string(), z.looseObject({ 'snapshot-id': longSchema, type: z.string() })).optional(),
  snapshots: z.array(snapshotSchema).default([]),
  'snapshot-log': z
    .array(z.looseObject({ 'snapshot-id': longSchema, 'timestamp-ms': z.number() }))
    .default([]),
  'metadata-log': z
    .array(z.looseObject({ 'metadata-file': z.string(), 'timestamp-ms': z.number() }))
    .default([]),
  'sort-orders': z.array(z.looseObject({ 'order-id': z.number() })).default([]),
  'default-sort-order-id': z.number().default(0),
})

/** A table's metadata file, format version 2; members that the stand-in does not know are kept as they are. */
export type TableMetadata = z.infer<typeof metadataSchema>

/** One snapshot in the metadata. */
export type Snapshot = z.infer<typeof snapshotSchema>

/** One field of a partition spec. */
export type PartitionField = z.infer<typeof partitionFieldSchema>

/** A table's partition spec. */
export type PartitionSpec = TableMetadata['partition-specs'][number]

/** A table's schema. */
export type TableSchema = TableMetadata['schemas'][number]

/**
 * Reads a metadata file's text.
 *
 * @throws {QueryError} `ICEBERG_INVALID_METADATA` for another format version and for anything that is no metadata file.
 */
export function parseMetadata(text: string, where: string): TableMetadata {
  const parsed = metadataSchema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  const issue = z.prettifyError(parsed.error)
  throw namedError('ICEBERG_INVALID_METADATA', `Invalid metadata file ${where}: ${issue}`)
}

/** The schema that new data is written with. */
export function currentSchema(metadata: TableMetadata): TableSchema {
  const schema = metadata.schemas.find(one => one['schema-id'] === metadata['current-schema-id'])
  if (!schema) throw namedError('ICEBERG_INVALID_METADATA', 'The current schema is missing')
  return schema
}

/** The partition spec that new data is written with. */
export function currentSpec(metadata: TableMetadata): PartitionSpec {
  const spec = metadata['partition-specs'].find(one => one['spec-id'] === metadata['default-spec-id'])
  if (!spec) throw namedError('ICEBERG_INVALID_METADATA', 'The default partition spec is missing')
  return spec
}

/** The snapshot readers see; none in a table never written to. */
export function currentSnapshot(metadata: TableMetadata): Snapshot | undefined {
  const id = metadata['current-snapshot-id']
  return metadata.snapshots.find(snapshot => snapshot['snapshot-id'] === id)
}
