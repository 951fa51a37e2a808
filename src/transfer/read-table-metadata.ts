import type { GlueTable } from '../catalog/glue-port.ts'
import { parseTableMetadata, type TableMetadata } from '../catalog/iceberg-metadata.ts'
import { parseS3Uri } from '../domain/locations.ts'
import type { ReadingS3 } from '../staging/s3-port.ts'

/** What the metadata file of an Iceberg table's entry says of it; undefined when it cannot be told. Memory: the file. */
export async function readTableMetadata(
  s3: Pick<ReadingS3, 'getObject'>,
  entry: Pick<GlueTable, 'Parameters'>,
): Promise<TableMetadata | undefined> {
  const text = await readMetadataFile(s3, entry)
  return text === undefined ? undefined : parseTableMetadata(text)
}

/** The text of the metadata file that an entry names; undefined when it names none. */
export async function readMetadataFile(
  s3: Pick<ReadingS3, 'getObject'>,
  { Parameters }: Pick<GlueTable, 'Parameters'>,
): Promise<string | undefined> {
  const place = parseS3Uri(Parameters?.metadata_location ?? '')
  if (!place) return undefined
  const { Body } = await s3.getObject({ Bucket: place.bucket, Key: place.key })
  return (await Body?.transformToString()) ?? ''
}
