import { type Answer, decodePercent } from '../http/call.ts'
import { leaf } from '../http/xml.ts'
import { storedHeaders, xmlAnswer, xmlTime } from './answers.ts'
import { startChecksum } from './checksums.ts'
import { invalidArgument, invalidRequest } from './errors.ts'
import { parseRange } from './get-object.ts'
import { checkRead } from './preconditions.ts'
import { authorizeWrite, commitObject, describe } from './put-object.ts'
import {
  authorizeS3,
  missingKey,
  requireBucket,
  requireBucketAnywhere,
  type S3Deps,
  type S3Request,
} from './request.ts'
import type { ObjectRecord } from './storage.ts'

/** CopyObject: `s3:GetObject` on the source and `s3:PutObject` on the destination. */
export async function copyObject(deps: S3Deps, request: S3Request): Promise<Answer> {
  const { call, key } = request
  const bucket = requireBucket(deps, request)
  authorizeWrite(deps, request, bucket)
  const source = readableSource(deps, request)
  const replaces = call.headers.get('x-amz-metadata-directive')?.toUpperCase() === 'REPLACE'
  if (!replaces && source.bucket === bucket.name && source.key === key)
    throw invalidRequest(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    )
  const algorithm = source.checksum?.type === 'FULL_OBJECT' ? source.checksum.algorithm : 'CRC64NVME'
  const checksum = startChecksum(algorithm)
  const bytes = deps.storage.bodies.read(source.file, { start: 0, end: Math.max(source.size - 1, 0) })
  const body = await deps.storage.bodies.write(bytes, [checksum])
  const record: ObjectRecord = {
    bucket: bucket.name,
    key,
    size: body.size,
    etag: body.md5Hex,
    modifiedMs: Date.now(),
    file: body.file,
    description: replaces ? describe(call) : source.description,
    checksum: { algorithm, value: checksum.digest(), type: 'FULL_OBJECT' },
  }
  await commitObject(deps, call, record)
  const { etag: _, ...headers } = storedHeaders(record)
  const answer = xmlAnswer(call, 'CopyObjectResult', [
    leaf('LastModified', xmlTime(record.modifiedMs)),
    leaf('ETag', `"${record.etag}"`),
    leaf(`Checksum${algorithm}`, record.checksum?.value ?? ''),
    leaf('ChecksumType', 'FULL_OBJECT'),
  ])
  return { ...answer, headers: { ...answer.headers, ...headers } }
}

/** The object that `x-amz-copy-source` names, once the caller may read it and its conditions hold. */
export function readableSource(deps: S3Deps, request: S3Request): ObjectRecord {
  const { call, caller } = request
  const header = call.headers.get('x-amz-copy-source') ?? ''
  const path = decodePercent(header.replace(/\?versionId=.*$/, '')).replace(/^\//, '')
  const slash = path.indexOf('/')
  if (slash <= 0 || slash === path.length - 1)
    throw invalidArgument(
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      'x-amz-copy-source',
      header,
    )
  const [bucketName, key] = [path.slice(0, slash), path.slice(slash + 1)]
  const bucket = requireBucketAnywhere(deps, bucketName)
  authorizeS3(deps, caller, 's3:GetObject', { bucket, key })
  const source = deps.storage.findObject(bucketName, key)
  if (!source) throw missingKey(deps, caller, bucket, key)
  checkRead(call, source, 'x-amz-copy-source-')
  return source
}

/** The bytes of the source that UploadPartCopy asks for, both bounds inclusive. */
export function sourceRange(request: S3Request, source: ObjectRecord): { start: number; end: number } {
  const header = request.call.headers.get('x-amz-copy-source-range')
  return parseRange(header, source.size) ?? { start: 0, end: Math.max(source.size - 1, 0) }
}

/** UploadPartCopy's answer. */
export function copyPartResult(etag: string, modifiedMs: number): readonly string[] {
  return [leaf('LastModified', xmlTime(modifiedMs)), leaf('ETag', `"${etag}"`)]
}
