import { partitionsOfMetadata } from '../catalog/partition-spec.ts'
import type { TargetTable } from '../catalog/read-target.ts'
import { parseS3Uri } from '../domain/locations.ts'
import type { Model } from '../domain/model.ts'
import type { PartitionField } from '../domain/partition-field.ts'
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

async function partitionsOfTable(
  s3: Pick<ReadingS3, 'getObject'>,
  { metadataLocation }: TargetTable,
): Promise<readonly PartitionField[] | undefined> {
  const place = metadataLocation === undefined ? undefined : parseS3Uri(metadataLocation)
  if (!place) return undefined
  try {
    const { Body } = await s3.getObject({ Bucket: place.bucket, Key: place.key })
    return partitionsOfMetadata((await Body?.transformToString()) ?? '')
  } catch {
    // Safe to pass over: it decides how rows are divided, and an own failure of S3 or of the table shows with the load.
    return undefined
  }
}
