import { isIP } from 'node:net'
import { type Call, decodePercent } from '../http/call.ts'
import { s3Arn } from '../iam/arn.ts'
import type { DetailedAuthorizer, RequestFacts } from '../iam/authorizer.ts'
import type { Caller } from '../services.ts'
import type { SignatureSeed } from '../sigv4/verify.ts'
import { s3Error } from './errors.ts'
import type { Bucket, S3Storage } from './storage.ts'

/** What every S3 operation works with. */
export interface S3Deps {
  readonly storage: S3Storage
  readonly authorizer: DetailedAuthorizer
}

/** One signed request to S3. */
export interface S3Request {
  readonly call: Call
  readonly caller: Caller
  readonly seed: SignatureSeed
  /** The signed `x-amz-content-sha256`. */
  readonly payloadHash: string
  /** Empty for ListBuckets. */
  readonly bucket: string
  /** Decoded; empty for operations on the bucket. */
  readonly key: string
}

/** Longest key, in UTF-8 bytes. */
const MAX_KEY_BYTES = 1024

/** Bucket and key of a call: from the host when that names a bucket, else from the path. */
export function addressOf(call: Call, hasBucket: (name: string) => boolean): { bucket: string; key: string } {
  const path = call.rawPath.replace(/^\//, '')
  const hosted = hostedBucket(call.headers.get('host') ?? '', hasBucket)
  const slash = path.indexOf('/')
  const bucket = hosted ?? decodePercent(slash < 0 ? path : path.slice(0, slash))
  const key = decodePercent(hosted === undefined ? (slash < 0 ? '' : path.slice(slash + 1)) : path)
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw s3Error('KeyTooLongError')
  return { bucket, key }
}

/** `<bucket>.localhost`, `<bucket>.s3.<region>.amazonaws.com`, or any host that begins with a known bucket and a dot. */
function hostedBucket(host: string, hasBucket: (name: string) => boolean): string | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase()
  if (isIP(name.replace(/^\[|\]$/g, ''))) return undefined
  const known = /^(.+)\.(?:localhost|s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?)$/.exec(name)?.[1]
  if (known !== undefined) return known
  const labels = name.split('.')
  const prefixes = labels.map((_, index) => labels.slice(0, index).join('.')).reverse()
  return prefixes.find(prefix => prefix !== '' && hasBucket(prefix))
}

/**
 * The bucket of a request, once it is sure that it exists and that the request was signed for its region.
 * @throws {AwsError} `NoSuchBucket`, `PermanentRedirect` with the bucket's region.
 */
export function requireBucket(deps: S3Deps, request: Pick<S3Request, 'bucket' | 'caller'>): Bucket {
  const bucket = requireBucketAnywhere(deps, request.bucket)
  if (bucket.region === request.caller.region) return bucket
  throw s3Error('PermanentRedirect', {
    Bucket: bucket.name,
    Endpoint: `${bucket.name}.s3.${bucket.region}.amazonaws.com`,
    headers: { 'x-amz-bucket-region': bucket.region },
  })
}

/** The bucket, whatever its region. @throws {AwsError} `NoSuchBucket`. */
export function requireBucketAnywhere(deps: S3Deps, name: string): Bucket {
  const bucket = deps.storage.buckets.get(name)
  if (!bucket) throw s3Error('NoSuchBucket', { BucketName: name })
  return bucket
}

/** Authorises an action on a bucket, or on one of its objects when a key is given. */
export function authorizeS3(
  deps: S3Deps,
  caller: Caller,
  action: string,
  target: { readonly bucket: Bucket; readonly key?: string; readonly keys?: RequestFacts['keys'] },
): void {
  deps.authorizer.authorize(caller, action, [s3Arn(caller.region, target.bucket.name, target.key)], {
    ownerAccountId: target.bucket.accountId,
    ...(target.keys && { keys: target.keys }),
  })
  const { kmsKeyArn } = target.bucket
  const keyAction = kmsKeyArn === undefined ? undefined : KEY_ACTIONS[action]
  if (kmsKeyArn !== undefined && keyAction !== undefined)
    deps.authorizer.authorize(caller, keyAction, [kmsKeyArn], {
      ownerAccountId: kmsKeyArn.split(':')[4] ?? '',
    })
}

/** What S3 does with a customer-managed key, as the caller, for its own actions. */
const KEY_ACTIONS: Readonly<Record<string, string>> = {
  's3:PutObject': 'kms:GenerateDataKey',
  's3:GetObject': 'kms:Decrypt',
}

/** A missing key is told only to those who may list the bucket; others get 403, as for a key that is there. */
export function missingKey(deps: S3Deps, caller: Caller, bucket: Bucket, key: string): Error {
  authorizeS3(deps, caller, 's3:ListBucket', { bucket })
  return s3Error('NoSuchKey', { Key: key })
}
