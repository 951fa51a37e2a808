import { Readable } from 'node:stream'
import { conditionKeys } from '../iam/conditions.ts'
import type { Caller, ObjectStore, StoredObject } from '../services.ts'
import { startChecksum } from './checksums.ts'
import { authorizeS3, missingKey, requireBucketAnywhere, type S3Deps } from './request.ts'
import type { ObjectRecord, S3Storage } from './storage.ts'

/** S3 for the other services of the stand-in, under the same rules as over HTTP. */
export function createObjectStore(deps: S3Deps): ObjectStore {
  const { storage } = deps
  return {
    async list(caller, bucketName, prefix) {
      const bucket = requireBucketAnywhere(deps, bucketName)
      authorizeS3(deps, caller, 's3:ListBucket', { bucket, keys: conditionKeys({ 's3:prefix': prefix }) })
      return listAll(storage, bucketName, prefix)
    },
    async get(caller, bucketName, key) {
      const bucket = requireBucketAnywhere(deps, bucketName)
      authorizeS3(deps, caller, 's3:GetObject', { bucket, key })
      const record = storage.findObject(bucketName, key)
      if (!record) throw missingKey(deps, caller, bucket, key)
      return toStored(storage, record)
    },
    put: (caller, bucketName, key, body) => put(deps, caller, { bucketName, key, body }),
    async delete(caller, bucketName, key) {
      const bucket = requireBucketAnywhere(deps, bucketName)
      authorizeS3(deps, caller, 's3:DeleteObject', { bucket, key })
      await storage.removeObject(bucketName, key)
    },
    async bucketRegion(caller, bucketName) {
      const bucket = requireBucketAnywhere(deps, bucketName)
      authorizeS3(deps, caller, 's3:GetBucketLocation', { bucket })
      return bucket.region
    },
  }
}

async function put(
  deps: S3Deps,
  caller: Caller,
  object: { bucketName: string; key: string; body: Buffer | Readable },
): Promise<StoredObject> {
  const { bucketName, key } = object
  const bucket = requireBucketAnywhere(deps, bucketName)
  authorizeS3(deps, caller, 's3:PutObject', { bucket, key })
  const checksum = startChecksum('CRC32')
  const source = object.body instanceof Readable ? object.body : Readable.from([object.body])
  const body = await deps.storage.bodies.write(source, [checksum])
  const record: ObjectRecord = {
    bucket: bucketName,
    key,
    size: body.size,
    etag: body.md5Hex,
    modifiedMs: Date.now(),
    file: body.file,
    description: { contentType: 'application/octet-stream', headers: {}, metadata: {} },
    checksum: { algorithm: 'CRC32', value: checksum.digest(), type: 'FULL_OBJECT' },
  }
  await deps.storage.putObject(record)
  return toStored(deps.storage, record)
}

function listAll(storage: S3Storage, bucket: string, prefix: string): readonly StoredObject[] {
  const found: StoredObject[] = []
  for (const key of storage.keysOf(bucket).from(prefix, 'inclusive')) {
    if (!key.startsWith(prefix)) break
    const record = storage.findObject(bucket, key)
    if (record) found.push(toStored(storage, record))
  }
  return found
}

function toStored(storage: S3Storage, record: ObjectRecord): StoredObject {
  return {
    key: record.key,
    size: record.size,
    etag: record.etag,
    lastModified: new Date(record.modifiedMs),
    path: storage.bodies.path(record.file),
  }
}
