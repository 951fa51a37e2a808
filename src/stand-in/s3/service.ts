import { type FaultSite, runWithFaults } from '../faults/run-with-faults.ts'
import { spoilAnswer, spoilUpload } from '../faults/spoil-body.ts'
import { subjectOf } from '../faults/subject.ts'
import type { Answer, Call } from '../http/call.ts'
import type { Faults } from '../services.ts'
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
 * Answers one request to S3 whose signature is verified, under the faults that are switched on.
 * @throws {AwsError}
 */
export async function answerS3(
  deps: S3Deps & { readonly faults: Faults },
  call: Call,
  verified: Verified,
  { payloadHash, ...identity }: Pick<FaultSite, 'expire' | 'revoke'> & { readonly payloadHash: string },
): Promise<Answer> {
  const address = addressOf(call, name => deps.storage.buckets.has(name))
  const { caller, seed } = verified
  const name = operationOf(call, address)
  const subject = subjectOf(caller, `${address.bucket}/${address.key}`)
  const site = { name: `s3.${name}`, subject, protocol: 's3', ...identity } as const
  const answer = await runWithFaults(deps.faults, site, () => {
    const arrived = spoilUpload(deps.faults, site, call)
    const request: S3Request = { call: arrived, caller, seed, payloadHash, ...address }
    return OPERATIONS[name](deps, request)
  })
  return spoilAnswer(deps.faults, site, answer)
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
