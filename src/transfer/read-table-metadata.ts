import type { GlueTable } from '../catalog/glue-port.ts'
import { parseTableMetadata, type TableMetadata } from '../catalog/iceberg-metadata.ts'
import type { ReadingS3 } from '../staging/s3-port.ts'

/** What the metadata file of an Iceberg table's entry says of it; undefined when it cannot be told. Memory: the file. */
export async function readTableMetadata(
  s3: Pick<ReadingS3, 'getObject'>,
  entry: Pick<GlueTable, 'Parameters'>,
): Promise<TableMetadata | undefined> {
  const location = entry.Parameters?.metadata_location ?? ''
  const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(location) ?? []
  if (Bucket === undefined || Key === undefined) return undefined
  const { Body } = await s3.getObject({ Bucket, Key })
  return parseTableMetadata((await Body?.transformToString()) ?? '')
}
