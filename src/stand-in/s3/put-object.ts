import type { Answer, Call } from '../http/call.ts'
import { emptyAnswer, storedHeaders } from './answers.ts'
import { checkWrite } from './preconditions.ts'
import { receiveBody } from './receive-body.ts'
import { authorizeS3, requireBucket, type S3Deps, type S3Request } from './request.ts'
import type { Bucket, ObjectDescription, ObjectRecord } from './storage.ts'

/** PutObject: the body goes to disk first, then one record makes it visible. */
export async function putObject(deps: S3Deps, request: S3Request): Promise<Answer> {
  const bucket = requireBucket(deps, request)
  authorizeWrite(deps, request, bucket)
  const { call, key } = request
  checkWrite(call, deps.storage.findObject(bucket.name, key))
  const body = await receiveBody(deps.storage.bodies, call, { ...request, checksumHeaders: 'of-body' })
  const record: ObjectRecord = {
    bucket: bucket.name,
    key,
    size: body.size,
    etag: body.md5Hex,
    modifiedMs: Date.now(),
    file: body.file,
    description: describe(call),
    checksum: { ...body.checksum, type: 'FULL_OBJECT' },
  }
  await commitObject(deps, call, record)
  return emptyAnswer(call, 200, storedHeaders(record))
}

/** Checks the preconditions of a write and makes it visible, in one step. */
export async function commitObject(deps: S3Deps, call: Call, record: ObjectRecord): Promise<void> {
  try {
    checkWrite(call, deps.storage.findObject(record.bucket, record.key))
  } catch (error) {
    deps.storage.bodies.discard(record.file)
    throw error
  }
  await deps.storage.putObject(record)
}

/** `s3:PutObject`, and what ACL and tag headers need beyond it. */
export function authorizeWrite(deps: S3Deps, request: S3Request, bucket: Bucket): void {
  const { call, caller, key } = request
  authorizeS3(deps, caller, 's3:PutObject', { bucket, key })
  if ([...call.headers.keys()].some(name => name === 'x-amz-acl' || name.startsWith('x-amz-grant-')))
    authorizeS3(deps, caller, 's3:PutObjectAcl', { bucket, key })
  if (call.headers.has('x-amz-tagging')) authorizeS3(deps, caller, 's3:PutObjectTagging', { bucket, key })
}

const KEPT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
]

const META_PREFIX = 'x-amz-meta-'

/** Content type, kept headers and user metadata of a write; `aws-chunked` is transport and not kept. */
export function describe(call: Call): ObjectDescription {
  const headers: Record<string, string> = {}
  for (const name of KEPT_HEADERS) {
    const value = name === 'content-encoding' ? contentEncoding(call) : call.headers.get(name)
    if (value !== undefined && value !== '') headers[name] = value
  }
  const metadata: Record<string, string> = {}
  for (const [name, value] of call.headers) {
    if (name.startsWith(META_PREFIX)) metadata[name.slice(META_PREFIX.length)] = value
  }
  return { contentType: call.headers.get('content-type') ?? 'binary/octet-stream', headers, metadata }
}

function contentEncoding(call: Call): string | undefined {
  return call.headers
    .get('content-encoding')
    ?.split(',')
    .map(part => part.trim())
    .filter(part => part !== 'aws-chunked')
    .join(',')
}
