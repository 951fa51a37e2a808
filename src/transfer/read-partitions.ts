import { partitionsOfMetadata } from '../catalog/partition-spec.ts'
import type { TargetTable } from '../catalog/read-target.ts'
import type { Model } from '../domain/model.ts'
import type { PartitionField } from '../domain/partition-field.ts'
import type { TableRecord } from '../domain/table-record.ts'
import { partitionsOfModel } from '../load/table-partitions.ts'
import type { ReadingS3 } from '../staging/s3-port.ts'
import { readMetadataFile } from './read-table-metadata.ts'

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
  { entry }: TargetTable,
): Promise<readonly PartitionField[] | undefined> {
  try {
    const text = await readMetadataFile(s3, entry)
    return text === undefined ? undefined : partitionsOfMetadata(text)
  } catch {
    // Safe to pass over: it decides how rows are divided, and an own failure of S3 or of the table shows with the load.
    return undefined
  }
}
