import { Athena } from '@aws-sdk/client-athena'
import { Glue } from '@aws-sdk/client-glue'
import { S3 } from '@aws-sdk/client-s3'
import type { DeniedPlace } from '../domain/access-denied.ts'
import { type RenewableCredentials, retryingMore } from './retry-failures.ts'
import { translateAwsError } from './translate-error.ts'

/** Temporary or long-lived AWS credentials, as the SDK reads them. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** Absent for keys that do not expire. */
  readonly expiration?: Date
}

/** What a set of clients acts for: one destination, one identity. */
export interface ClientContext {
  readonly place: DeniedPlace
  /** Called before each request; with a key's id once AWS has told that the session of that key has ended. */
  readonly credentials: RenewableCredentials<AwsCredentials>
  /** How long a connection may be silent before the call is made again, in milliseconds. Default a minute. */
  readonly idleTimeoutMs?: number
}

/** The clients of one destination. Close them when the destination's work is done. */
export interface AwsClients {
  readonly s3: S3
  readonly glue: Glue
  readonly athena: Athena
  close(): void
}

/** Attempts of one call within the SDK, with its exponential backoff and jitter; then the failure is the job's. */
export const MAX_ATTEMPTS = 6

/** How long a connection may take to be made, and be silent, in milliseconds. S3 sends blanks while it joins parts. */
export const CONNECTION = { connectionTimeout: 10_000, socketTimeout: 60_000 } as const

/**
 * Clients that act as one identity in one region. Endpoints follow the SDK's own settings (`AWS_ENDPOINT_URL…`);
 * with one set, S3 is addressed path-style. Failures are translated, see `translateAwsError`.
 */
export function createAwsClients(context: ClientContext): AwsClients {
  const { place, credentials, idleTimeoutMs } = context
  const common = {
    region: place.region,
    // The SDK would keep credentials for itself until they expire by the clock.
    credentials: Object.assign(() => credentials(), { memoized: true }),
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: { ...CONNECTION, ...(idleTimeoutMs !== undefined && { socketTimeout: idleTimeoutMs }) },
  }
  const s3 = new S3({ ...common, forcePathStyle: hasOwnEndpoint(), followRegionRedirects: false })
  const glue = new Glue(common)
  const athena = new Athena(common)
  translating(s3, 's3', place)
  translating(glue, 'glue', place)
  translating(athena, 'athena', place)
  for (const client of [s3, glue, athena]) retryingMore(client, credentials)
  return {
    s3,
    glue,
    athena,
    close: () => {
      for (const client of [s3, glue, athena]) client.destroy()
    },
  }
}

/** The part of an SDK client that middleware is added through. */
interface HasMiddleware {
  readonly middlewareStack: {
    add(
      middleware: InitializeMiddleware,
      options: { readonly step: 'initialize'; readonly name: string; readonly priority: 'high' },
    ): void
  }
}

type Handler = (request: { input: object }) => Promise<{ output: object; response: unknown }>
type InitializeMiddleware = (next: Handler, context: { readonly commandName?: string }) => Handler

/** Adds the translation of failures around all of a client's calls, retries included. */
export function translating(client: HasMiddleware, service: string, place: DeniedPlace): void {
  const middleware: InitializeMiddleware = (next, context) => async request => {
    try {
      return await next(request)
    } catch (thrown) {
      const operation = (context.commandName ?? '').replace(/Command$/, '')
      const { input } = request
      const bucket = 'Bucket' in input && typeof input.Bucket === 'string' ? input.Bucket : undefined
      const key = 'Key' in input && typeof input.Key === 'string' ? input.Key : undefined
      throw translateAwsError(thrown, { service, operation, bucket, key }, place)
    }
  }
  client.middlewareStack.add(middleware, { step: 'initialize', name: 'translateAwsError', priority: 'high' })
}

function hasOwnEndpoint(): boolean {
  return Boolean(process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL)
}
