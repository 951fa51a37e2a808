import { z } from 'zod'

/** What an Iceberg table's metadata file says of it, as far as overwriting goes. */
export interface TableMetadata {
  /** Bytes of the files of the current snapshot; 0 without one, undefined when the writer did not count. */
  readonly bytes: number | undefined
  /** Partitioning and sorting, in the columns' names: equal for tables that are laid out alike. */
  readonly layout: string
  /** What is set of Athena's table properties, under Athena's names. */
  readonly properties: ReadonlyMap<string, string>
}

const fieldSchema = z.looseObject({ 'source-id': z.number(), transform: z.string() })

/** The part of a metadata file that tells how a table is partitioned. */
export const partitionedSchema = z.object({
  'current-schema-id': z.number(),
  schemas: z.array(
    z.object({ 'schema-id': z.number(), fields: z.array(z.object({ id: z.number(), name: z.string() })) }),
  ),
  'default-spec-id': z.number(),
  'partition-specs': z.array(z.object({ 'spec-id': z.number(), fields: z.array(fieldSchema) })),
})

const metadataSchema = partitionedSchema.extend({
  'default-sort-order-id': z.number(),
  'sort-orders': z.array(z.object({ 'order-id': z.number(), fields: z.array(fieldSchema) })),
  properties: z.record(z.string(), z.string()).default({}),
  'current-snapshot-id': z.number().nullish(),
  snapshots: z
    .array(z.object({ 'snapshot-id': z.number(), summary: z.record(z.string(), z.string()).default({}) }))
    .default([]),
})

/** What a metadata file says; undefined for one that is not JSON as Iceberg's second format has it. */
export function parseTableMetadata(text: string): TableMetadata | undefined {
  const metadata = parse(text)
  return (
    metadata && {
      bytes: currentBytes(metadata),
      layout: layoutOf(metadata),
      properties: athenaProperties(metadata.properties),
    }
  )
}

type Metadata = z.output<typeof metadataSchema>

function parse(text: string): Metadata | undefined {
  try {
    return metadataSchema.safeParse(JSON.parse(text)).data
  } catch {
    // Safe to pass over: such a table is overwritten by MERGE.
    return undefined
  }
}

/** Snapshot ids are longer than a number is exact; they are rounded alike in both places. */
function currentBytes(metadata: Metadata): number | undefined {
  const id = metadata['current-snapshot-id'] ?? -1
  if (id === -1) return 0
  const current = metadata.snapshots.find(snapshot => snapshot['snapshot-id'] === id)
  const bytes = Number(current?.summary['total-files-size'] ?? Number.NaN)
  return Number.isNaN(bytes) ? undefined : bytes
}

function layoutOf(metadata: Metadata): string {
  const schema = metadata.schemas.find(one => one['schema-id'] === metadata['current-schema-id'])
  const names = new Map(schema?.fields.map(({ id, name }) => [id, name]))
  const spec = metadata['partition-specs'].find(one => one['spec-id'] === metadata['default-spec-id'])
  const order = metadata['sort-orders'].find(one => one['order-id'] === metadata['default-sort-order-id'])
  const named = (fields: Metadata['sort-orders'][number]['fields'] = []) =>
    fields.map(field => [
      names.get(field['source-id']),
      field.transform,
      field.direction,
      field['null-order'],
    ])
  return JSON.stringify([named(spec?.fields), named(order?.fields)])
}

/** Iceberg's names of Athena's properties; those of OPTIMIZE and VACUUM are kept under Athena's own. */
const ATHENA_NAMES: Readonly<Record<string, string>> = {
  'write.parquet.compression-codec': 'write_compression',
  'write.parquet.compression-level': 'compression_level',
  'write.target-file-size-bytes': 'write_target_data_file_size_bytes',
}

function athenaProperties(properties: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(properties).flatMap(([name, value]) => {
      const own = ATHENA_NAMES[name] ?? (/^(optimize|vacuum)_[a-z_]+$/.test(name) ? name : undefined)
      const isTaken = own !== 'write_compression' || ['zstd', 'snappy', 'gzip'].includes(value)
      return own !== undefined && isTaken ? [[own, value] as const] : []
    }),
  )
}
