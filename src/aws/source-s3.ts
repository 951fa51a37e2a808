import { Agent as PlainAgent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import type { LookupFunction } from 'node:net'
import { S3 } from '@aws-sdk/client-s3'
import { type AwsCredentials, CONNECTION, MAX_ATTEMPTS } from './clients.ts'

/** Access to the S3 that a source lies in: the operator's own, never a customer's. */
export interface SourceS3Access {
  readonly region: string
  /** One of the source's own, and how its name is resolved. Undefined: AWS's. */
  readonly endpoint: { readonly url: string; readonly lookup: LookupFunction } | undefined
  /** Undefined: the SDK's own chain (environment, profile, instance role). */
  readonly credentials: (() => Promise<AwsCredentials>) | undefined
}

/** A client for reading a source's objects. */
export function createSourceS3({ endpoint, ...access }: SourceS3Access): S3 {
  return new S3({
    region: access.region,
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: { ...CONNECTION, ...(endpoint && agentsOf(endpoint.lookup)) },
    forcePathStyle: endpoint !== undefined || process.env.AWS_ENDPOINT_URL !== undefined,
    followRegionRedirects: false,
    ...(endpoint && { endpoint: endpoint.url }),
    ...(access.credentials === undefined ? {} : { credentials: access.credentials }),
  })
}

function agentsOf(lookup: LookupFunction) {
  return { httpAgent: new PlainAgent({ lookup }), httpsAgent: new TlsAgent({ lookup }) }
}
