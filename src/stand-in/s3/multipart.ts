import { randomBytes } from 'node:crypto'
import type { Answer, Call } from '../http/call.ts'
import { leaf } from '../http/xml.ts'
import { emptyAnswer, xmlAnswer } from './answers.ts'
import { CHECKSUM_ALGORITHMS, startChecksum } from './checksums.ts'
import { copyPartResult, readableSource, sourceRange } from './copy-object.ts'
import { invalidRequest } from './errors.ts'
import { authorizeWrite, describe } from './put-object.ts'
import { namedAlgorithm, partNumberOf, receiveBody } from './receive-body.ts'
import { authorizeS3, requireBucket, type S3Deps, type S3Request } from './request.ts'
import type { PartRecord, UploadRecord } from './storage.ts'
import { requireUpload } from './uploads.ts'

/** CreateMultipartUpload. Without a chosen checksum the object gets S3's own, CRC64NVME of the whole. */
export async function createUpload(deps: S3Deps, request: S3Request): Promise<Answer> {
  const { call, caller, key } = request
  const bucket = requireBucket(deps, request)
  authorizeWrite(deps, request, bucket)
  const upload: UploadRecord = {
    uploadId: randomBytes(48).toString('base64url'),
    bucket: bucket.name,
    key,
    initiatedMs: Date.now(),
    initiatorArn: caller.arn,
    description: describe(call),
    ...chosenChecksum(call),
  }
  await deps.storage.uploads.set(upload.uploadId, upload)
  const answer = xmlAnswer(call, 'InitiateMultipartUploadResult', [
    leaf('Bucket', bucket.name),
    leaf('Key', key),
    leaf('UploadId', upload.uploadId),
  ])
  if (!upload.checksumChosen) return answer
  const headers = {
    'x-amz-checksum-algorithm': upload.checksumAlgorithm,
    'x-amz-checksum-type': upload.checksumType,
  }
  return { ...answer, headers: { ...answer.headers, ...headers } }
}

type ChosenChecksum = Pick<UploadRecord, 'checksumAlgorithm' | 'checksumType' | 'checksumChosen'>

function chosenChecksum(call: Call): ChosenChecksum {
  const header = call.headers.get('x-amz-checksum-algorithm')?.toUpperCase()
  const chosen = CHECKSUM_ALGORITHMS.find(algorithm => algorithm === header)
  if (header !== undefined && !chosen)
    throw invalidRequest(
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    )
  const checksumAlgorithm = chosen ?? 'CRC64NVME'
  const natural = checksumAlgorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE'
  const type = call.headers.get('x-amz-checksum-type')?.toUpperCase() ?? natural
  const isSha = checksumAlgorithm.startsWith('SHA')
  if (
    (type !== 'FULL_OBJECT' && type !== 'COMPOSITE') ||
    (isSha && type === 'FULL_OBJECT') ||
    (natural === 'FULL_OBJECT' && type === 'COMPOSITE')
  )
    throw invalidRequest(
      `The ${type} checksum type cannot be used with the ${checksumAlgorithm.toLowerCase()} checksum algorithm.`,
    )
  return { checksumAlgorithm, checksumType: type, checksumChosen: chosen !== undefined }
}

/** UploadPart: a part sent again replaces the one before it. */
export async function uploadPart(deps: S3Deps, request: S3Request): Promise<Answer> {
  const { call } = request
  const bucket = requireBucket(deps, request)
  authorizeS3(deps, request.caller, 's3:PutObject', { bucket, key: request.key })
  const partNumber = partNumberOf(call)
  const upload = requireUpload(deps, request, bucket)
  const named = namedAlgorithm(call)
  if (upload.checksumChosen && named !== undefined && named !== upload.checksumAlgorithm)
    throw invalidRequest(
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.checksumAlgorithm.toLowerCase()}, actual checksum Type: ${named.toLowerCase()}`,
    )
  const body = await receiveBody(deps.storage.bodies, call, {
    seed: request.seed,
    payloadHash: request.payloadHash,
    keepAlgorithm: upload.checksumAlgorithm,
    checksumHeaders: 'of-body',
  })
  await keepPart(deps, upload, {
    partNumber,
    size: body.size,
    etag: body.md5Hex,
    modifiedMs: Date.now(),
    file: body.file,
    checksumValue: body.checksum.value,
  })
  const checksum = upload.checksumChosen && {
    [`x-amz-checksum-${upload.checksumAlgorithm.toLowerCase()}`]: body.checksum.value,
  }
  return emptyAnswer(call, 200, { etag: `"${body.md5Hex}"`, ...checksum })
}

/** UploadPartCopy: a part out of an object that is there already. */
export async function uploadPartCopy(deps: S3Deps, request: S3Request): Promise<Answer> {
  const bucket = requireBucket(deps, request)
  authorizeS3(deps, request.caller, 's3:PutObject', { bucket, key: request.key })
  const partNumber = partNumberOf(request.call)
  const upload = requireUpload(deps, request, bucket)
  const source = readableSource(deps, request)
  const checksum = startChecksum(upload.checksumAlgorithm)
  const bytes = deps.storage.bodies.read(source.file, sourceRange(request, source))
  const body = await deps.storage.bodies.write(bytes, [checksum])
  const modifiedMs = Date.now()
  await keepPart(deps, upload, {
    partNumber,
    size: body.size,
    etag: body.md5Hex,
    modifiedMs,
    file: body.file,
    checksumValue: checksum.digest(),
  })
  return xmlAnswer(request.call, 'CopyPartResult', copyPartResult(body.md5Hex, modifiedMs))
}

async function keepPart(deps: S3Deps, upload: UploadRecord, part: PartRecord): Promise<void> {
  const key = `${upload.uploadId}/${part.partNumber}`
  const replaced = deps.storage.parts.get(key)
  await deps.storage.parts.set(key, part)
  if (replaced) deps.storage.bodies.discard(replaced.file)
}
