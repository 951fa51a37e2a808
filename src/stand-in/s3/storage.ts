import { join } from 'node:path'
import { z } from 'zod'
import { type KeyedLog, openKeyedLog } from '../storage/keyed-log.ts'
import { type BodyFiles, openBodyFiles } from './body-files.ts'
import { CHECKSUM_ALGORITHMS } from './checksums.ts'
import { createSortedKeys, type SortedKeys } from './sorted-keys.ts'

const bucketSchema = z.strictObject({
  name: z.string(),
  accountId: z.string(),
  region: z.string(),
  /** The customer-managed key that objects are encrypted with; absent: S3's own. */
  kmsKeyArn: z.string().optional(),
  createdMs: z.number(),
})

const checksumSchema = z.strictObject({
  algorithm: z.enum(CHECKSUM_ALGORITHMS),
  value: z.string(),
  type: z.enum(['FULL_OBJECT', 'COMPOSITE']),
})

/** What a client says of an object beside its bytes. */
const descriptionSchema = z.strictObject({
  contentType: z.string(),
  /** `cache-control` and the like, given back as they came. */
  headers: z.record(z.string(), z.string()),
  /** `x-amz-meta-*`, without the prefix. */
  metadata: z.record(z.string(), z.string()),
})

const objectSchema = z.strictObject({
  bucket: z.string(),
  key: z.string(),
  size: z.number(),
  /** Without quotes. */
  etag: z.string(),
  modifiedMs: z.number(),
  file: z.string(),
  description: descriptionSchema,
  checksum: checksumSchema.optional(),
  /** Sizes of the parts of a multipart upload, in order. */
  partSizes: z.array(z.number()).optional(),
})

const uploadSchema = z.strictObject({
  uploadId: z.string(),
  bucket: z.string(),
  key: z.string(),
  initiatedMs: z.number(),
  initiatorArn: z.string(),
  description: descriptionSchema,
  checksumAlgorithm: z.enum(CHECKSUM_ALGORITHMS),
  checksumType: z.enum(['FULL_OBJECT', 'COMPOSITE']),
  /** Whether the client chose the algorithm; if not, parts may carry another one. */
  checksumChosen: z.boolean(),
  /** ETag of the finished object: completing again answers the same. */
  completedEtag: z.string().optional(),
})

const partSchema = z.strictObject({
  partNumber: z.number(),
  size: z.number(),
  etag: z.string(),
  modifiedMs: z.number(),
  file: z.string(),
  /** Of the upload's algorithm, in base64. */
  checksumValue: z.string(),
})

export type Bucket = z.output<typeof bucketSchema>
export type ObjectRecord = z.output<typeof objectSchema>
export type ObjectDescription = z.output<typeof descriptionSchema>
export type ObjectChecksum = z.output<typeof checksumSchema>
export type UploadRecord = z.output<typeof uploadSchema>
export type PartRecord = z.output<typeof partSchema>

/** All that S3 keeps; records in memory and in logs, bodies in files. */
export interface S3Storage {
  readonly buckets: KeyedLog<Bucket>
  readonly uploads: KeyedLog<UploadRecord>
  /** Keyed by `<upload id>/<part number>`. */
  readonly parts: KeyedLog<PartRecord>
  readonly bodies: BodyFiles
  findObject(bucket: string, key: string): ObjectRecord | undefined
  keysOf(bucket: string): SortedKeys
  /** The commit point of every write: at once for readers; the body that it replaces goes away later. */
  putObject(record: ObjectRecord): Promise<void>
  removeObject(bucket: string, key: string): Promise<void>
  close(): Promise<void>
}

/** Opens what `folder` holds and removes bodies that nothing refers to. */
export async function openS3Storage(folder: string): Promise<S3Storage> {
  const buckets = await openKeyedLog(join(folder, 'buckets.jsonl'), bucketSchema)
  const objects = await openKeyedLog(join(folder, 'objects.jsonl'), objectSchema)
  const uploads = await openKeyedLog(join(folder, 'uploads.jsonl'), uploadSchema)
  const parts = await openKeyedLog(join(folder, 'parts.jsonl'), partSchema)
  const bodies = await openBodyFiles(join(folder, 'bodies'))
  await bodies.removeAllBut(new Set([...objects.values(), ...parts.values()].map(record => record.file)))
  const index = createKeyIndex(objects.values())
  const discard = (bucket: string, key: string): void => {
    const replaced = objects.get(`${bucket}/${key}`)
    if (replaced) bodies.discard(replaced.file)
  }
  return {
    buckets,
    uploads,
    parts,
    bodies,
    findObject: (bucket, key) => objects.get(`${bucket}/${key}`),
    keysOf: index,
    putObject(record) {
      discard(record.bucket, record.key)
      index(record.bucket).add(record.key)
      return objects.set(`${record.bucket}/${record.key}`, record)
    },
    removeObject(bucket, key) {
      discard(bucket, key)
      index(bucket).remove(key)
      return objects.delete(`${bucket}/${key}`)
    },
    async close() {
      bodies.close()
      for (const log of [buckets, objects, uploads, parts]) await log.close()
    },
  }
}

function createKeyIndex(objects: Iterable<ObjectRecord>): (bucket: string) => SortedKeys {
  const index = new Map<string, SortedKeys>()
  const keysOf = (bucket: string): SortedKeys => {
    const keys = index.get(bucket) ?? createSortedKeys()
    index.set(bucket, keys)
    return keys
  }
  for (const object of objects) keysOf(object.bucket).add(object.key)
  return keysOf
}
