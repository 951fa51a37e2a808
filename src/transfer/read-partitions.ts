import { z } from 'zod'
import type { TargetTable } from '../catalog/read-target.ts'
import { parseS3Uri } from '../domain/locations.ts'
import type { Model } from '../domain/model.ts'
import { type PartitionField, TRANSFORM_NAMES } from '../domain/partition-field.ts'
import type { TableRecord } from '../domain/table-record.ts'
import { partitionsOfModel } from '../load/table-partitions.ts'
import type { ReadingS3 } from '../staging/s3-port.ts'

/**
 * How the target is partitioned, by its own columns' names: as was written down of it, or as its Iceberg metadata say, or
 * as the model says, for a table that is made now or whose metadata cannot be read. A wrong guess costs more statements,
 * no rows.
 */
export async function readPartitions(
  s3: Pick<ReadingS3, 'getObject'>,
  model: Model,
  known: { readonly target: TargetTable | undefined; readonly record: TableRecord | undefined },
): Promise<readonly PartitionField[]> {
  const { target, record } = known
  if (!target) return partitionsOfModel(model)
  return record?.partitionedBy ?? (await partitionsOfTable(s3, target)) ?? partitionsOfModel(model)
}

const metadataSchema = z.object({
  'current-schema-id': z.number(),
  schemas: z.array(
    z.object({
      'schema-id': z.number(),
      fields: z.array(z.object({ id: z.number(), name: z.string() })),
    }),
  ),
  'default-spec-id': z.number(),
  'partition-specs': z.array(
    z.object({
      'spec-id': z.number(),
      fields: z.array(z.object({ 'source-id': z.number(), transform: z.string() })),
    }),
  ),
})

async function partitionsOfTable(
  s3: Pick<ReadingS3, 'getObject'>,
  { metadataLocation }: TargetTable,
): Promise<readonly PartitionField[] | undefined> {
  const place = metadataLocation === undefined ? undefined : parseS3Uri(metadataLocation)
  if (!place) return undefined
  try {
    const { Body } = await s3.getObject({ Bucket: place.bucket, Key: place.key })
    return fieldsOf(metadataSchema.parse(JSON.parse((await Body?.transformToString()) ?? '')))
  } catch {
    // Safe to pass over: it decides how rows are divided, and an own failure of S3 or of the table shows with the load.
    return undefined
  }
}

function fieldsOf(metadata: z.output<typeof metadataSchema>): readonly PartitionField[] {
  const schema = metadata.schemas.find(one => one['schema-id'] === metadata['current-schema-id'])
  const spec = metadata['partition-specs'].find(one => one['spec-id'] === metadata['default-spec-id'])
  return (spec?.fields ?? []).flatMap(field => {
    const column = schema?.fields.find(({ id }) => id === field['source-id'])?.name
    const transform = transformSchema.safeParse(field.transform).data
    return column === undefined || !transform ? [] : [{ ...transform, column }]
  })
}

/** `day`, `bucket[16]`, …; a transform that is none of ours, as `void`, divides nothing that we write. */
const transformSchema = z
  .string()
  .transform((text): unknown => /^(?<transform>[a-z]+)(?:\[(?<size>\d+)\])?$/.exec(text)?.groups)
  .pipe(z.object({ transform: z.enum(TRANSFORM_NAMES), size: z.coerce.number().optional() }))
