import type { Answer } from '../http/call.ts'
import { childText, element, leaf } from '../http/xml.ts'
import { partitionOf, s3Arn } from '../iam/arn.ts'
import { AwsError } from '../services.ts'
import { emptyAnswer, xmlAnswer, xmlTime } from './answers.ts'
import { s3Error } from './errors.ts'
import { readXml } from './read-xml.ts'
import { authorizeS3, requireBucket, requireBucketAnywhere, type S3Deps, type S3Request } from './request.ts'

/** CreateBucket: in the region that the request is signed for, which the body must agree with. */
export async function createBucket(deps: S3Deps, request: S3Request): Promise<Answer> {
  const { caller, bucket: name, call } = request
  const region = await wantedRegion(request)
  deps.authorizer.authorize(caller, 's3:CreateBucket', [s3Arn(caller.region, name)])
  if (!isBucketName(name)) throw s3Error('InvalidBucketName', { BucketName: name })
  const existing = deps.storage.buckets.get(name)
  if (existing)
    throw s3Error(existing.accountId === caller.accountId ? 'BucketAlreadyOwnedByYou' : 'BucketAlreadyExists')
  await deps.storage.buckets.set(name, { name, accountId: caller.accountId, region, createdMs: Date.now() })
  return emptyAnswer(call, 200, { location: `/${name}` })
}

async function wantedRegion(request: S3Request): Promise<string> {
  const { region } = request.caller
  const hasBody = (request.call.headers.get('content-length') ?? '0') !== '0'
  const constraint = hasBody ? childText(await readXml(request, 'of-body'), 'LocationConstraint') : undefined
  if ((constraint ?? 'us-east-1') === region) return region
  throw new AwsError(
    'IllegalLocationConstraintException',
    400,
    `The ${constraint ?? 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  )
}

/** True for names that S3 accepts for general purpose buckets. */
export function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..') && !/^(\d+\.){3}\d+$/.test(name)
  )
}

/** HeadBucket: 200 with the region for those who may list it. */
export async function headBucket(deps: S3Deps, request: S3Request): Promise<Answer> {
  const bucket = requireBucket(deps, request)
  authorizeS3(deps, request.caller, 's3:ListBucket', { bucket })
  return emptyAnswer(request.call, 200, { 'x-amz-bucket-region': bucket.region })
}

/** DeleteBucket: only when no object is left. */
export async function deleteBucket(deps: S3Deps, request: S3Request): Promise<Answer> {
  const bucket = requireBucket(deps, request)
  authorizeS3(deps, request.caller, 's3:DeleteBucket', { bucket })
  if (deps.storage.keysOf(bucket.name).size > 0) throw s3Error('BucketNotEmpty', { BucketName: bucket.name })
  await deps.storage.buckets.delete(bucket.name)
  return emptyAnswer(request.call, 204)
}

/** ListBuckets: the caller's account's, in every region. */
export async function listBuckets(deps: S3Deps, request: S3Request): Promise<Answer> {
  const { caller, call } = request
  deps.authorizer.authorize(caller, 's3:ListAllMyBuckets', [`arn:${partitionOf(caller.region)}:s3:::*`])
  const owned = [...deps.storage.buckets.values()].filter(bucket => bucket.accountId === caller.accountId)
  const buckets = owned
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .map(bucket =>
      element('Bucket', [
        leaf('Name', bucket.name),
        leaf('CreationDate', xmlTime(bucket.createdMs)),
        leaf('BucketRegion', bucket.region),
      ]),
    )
  return xmlAnswer(call, 'ListAllMyBucketsResult', [
    element('Owner', [leaf('ID', caller.accountId)]),
    element('Buckets', buckets),
  ])
}

/** GetBucketLocation: answers from every region; us-east-1 is spelled by nothing. */
export async function getBucketLocation(deps: S3Deps, request: S3Request): Promise<Answer> {
  const bucket = requireBucketAnywhere(deps, request.bucket)
  authorizeS3(deps, request.caller, 's3:GetBucketLocation', { bucket })
  const region = bucket.region === 'us-east-1' ? '' : bucket.region
  return xmlAnswer(request.call, 'LocationConstraint', [region])
}

/** What a bucket without any configuration answers for each sub-resource that clients look at. */
const SETTINGS: Readonly<
  Record<string, { action: string; root: string } | { action: string; error: string }>
> = {
  versioning: { action: 's3:GetBucketVersioning', root: 'VersioningConfiguration' },
  acl: { action: 's3:GetBucketAcl', root: 'AccessControlPolicy' },
  logging: { action: 's3:GetBucketLogging', root: 'BucketLoggingStatus' },
  notification: { action: 's3:GetBucketNotification', root: 'NotificationConfiguration' },
  policy: { action: 's3:GetBucketPolicy', error: 'NoSuchBucketPolicy' },
  lifecycle: { action: 's3:GetLifecycleConfiguration', error: 'NoSuchLifecycleConfiguration' },
  tagging: { action: 's3:GetBucketTagging', error: 'NoSuchTagSet' },
  cors: { action: 's3:GetBucketCORS', error: 'NoSuchCORSConfiguration' },
}

/** The sub-resource that a query names, if it is one of those. */
export function bucketSettingOf(query: ReadonlyMap<string, string>): string | undefined {
  return Object.keys(SETTINGS).find(name => query.has(name))
}

/** GetBucketVersioning, GetBucketAcl and their kin, all for a bucket that nobody configured. */
export async function getBucketSetting(deps: S3Deps, request: S3Request): Promise<Answer> {
  const bucket = requireBucket(deps, request)
  const setting = SETTINGS[bucketSettingOf(request.call.query) ?? '']
  if (!setting) throw s3Error('NotImplemented')
  authorizeS3(deps, request.caller, setting.action, { bucket })
  if ('error' in setting) throw new AwsError(setting.error, 404, 'The bucket has no such configuration.')
  const owner = element('Owner', [leaf('ID', bucket.accountId)])
  return xmlAnswer(
    request.call,
    setting.root,
    setting.action === 's3:GetBucketAcl' ? [owner, aclOf(bucket.accountId)] : [],
  )
}

function aclOf(ownerId: string): string {
  const grantee = `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">${leaf('ID', ownerId)}</Grantee>`
  return element('AccessControlList', [element('Grant', [grantee, leaf('Permission', 'FULL_CONTROL')])])
}
