import type { Destination } from '../domain/destination.ts'
import { tableRecordKey } from '../domain/locations.ts'
import type { Model } from '../domain/model.ts'
import { type TableRecord, tableRecordSchema } from '../domain/table-record.ts'
import type { ReadingS3 } from '../staging/s3-port.ts'
import type { DestinationClients } from './ports.ts'

/**
 * What was loaded into the model's table; undefined when there is no table or nothing is known of it, which costs a
 * full read. A record of a table that was made anew since counts as none.
 */
export async function readTableRecord(
  s3: Pick<ReadingS3, 'getObject'>,
  destination: Destination,
  model: Pick<Model, 'tableName'>,
  target: { readonly location: string } | undefined,
): Promise<TableRecord | undefined> {
  if (!target) return undefined
  const text = await readText(s3, destination.bucket, tableRecordKey(destination, model.tableName))
  const record = text === undefined ? undefined : parseRecord(text)
  return record?.location === target.location ? record : undefined
}

async function readText(
  s3: Pick<ReadingS3, 'getObject'>,
  bucket: string,
  key: string,
): Promise<string | undefined> {
  try {
    const { Body } = await s3.getObject({ Bucket: bucket, Key: key })
    return await Body?.transformToString()
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'NoSuchKey') return undefined
    throw thrown
  }
}

/** A file that somebody else rewrote counts as none. */
function parseRecord(text: string): TableRecord | undefined {
  try {
    return tableRecordSchema.safeParse(JSON.parse(text)).data
  } catch {
    // Safe to pass over: without a record the next load reads all rows and writes a new one.
    return undefined
  }
}

/** Writes down what a load filled. Called after the load only, so the record is never ahead of the data. */
export async function writeTableRecord(
  s3: DestinationClients['s3'],
  destination: Destination,
  table: string,
  record: TableRecord,
): Promise<void> {
  await s3.putObject({
    Bucket: destination.bucket,
    Key: tableRecordKey(destination, table),
    Body: Buffer.from(JSON.stringify(record)),
    ContentType: 'application/json',
  })
}
