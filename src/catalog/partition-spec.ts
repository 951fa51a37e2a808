import { z } from 'zod'
import { type PartitionField, TRANSFORM_NAMES } from '../domain/partition-field.ts'
import { partitionedSchema } from './iceberg-metadata.ts'

/**
 * How a table is partitioned, by its columns' present names, from its Iceberg metadata file.
 *
 * @throws {Error} when the text is no such file.
 */
export function partitionsOfMetadata(text: string): readonly PartitionField[] {
  const metadata = partitionedSchema.parse(JSON.parse(text))
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
