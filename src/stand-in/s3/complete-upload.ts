import { createHash } from 'node:crypto'
import type { Answer } from '../http/call.ts'
import { childrenNamed, childText, leaf, type XmlElement } from '../http/xml.ts'
import { AwsError } from '../services.ts'
import { xmlAnswer } from './answers.ts'
import type { BodyFiles } from './body-files.ts'
import { checksumHeader, compositeChecksum, fullObjectChecksum } from './checksums.ts'
import { invalidRequest, s3Error } from './errors.ts'
import { checkWrite } from './preconditions.ts'
import { commitObject } from './put-object.ts'
import { readXml } from './read-xml.ts'
import { authorizeS3, requireBucket, type S3Deps, type S3Request } from './request.ts'
import type { ObjectChecksum, ObjectRecord, PartRecord, UploadRecord } from './storage.ts'
import { dropParts, findUpload, noSuchUpload, partsOf } from './uploads.ts'

/** Smallest part but the last, in bytes: 5 MiB. */
const MIN_PART_BYTES = 5 * 1024 ** 2

/**
 * CompleteMultipartUpload: checks the list of parts, joins them into one body, makes it visible. Asked again for a
 * finished upload it answers as before and does nothing, so that a lost answer can be asked for again.
 * @throws {AwsError} `InvalidPart`, `InvalidPartOrder`, `EntityTooSmall`, `NoSuchUpload`, `BadDigest`.
 */
export async function completeUpload(deps: S3Deps, request: S3Request): Promise<Answer> {
  const { call, key } = request
  const bucket = requireBucket(deps, request)
  authorizeS3(deps, request.caller, 's3:PutObject', { bucket, key })
  const listed = childrenNamed(await readXml(request, 'of-object'), 'Part')
  const upload = findUpload(deps, request, bucket)
  if (!upload) throw noSuchUpload(request)
  const done = upload.completedEtag !== undefined && deps.storage.findObject(bucket.name, key)
  if (done && done.etag === upload.completedEtag) return completed(request, done)
  if (upload.completedEtag !== undefined) throw noSuchUpload(request)
  checkWrite(call, deps.storage.findObject(bucket.name, key))
  const parts = chosenParts(partsOf(deps, upload), listed, upload)
  const checksum = joinedChecksum(request, upload, parts)
  const body = await deps.storage.bodies.write(joined(deps.storage.bodies, parts), [])
  const record: ObjectRecord = {
    bucket: bucket.name,
    key,
    size: body.size,
    etag: joinedEtag(parts),
    modifiedMs: Date.now(),
    file: body.file,
    description: upload.description,
    checksum,
    partSizes: parts.map(part => part.size),
  }
  await commitObject(deps, call, record)
  await deps.storage.uploads.set(upload.uploadId, { ...upload, completedEtag: record.etag })
  await dropParts(deps, upload)
  return completed(request, record)
}

function completed(request: S3Request, record: ObjectRecord): Answer {
  const { checksum } = record
  return xmlAnswer(request.call, 'CompleteMultipartUploadResult', [
    leaf('Location', `http://${request.call.headers.get('host') ?? ''}/${record.bucket}/${record.key}`),
    leaf('Bucket', record.bucket),
    leaf('Key', record.key),
    leaf('ETag', `"${record.etag}"`),
    ...(checksum
      ? [leaf(`Checksum${checksum.algorithm}`, checksum.value), leaf('ChecksumType', checksum.type)]
      : []),
  ])
}

function chosenParts(
  kept: readonly PartRecord[],
  listed: readonly XmlElement[],
  upload: UploadRecord,
): readonly PartRecord[] {
  if (listed.length === 0) throw s3Error('MalformedXML')
  const numbers = listed.map(item => Number(childText(item, 'PartNumber')))
  if (!numbers.every(Number.isInteger)) throw s3Error('MalformedXML')
  if (numbers.some((number, index) => number <= (numbers[index - 1] ?? 0)))
    throw s3Error('InvalidPartOrder', { UploadId: upload.uploadId })
  const chosen = listed.map(item => {
    const part = kept.find(candidate => describes(item, candidate, upload))
    if (!part) throw s3Error('InvalidPart', { UploadId: upload.uploadId })
    return part
  })
  for (const part of chosen.slice(0, -1)) if (part.size < MIN_PART_BYTES) throw tooSmall(part)
  return chosen
}

function tooSmall(part: PartRecord): AwsError {
  return s3Error('EntityTooSmall', {
    ETag: part.etag,
    PartNumber: part.partNumber,
    ProposedSize: part.size,
    MinSizeAllowed: MIN_PART_BYTES,
  })
}

function describes(item: XmlElement, part: PartRecord, upload: UploadRecord): boolean {
  const checksum = childText(item, `Checksum${upload.checksumAlgorithm}`)
  return (
    Number(childText(item, 'PartNumber')) === part.partNumber &&
    childText(item, 'ETag')?.replaceAll('"', '') === part.etag &&
    (checksum === undefined || checksum === part.checksumValue)
  )
}

function joinedEtag(parts: readonly PartRecord[]): string {
  const digests = Buffer.concat(parts.map(part => Buffer.from(part.etag, 'hex')))
  return `${createHash('md5').update(digests).digest('hex')}-${parts.length}`
}

function joinedChecksum(
  request: S3Request,
  upload: UploadRecord,
  parts: readonly PartRecord[],
): ObjectChecksum {
  const { checksumAlgorithm: algorithm, checksumType: type } = upload
  const summed = parts.map(part => ({ size: part.size, value: part.checksumValue }))
  const value =
    type === 'COMPOSITE' || algorithm === 'SHA1' || algorithm === 'SHA256'
      ? compositeChecksum(algorithm, summed)
      : fullObjectChecksum(algorithm, summed)
  const claimed = request.call.headers.get(checksumHeader(algorithm))
  if (claimed !== undefined && claimed.replace(/-\d+$/, '') !== value.replace(/-\d+$/, ''))
    throw new AwsError(
      'BadDigest',
      400,
      `The ${algorithm} you specified did not match the calculated checksum.`,
    )
  const bytes = parts.reduce((sum, part) => sum + part.size, 0)
  const claimedBytes = request.call.headers.get('x-amz-mp-object-size')
  if (claimedBytes !== undefined && Number(claimedBytes) !== bytes)
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${claimedBytes} does not match what was computed: ${bytes}`,
    )
  return { algorithm, value, type }
}

async function* joined(bodies: BodyFiles, parts: readonly PartRecord[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part.size > 0) yield* bodies.read(part.file, { start: 0, end: part.size - 1 })
  }
}
