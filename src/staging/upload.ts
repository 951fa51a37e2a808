import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { StagingS3 } from './s3-port.ts'

/** One Parquet file in the bucket. */
export interface StagedFile {
  readonly key: string
  readonly rowCount: number
  readonly bytes: number
  /** Hexadecimal. */
  readonly sha256: string
  /** As S3 answered it, without quotes. */
  readonly etag: string
}

/** Size of one part, in bytes: S3 takes 5 MiB at least, and 10,000 parts of this make 80 GiB. */
const PART_BYTES = 8 * 1024 * 1024

/**
 * Uploads a local file: in one call up to 8 MiB, in parts above. Memory: one part.
 * A failed multipart upload is aborted where the customer's policy allows it; the failure thrown is the first one.
 */
export async function uploadFile(
  s3: StagingS3,
  file: {
    readonly path: string
    readonly bucket: string
    readonly key: string
    /** Default: none. */
    readonly contentType?: string
  },
  signal: AbortSignal,
): Promise<Pick<StagedFile, 'bytes' | 'sha256' | 'etag'>> {
  await using handle = await open(file.path)
  const { size: bytes } = await handle.stat()
  const hash = createHash('sha256')
  const { bucket: Bucket, key: Key, contentType: ContentType } = file
  const object = ContentType === undefined ? { Bucket, Key } : { Bucket, Key, ContentType }
  const nextPart = async (): Promise<Uint8Array> => {
    const part = await readPart(handle)
    hash.update(part)
    return part
  }
  const answer =
    bytes <= PART_BYTES
      ? await s3.putObject({ ...object, Body: await nextPart() }, { abortSignal: signal })
      : await uploadParts(s3, object, nextPart, signal)
  return { bytes, sha256: hash.digest('hex'), etag: (answer.ETag ?? '').replaceAll('"', '') }
}

async function readPart(handle: FileHandle): Promise<Uint8Array> {
  const buffer = Buffer.alloc(PART_BYTES)
  const { bytesRead } = await handle.read(buffer, 0, PART_BYTES)
  return buffer.subarray(0, bytesRead)
}

async function uploadParts(
  s3: StagingS3,
  object: { Bucket: string; Key: string; ContentType?: string },
  nextPart: () => Promise<Uint8Array>,
  signal: AbortSignal,
): Promise<{ ETag?: string | undefined }> {
  const { UploadId = '' } = await s3.createMultipartUpload(object)
  const upload = { Bucket: object.Bucket, Key: object.Key, UploadId }
  try {
    const Parts: { PartNumber: number; ETag: string; ChecksumCRC32?: string }[] = []
    for (let part = await nextPart(); part.length > 0; part = await nextPart()) {
      const PartNumber = Parts.length + 1
      const done = await s3.uploadPart({ ...upload, PartNumber, Body: part }, { abortSignal: signal })
      const crc = done.ChecksumCRC32
      Parts.push({ PartNumber, ETag: done.ETag ?? '', ...(crc === undefined ? {} : { ChecksumCRC32: crc }) })
    }
    return await s3.completeMultipartUpload({ ...upload, MultipartUpload: { Parts } })
  } catch (thrown) {
    await s3.abortMultipartUpload(upload).catch(() => {
      // Not granted by the customer's policy; a lifecycle rule of the bucket removes what is left.
    })
    throw thrown
  }
}
