import type { Answer } from '../http/call.ts'
import { element, leaf } from '../http/xml.ts'
import { emptyAnswer, xmlAnswer, xmlTime } from './answers.ts'
import { s3Error } from './errors.ts'
import { authorizeS3, requireBucket, type S3Deps, type S3Request } from './request.ts'
import type { Bucket, PartRecord, UploadRecord } from './storage.ts'

/** The open upload that a request names. @throws {AwsError} `NoSuchUpload`. */
export function requireUpload(deps: S3Deps, request: S3Request, bucket: Bucket): UploadRecord {
  const upload = findUpload(deps, request, bucket)
  if (!upload || upload.completedEtag !== undefined) throw noSuchUpload(request)
  return upload
}

/** The upload that a request names, also when it is finished. */
export function findUpload(deps: S3Deps, request: S3Request, bucket: Bucket): UploadRecord | undefined {
  const upload = deps.storage.uploads.get(request.call.query.get('uploadId') ?? '')
  return upload?.bucket === bucket.name && upload.key === request.key ? upload : undefined
}

/** The error for an upload id that is not (or no longer) there. */
export function noSuchUpload(request: S3Request): Error {
  return s3Error('NoSuchUpload', { UploadId: request.call.query.get('uploadId') ?? '' })
}

/** The parts of an upload, by number. */
export function partsOf(deps: S3Deps, upload: UploadRecord): readonly PartRecord[] {
  const prefix = `${upload.uploadId}/`
  return [...deps.storage.parts.entries()]
    .filter(([key]) => key.startsWith(prefix))
    .map(([, part]) => part)
    .sort((left, right) => left.partNumber - right.partNumber)
}

/** Forgets the parts of an upload and, later, their bodies. */
export async function dropParts(deps: S3Deps, upload: UploadRecord): Promise<void> {
  const parts = partsOf(deps, upload)
  await Promise.all(parts.map(part => deps.storage.parts.delete(`${upload.uploadId}/${part.partNumber}`)))
  for (const part of parts) deps.storage.bodies.discard(part.file)
}

/** AbortMultipartUpload: its parts are gone. */
export async function abortUpload(deps: S3Deps, request: S3Request): Promise<Answer> {
  const bucket = requireBucket(deps, request)
  authorizeS3(deps, request.caller, 's3:AbortMultipartUpload', { bucket, key: request.key })
  const upload = requireUpload(deps, request, bucket)
  await deps.storage.uploads.delete(upload.uploadId)
  await dropParts(deps, upload)
  return emptyAnswer(request.call, 204)
}

/** ListParts, paged by part number. */
export async function listParts(deps: S3Deps, request: S3Request): Promise<Answer> {
  const { call } = request
  const bucket = requireBucket(deps, request)
  authorizeS3(deps, request.caller, 's3:ListMultipartUploadParts', { bucket, key: request.key })
  const upload = requireUpload(deps, request, bucket)
  const marker = Number(call.query.get('part-number-marker') ?? 0)
  const maxParts = Math.min(Number(call.query.get('max-parts') ?? 1000), 1000)
  const following = partsOf(deps, upload).filter(part => part.partNumber > marker)
  const page = following.slice(0, maxParts)
  return xmlAnswer(call, 'ListPartsResult', [
    leaf('Bucket', bucket.name),
    leaf('Key', upload.key),
    leaf('UploadId', upload.uploadId),
    initiator(upload.initiatorArn),
    leaf('StorageClass', 'STANDARD'),
    leaf('PartNumberMarker', marker),
    leaf('NextPartNumberMarker', page.at(-1)?.partNumber ?? 0),
    leaf('MaxParts', maxParts),
    leaf('IsTruncated', following.length > page.length),
    ...page.map(part => partXml(part, upload)),
  ])
}

function partXml(part: PartRecord, upload: UploadRecord): string {
  return element('Part', [
    leaf('PartNumber', part.partNumber),
    leaf('LastModified', xmlTime(part.modifiedMs)),
    leaf('ETag', `"${part.etag}"`),
    leaf('Size', part.size),
    ...(upload.checksumChosen ? [leaf(`Checksum${upload.checksumAlgorithm}`, part.checksumValue)] : []),
  ])
}

/** ListMultipartUploads: those that are open under a prefix, by key. */
export async function listUploads(deps: S3Deps, request: S3Request): Promise<Answer> {
  const { call } = request
  const bucket = requireBucket(deps, request)
  authorizeS3(deps, request.caller, 's3:ListBucketMultipartUploads', { bucket })
  const prefix = call.query.get('prefix') ?? ''
  const marker = call.query.get('key-marker') ?? ''
  const maxUploads = Math.min(Number(call.query.get('max-uploads') ?? 1000), 1000)
  const open = [...deps.storage.uploads.values()]
    .filter(upload => upload.bucket === bucket.name && upload.completedEtag === undefined)
    .filter(upload => upload.key.startsWith(prefix) && (marker === '' || upload.key > marker))
    .sort((left, right) =>
      left.key < right.key ? -1 : left.key > right.key ? 1 : left.initiatedMs - right.initiatedMs,
    )
  const page = open.slice(0, maxUploads)
  return xmlAnswer(call, 'ListMultipartUploadsResult', [
    leaf('Bucket', bucket.name),
    leaf('KeyMarker', marker),
    leaf('Prefix', prefix),
    leaf('NextKeyMarker', page.at(-1)?.key ?? ''),
    leaf('MaxUploads', maxUploads),
    leaf('IsTruncated', open.length > page.length),
    ...page.map(upload =>
      element('Upload', [
        leaf('Key', upload.key),
        leaf('UploadId', upload.uploadId),
        initiator(upload.initiatorArn),
        leaf('StorageClass', 'STANDARD'),
        leaf('Initiated', xmlTime(upload.initiatedMs)),
      ]),
    ),
  ])
}

function initiator(arn: string): string {
  return element('Initiator', [leaf('ID', arn), leaf('DisplayName', arn)])
}
