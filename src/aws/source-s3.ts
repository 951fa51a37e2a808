import { S3 } from '@aws-sdk/client-s3'
import { type AwsCredentials, CONNECTION, MAX_ATTEMPTS } from './clients.ts'

/** Access to the S3 that a source lies in: the operator's own, never a customer's. */
export interface SourceS3Access {
  readonly region: string
  readonly endpoint: string | undefined
  /** Undefined: the SDK's own chain (environment, profile, instance role). */
  readonly credentials: (() => Promise<AwsCredentials>) | undefined
}

/** A client for reading a source's objects. */
export function createSourceS3(access: SourceS3Access): S3 {
  return new S3({
    region: access.region,
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: { ...CONNECTION },
    forcePathStyle: access.endpoint !== undefined || process.env.AWS_ENDPOINT_URL !== undefined,
    ...(access.endpoint === undefined ? {} : { endpoint: access.endpoint }),
    ...(access.credentials === undefined ? {} : { credentials: access.credentials }),
  })
}
