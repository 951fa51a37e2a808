import { Readable } from 'node:stream'
import { ConnectionReset, type FaultSwitches } from '../faults.ts'
import type { Answer, Call } from '../http/call.ts'
import type { Verified } from '../sigv4/verify.ts'
import {
  bucketSettingOf,
  createBucket,
  deleteBucket,
  getBucketLocation,
  getBucketSetting,
  headBucket,
  listBuckets,
} from './buckets.ts'
import { completeUpload } from './complete-upload.ts'
import { copyObject } from './copy-object.ts'
import { deleteObject, deleteObjects } from './delete-objects.ts'
import { s3Error } from './errors.ts'
import { getObject } from './get-object.ts'
import { listObjectsV1, listObjectsV2 } from './list-objects.ts'
import { createUpload, uploadPart, uploadPartCopy } from './multipart.ts'
import { putObject } from './put-object.ts'
import { addressOf, type S3Deps, type S3Request } from './request.ts'
import { abortUpload, listParts, listUploads } from './uploads.ts'

type Operation = (deps: S3Deps, request: S3Request) => Promise<Answer>

/** Every operation that is imitated, under the name that faults use. */
const OPERATIONS = {
  ListBuckets: listBuckets,
  CreateBucket: createBucket,
  HeadBucket: headBucket,
  DeleteBucket: deleteBucket,
  GetBucketLocation: getBucketLocation,
  GetBucketSetting: getBucketSetting,
  ListObjectsV2: listObjectsV2,
  ListObjects: listObjectsV1,
  ListMultipartUploads: listUploads,
  DeleteObjects: deleteObjects,
  PutObject: putObject,
  CopyObject: copyObject,
  GetObject: getObject,
  HeadObject: getObject,
  DeleteObject: deleteObject,
  CreateMultipartUpload: createUpload,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  CompleteMultipartUpload: completeUpload,
  AbortMultipartUpload: abortUpload,
  ListParts: listParts,
} as const satisfies Record<string, Operation>

type OperationName = keyof typeof OPERATIONS

/**
 * Answers one request to S3 whose signature is verified. The fault `s3.GetObject.truncate` breaks the connection after
 * half of the body.
 * @throws {AwsError}
 */
export async function answerS3(
  deps: S3Deps & { readonly faults: FaultSwitches },
  call: Call,
  verified: Verified,
  payloadHash: string,
): Promise<Answer> {
  const address = addressOf(call, name => deps.storage.buckets.has(name))
  const { caller, seed } = verified
  const request: S3Request = { call, caller, seed, payloadHash, ...address }
  const name = operationOf(call, address)
  const subject = `${address.bucket}/${address.key}`
  const answer = await deps.faults.run(
    { name: `s3.${name}`, subject, protocol: 's3', throttling: 'common' },
    () => OPERATIONS[name](deps, request),
  )
  const { body } = answer
  if (!(body instanceof Readable) || !deps.faults.take(`s3.${name}.truncate`, subject)) return answer
  return { ...answer, body: Readable.from(halfOf(body, Number(answer.headers['content-length']))) }
}

async function* halfOf(body: Readable, size: number): AsyncGenerator<Buffer> {
  let left = Math.floor(size / 2)
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk).subarray(0, left)
    left -= bytes.length
    yield bytes
    if (left === 0) throw new ConnectionReset()
  }
}

function operationOf(call: Call, address: { bucket: string; key: string }): OperationName {
  const name =
    address.bucket === ''
      ? serviceOperation(call)
      : address.key === ''
        ? bucketOperation(call)
        : objectOperation(call)
  if (!name) throw s3Error('MethodNotAllowed', { Method: call.method })
  return name
}

function serviceOperation(call: Call): OperationName | undefined {
  return call.method === 'GET' ? 'ListBuckets' : undefined
}

/** Sub-resources of objects and buckets that are not imitated: answering as if they were absent would mislead. */
const UNSUPPORTED = [
  'accelerate',
  'analytics',
  'attributes',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'metrics',
  'object-lock',
  'ownershipControls',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'torrent',
  'versions',
  'website',
]

function refuseUnsupported(call: Call): void {
  const found = UNSUPPORTED.find(name => call.query.has(name))
  if (found !== undefined) throw s3Error('NotImplemented', { Header: found })
}

function bucketOperation(call: Call): OperationName | undefined {
  refuseUnsupported(call)
  const { query, method } = call
  if (method === 'HEAD') return 'HeadBucket'
  if (method === 'POST') return query.has('delete') ? 'DeleteObjects' : undefined
  if (method === 'GET') {
    if (query.has('location')) return 'GetBucketLocation'
    if (query.has('uploads')) return 'ListMultipartUploads'
    if (bucketSettingOf(query) !== undefined) return 'GetBucketSetting'
    return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects'
  }
  if (bucketSettingOf(query) !== undefined) throw s3Error('NotImplemented')
  if (method === 'PUT') return 'CreateBucket'
  return method === 'DELETE' ? 'DeleteBucket' : undefined
}

function objectOperation(call: Call): OperationName | undefined {
  refuseUnsupported(call)
  const { query, method, headers } = call
  if (query.has('acl') || query.has('tagging')) throw s3Error('NotImplemented')
  const inUpload = query.has('uploadId')
  switch (method) {
    case 'HEAD':
      return 'HeadObject'
    case 'GET':
      return inUpload ? 'ListParts' : 'GetObject'
    case 'DELETE':
      return inUpload ? 'AbortMultipartUpload' : 'DeleteObject'
    case 'POST':
      return query.has('uploads') ? 'CreateMultipartUpload' : inUpload ? 'CompleteMultipartUpload' : undefined
    case 'PUT': {
      const copies = headers.has('x-amz-copy-source')
      if (inUpload) return copies ? 'UploadPartCopy' : 'UploadPart'
      return copies ? 'CopyObject' : 'PutObject'
    }
    default:
      return undefined
  }
}
