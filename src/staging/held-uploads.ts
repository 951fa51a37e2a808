import { rm } from 'node:fs/promises'
import { digestedRowCount } from '../domain/digest.ts'
import type { StagingS3 } from './s3-port.ts'
import { type StagedFile, uploadFile } from './upload.ts'

/** A Parquet file on the local disk. */
interface LocalFile {
  readonly path: string
  readonly rowCount: number
  readonly bytes: number
}

/** Where files go, and what is known of the rows that were loaded before. */
interface UploadOptions {
  readonly s3: StagingS3
  readonly bucket: string
  /** Folder of the attempt, with its trailing slash. */
  readonly prefix: string
  /** Digest of the rows that were loaded before; undefined when nothing is known. */
  readonly knownDigest: string | undefined
  readonly signal: AbortSignal
}

/** Bytes on the local disk above which files are uploaded although they may turn out to be the known ones. */
const MAX_HELD_BYTES = 1024 * 1024 * 1024

/**
 * Uploads files, but holds them on the local disk for as long as they may be the very rows that were loaded before, so
 * that an unchanged model puts nothing into S3. Disk: as many rows as are known, 1 GiB at most.
 */
export function createUploads({ s3, bucket, prefix, knownDigest, signal }: UploadOptions) {
  const held: LocalFile[] = []
  const files: StagedFile[] = []
  let rowCount = 0
  let heldBytes = 0
  let isHolding = knownDigest !== undefined
  const release = async (): Promise<void> => {
    isHolding = false
    for (const file of held.splice(0)) {
      const key = `${prefix}part-${String(files.length).padStart(5, '0')}.parquet`
      const uploaded = await uploadFile(s3, { path: file.path, bucket, key }, signal)
      await rm(file.path)
      files.push({ key, rowCount: file.rowCount, ...uploaded })
    }
  }
  return {
    /** Takes a file; it is gone from the disk once it is uploaded. */
    add: async (file: LocalFile): Promise<void> => {
      held.push(file)
      rowCount += file.rowCount
      heldBytes += file.bytes
      const mayBeKnown =
        isHolding && rowCount <= digestedRowCount(knownDigest ?? '') && heldBytes <= MAX_HELD_BYTES
      if (!mayBeKnown) await release()
    },
    /** Uploads what is held, unless the digest of all files is the known one. */
    finish: async (
      digest: string,
    ): Promise<{ readonly files: readonly StagedFile[]; readonly isUnchanged: boolean }> => {
      const isUnchanged = isHolding && digest === knownDigest
      if (!isUnchanged) await release()
      return { files, isUnchanged }
    },
  }
}
