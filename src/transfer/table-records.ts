import type { Destination } from '../domain/destination.ts'
import { TransferError } from '../domain/errors.ts'
import { tableRecordKey } from '../domain/locations.ts'
import type { Model } from '../domain/model.ts'
import { type TableRecord, tableRecordSchema } from '../domain/table-record.ts'
import type { ReadingS3 } from '../staging/s3-port.ts'
import { canonicalJson } from './manifest-signature.ts'
import type { DestinationClients } from './ports.ts'

type Reading = Pick<ReadingS3, 'getObject'>

/**
 * What was loaded into the model's table; undefined when there is no table or nothing is known of it, which costs a
 * full read. A record of a table that was made anew since counts as none.
 */
export async function readTableRecord(
  s3: Reading,
  destination: Destination,
  model: Pick<Model, 'tableName'>,
  target: { readonly location: string } | undefined,
): Promise<TableRecord | undefined> {
  if (!target) return undefined
  const { record } = await readFile(s3, destination.bucket, tableRecordKey(destination, model.tableName))
  return record?.location === target.location ? record : undefined
}

/** The file of a table's record as it lies there; `etag` is undefined when there is none. */
interface RecordFile {
  readonly etag: string | undefined
  /** Undefined also for a file that somebody else rewrote. */
  readonly record: TableRecord | undefined
}

/** How often an object is asked for that does not arrive whole; the SDK repeats calls, but not the reading of bodies. */
const MAX_READS = 3

async function readFile(s3: Reading, bucket: string, key: string): Promise<RecordFile> {
  for (let reads = 1; ; reads++) {
    const found = await openObject(s3, bucket, key)
    try {
      const text = await found?.Body?.transformToString()
      return { etag: found?.ETag, record: text === undefined ? undefined : parseRecord(text) }
    } catch (cause) {
      if (reads < MAX_READS) continue
      throw new TransferError('AWS_UNAVAILABLE', `s3://${bucket}/${key} did not arrive whole`, { cause })
    }
  }
}

async function openObject(s3: Reading, bucket: string, key: string) {
  try {
    return await s3.getObject({ Bucket: bucket, Key: key })
  } catch (thrown) {
    if (isNamed(thrown, 'NoSuchKey')) return undefined
    throw thrown
  }
}

function parseRecord(text: string): TableRecord | undefined {
  try {
    return tableRecordSchema.safeParse(JSON.parse(text)).data
  } catch {
    // Safe to pass over: without a record the next load reads all rows and writes a new one.
    return undefined
  }
}

interface RecordChange {
  readonly record: TableRecord
  /** What the load found; undefined: nothing, or the record of another table of that name. */
  readonly before: TableRecord | undefined
  /** What the load itself wrote meanwhile. */
  readonly held?: TableRecord | undefined
}

/** How often a record is written over one that changes meanwhile: more than its load's attempts can be at it at once. */
const MAX_WRITES = 5

/**
 * Writes down what a load filled. Called after the load only, so the record is never ahead of the data; and only in the place of
 * what the load began with, so that an attempt that slept does not put it in the place of a later load's.
 */
export async function writeTableRecord(
  s3: DestinationClients['s3'],
  destination: Destination,
  table: string,
  change: RecordChange,
): Promise<void> {
  const { record, before, held } = change
  if (!held && isSame(record, before)) return
  const { bucket } = destination
  const key = tableRecordKey(destination, table)
  for (let writes = 1; ; writes++) {
    const { etag, record: found } = await readFile(s3, bucket, key)
    if (found && (isSame(found, record) || !mayReplace(found, change))) return
    try {
      await s3.putObject({
        Bucket: bucket,
        Key: key,
        Body: Buffer.from(JSON.stringify(record)),
        ContentType: 'application/json',
        ...(etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }),
      })
      return
    } catch (thrown) {
      if (!hasChanged(thrown)) throw thrown
      if (writes === MAX_WRITES)
        throw new TransferError('COMMIT_CONFLICT', `s3://${bucket}/${key} changes again and again`, {
          cause: thrown,
        })
    }
  }
}

/** False for the record of a later load. */
function mayReplace(found: TableRecord, { record, before, held }: RecordChange): boolean {
  if (before === undefined && found.location !== record.location) return true
  return isSame(found, before) || isSame(found, held)
}

function isSame(one: TableRecord, other: TableRecord | undefined): boolean {
  return other !== undefined && canonicalJson(one) === canonicalJson(other)
}

/** How S3 refuses a conditional write; also one that it took before and is asked for again by the SDK, as the answer was lost. */
function hasChanged(thrown: unknown): boolean {
  return (
    isNamed(thrown, 'PreconditionFailed') ||
    isNamed(thrown, 'ConditionalRequestConflict') ||
    isNamed(thrown, 'NoSuchKey')
  )
}

function isNamed(thrown: unknown, name: string): boolean {
  return thrown instanceof Error && thrown.name === name
}
