import type { GluePort } from '../catalog/glue-port.ts'
import type { Destination } from '../domain/destination.ts'
import type { ReadingS3, StagingS3 } from '../staging/s3-port.ts'
import type { OpenLoads } from './open-loads.ts'
import type { SweepTally } from './sweep-tally.ts'

/** Clients as a sweep needs them, under the customer's role; the AWS SDK's fit them. */
export interface SweepClients {
  readonly glue: Pick<GluePort, 'deleteTable' | 'getTables'>
  readonly s3: Pick<StagingS3, 'putObject' | 'deleteObject' | 'abortMultipartUpload'> &
    ReadingS3 & {
      listMultipartUploads(input: {
        Bucket: string
        Prefix: string
        KeyMarker?: string
        UploadIdMarker?: string
      }): Promise<{
        Uploads?:
          | { Key?: string | undefined; UploadId?: string | undefined; Initiated?: Date | undefined }[]
          | undefined
        NextKeyMarker?: string | undefined
        NextUploadIdMarker?: string | undefined
        IsTruncated?: boolean | undefined
      }>
    }
}

/** What each part of a sweep is given. */
export interface SweepContext {
  readonly clients: SweepClients
  readonly destination: Destination
  readonly open: OpenLoads
  /** Age from which something is left behind, in milliseconds. */
  readonly olderThanMs: number
  /** When the sweep began, in milliseconds since 1970. */
  readonly nowMs: number
  readonly dryRun: boolean
  readonly tally: SweepTally
  readonly signal: AbortSignal
}

/** True for what is younger than the age, or of which no age is known. */
export function isYoung(
  { nowMs, olderThanMs }: Pick<SweepContext, 'nowMs' | 'olderThanMs'>,
  madeMs: number | undefined,
): boolean {
  return madeMs === undefined || nowMs - madeMs < olderThanMs
}

/** The removal of an object, for the tally. */
export function deleteObject({ clients, destination }: SweepContext, key: string): () => Promise<unknown> {
  return () => clients.s3.deleteObject({ Bucket: destination.bucket, Key: key })
}
