import { accessDenied, type DeniedPlace, parseDenial } from '../domain/access-denied.ts'
import { TransferError } from '../domain/errors.ts'

/** The call that failed, as the SDK's middleware knows it. */
export interface FailedCall {
  /** `s3`, `glue`, `athena` or `sts`. */
  readonly service: string
  /** The SDK's command without `Command`, such as `CreateTable`. */
  readonly operation: string
  readonly bucket?: string | undefined
  readonly key?: string | undefined
}

const DENIED = new Set(['AccessDenied', 'AccessDeniedException', 'Forbidden', 'AllAccessDisabled'])
const REJECTED = new Set([
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
  'InvalidSignatureException',
])
/** How AWS says that a session has ended. */
export const EXPIRED: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
])
/** How S3 says that a body, or a connection, did not arrive as it was sent. */
export const SPOILT: ReadonlySet<string> = new Set([
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'IncompleteBody',
  'RequestTimeout',
])
const THROTTLED = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
  'SlowDown',
  'ServiceUnavailable',
])
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'TimeoutError',
])

/**
 * Turns what any AWS client throws into a `TransferError` where the meaning is the same for every call: denied,
 * rejected keys, throttled, unreachable, wrong region, no bucket. Exceptions that belong to one operation
 * (`EntityNotFoundException`, `InvalidRequestException`, …) and aborts come back as they are, for the caller to read.
 */
export function translateAwsError(thrown: unknown, call: FailedCall, place: DeniedPlace): unknown {
  if (!(thrown instanceof Error) || thrown.name === 'AbortError' || thrown instanceof TransferError)
    return thrown
  const where = `destination "${place.name}": ${call.service} ${call.operation}`
  const details = {
    destination: place.name,
    service: call.service,
    operation: call.operation,
    awsError: thrown.name,
  }
  const fail = (code: ConstructorParameters<typeof TransferError>[0], message: string): TransferError =>
    new TransferError(code, message, { cause: thrown, details })
  if (DENIED.has(thrown.name)) return denied(thrown, call, place, where)
  if (REJECTED.has(thrown.name))
    return fail('CREDENTIALS_REJECTED', `${where} was refused: ${thrown.name}, ${thrown.message}`)
  if (EXPIRED.has(thrown.name))
    return fail('AWS_UNAVAILABLE', `${where} was refused: the session expired (${thrown.name})`)
  if (SPOILT.has(thrown.name))
    return fail('AWS_UNAVAILABLE', `${where}: the body did not arrive as it was sent (${thrown.name})`)
  if (thrown.name === 'RequestTimeTooSkewed')
    return fail('AWS_UNAVAILABLE', `${where} was refused: this worker's clock differs from AWS's`)
  if (THROTTLED.has(thrown.name)) return fail('AWS_THROTTLED', `${where} was throttled (${thrown.name})`)
  if (thrown.name === 'PermanentRedirect')
    return fail('BUCKET_REGION_WRONG', wrongRegion(thrown, call, place))
  if (thrown.name === 'ResourceNumberLimitExceededException')
    return new TransferError(
      'DESTINATION_UNUSABLE',
      `${where}: the account has as many as it may: ${thrown.message}`,
      {
        cause: thrown,
        details,
        hint: "The customer raises Glue's quotas of databases and tables in Service Quotas, or removes some of them.",
      },
    )
  if (thrown.name === 'NoSuchBucket')
    return fail('DESTINATION_UNUSABLE', `destination "${place.name}": bucket "${call.bucket}" does not exist`)
  if (isUnreachable(thrown))
    return fail('AWS_UNAVAILABLE', `${where} could not be reached: ${describe(thrown)}`)
  if (statusOf(thrown) >= 500)
    return fail('AWS_UNAVAILABLE', `${where} failed at AWS: ${thrown.name}, ${thrown.message}`)
  return thrown
}

/** A refusal by Lake Formation or for want of a key is mended elsewhere than in the permission policy. */
function denied(thrown: Error, call: FailedCall, place: DeniedPlace, where: string): TransferError {
  if (/Lake Formation permission/i.test(thrown.message)) {
    const details = { destination: place.name, database: place.schema }
    const message = `${where} was refused by Lake Formation, which governs database "${place.schema}": ${thrown.message}`
    return new TransferError('LAKE_FORMATION_DENIED', message, { cause: thrown, details })
  }
  return accessDenied(parseDenial(thrown.message) ?? deniedBy(call), place, thrown)
}

/** The IAM action of a call whose refusal did not name one; S3 says just "Access Denied" to some callers. */
function deniedBy(call: FailedCall): { readonly action: string; readonly resource: string } {
  const resource =
    call.bucket === undefined
      ? '*'
      : `arn:aws:s3:::${call.bucket}${call.key === undefined ? '' : `/${call.key}`}`
  return { action: `${call.service}:${S3_ACTIONS[call.operation] ?? call.operation}`, resource }
}

/** S3 operations whose IAM action has another name (service authorization reference for S3). */
const S3_ACTIONS: Readonly<Record<string, string>> = {
  ListObjectsV2: 'ListBucket',
  HeadBucket: 'ListBucket',
  HeadObject: 'GetObject',
  DeleteObjects: 'DeleteObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
}

function wrongRegion(thrown: Error, call: FailedCall, place: DeniedPlace): string {
  const region = headersOf(thrown)['x-amz-bucket-region']
  const real = region === undefined ? 'another region' : `region ${region}`
  return `destination "${place.name}": bucket "${call.bucket}" is in ${real}, not in ${place.region}`
}

function isUnreachable(thrown: Error): boolean {
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  return UNREACHABLE.has(code) || UNREACHABLE.has(thrown.name)
}

function describe(thrown: Error): string {
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.message
}

function statusOf(thrown: Error): number {
  if (!('$metadata' in thrown) || typeof thrown.$metadata !== 'object' || thrown.$metadata === null) return 0
  const metadata = thrown.$metadata
  return 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number'
    ? metadata.httpStatusCode
    : 0
}

function headersOf(thrown: Error): Readonly<Record<string, unknown>> {
  if (!('$response' in thrown) || typeof thrown.$response !== 'object' || thrown.$response === null) return {}
  const response = thrown.$response
  return 'headers' in response && typeof response.headers === 'object' && response.headers !== null
    ? { ...response.headers }
    : {}
}
