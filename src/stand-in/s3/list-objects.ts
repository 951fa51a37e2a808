import type { Answer, Call } from '../http/call.ts'
import { element, leaf, optionalLeaf } from '../http/xml.ts'
import { conditionKeys } from '../iam/conditions.ts'
import { encodeStrictly } from '../sigv4/canonical-request.ts'
import { xmlAnswer, xmlTime } from './answers.ts'
import { invalidArgument } from './errors.ts'
import { authorizeS3, requireBucket, type S3Deps, type S3Request } from './request.ts'
import { compareUtf8 } from './sorted-keys.ts'
import type { Bucket, ObjectRecord, S3Storage } from './storage.ts'

/** Largest page, whatever the client asks for. */
const MAX_PAGE = 1000

/** One page of a listing. */
interface Page {
  readonly objects: readonly ObjectRecord[]
  readonly commonPrefixes: readonly string[]
  /** The last key or common prefix of the page when more follows. */
  readonly last: string | undefined
}

/** What both versions of the operation ask for. */
interface Listing {
  readonly prefix: string
  readonly delimiter: string
  readonly maxKeys: number
  /** Keys up to and with this one are left out; after a common prefix, all that it covers. */
  readonly after: string
}

/** ListObjectsV2. */
export async function listObjectsV2(deps: S3Deps, request: S3Request): Promise<Answer> {
  const { call } = request
  const bucket = authorizeList(deps, request)
  const token = call.query.get('continuation-token')
  const startAfter = call.query.get('start-after')
  const listing = readListing(call, token === undefined ? (startAfter ?? '') : decodeToken(token))
  const page = listPage(deps.storage, bucket, listing)
  const encode = encoder(call)
  const owner = call.query.get('fetch-owner') === 'true' ? bucket.accountId : undefined
  return xmlAnswer(call, 'ListBucketResult', [
    ...commonLeaves(call, bucket, listing, page),
    leaf('KeyCount', page.objects.length + page.commonPrefixes.length),
    optionalLeaf('ContinuationToken', token),
    optionalLeaf('StartAfter', startAfter && encode(startAfter)),
    optionalLeaf('NextContinuationToken', page.last && Buffer.from(page.last).toString('base64url')),
    ...contents(page, encode, owner),
  ])
}

/** ListObjects, the older version: pages by marker and always names the owner. */
export async function listObjectsV1(deps: S3Deps, request: S3Request): Promise<Answer> {
  const { call } = request
  const bucket = authorizeList(deps, request)
  const marker = call.query.get('marker') ?? ''
  const listing = readListing(call, marker)
  const page = listPage(deps.storage, bucket, listing)
  const encode = encoder(call)
  return xmlAnswer(call, 'ListBucketResult', [
    ...commonLeaves(call, bucket, listing, page),
    leaf('Marker', encode(marker)),
    optionalLeaf('NextMarker', listing.delimiter === '' ? undefined : page.last && encode(page.last)),
    ...contents(page, encode, bucket.accountId),
  ])
}

function authorizeList(deps: S3Deps, request: S3Request): Bucket {
  const { call, caller } = request
  const bucket = requireBucket(deps, request)
  const keys = conditionKeys({
    's3:prefix': call.query.get('prefix') ?? '',
    's3:delimiter': call.query.get('delimiter'),
    's3:max-keys': call.query.get('max-keys'),
  })
  authorizeS3(deps, caller, 's3:ListBucket', { bucket, keys })
  return bucket
}

function readListing(call: Call, after: string): Listing {
  const text = call.query.get('max-keys') ?? String(MAX_PAGE)
  const maxKeys = Number(text)
  if (!Number.isInteger(maxKeys) || maxKeys < 0)
    throw invalidArgument('Provided max-keys not an integer or within integer range', 'max-keys', text)
  return {
    prefix: call.query.get('prefix') ?? '',
    delimiter: call.query.get('delimiter') ?? '',
    maxKeys: Math.min(maxKeys, MAX_PAGE),
    after,
  }
}

function decodeToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8')
  if (Buffer.from(text).toString('base64url') === token) return text
  throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', token)
}

function listPage(storage: S3Storage, bucket: Bucket, listing: Listing): Page {
  const { prefix, delimiter, maxKeys, after } = listing
  const objects: ObjectRecord[] = []
  const prefixes = new Set<string>()
  let last: string | undefined
  if (maxKeys === 0) return { objects, commonPrefixes: [], last }
  const keys = storage.keysOf(bucket.name)
  for (const key of compareUtf8(after, prefix) >= 0
    ? keys.from(after, 'after')
    : keys.from(prefix, 'inclusive')) {
    if (!key.startsWith(prefix)) break
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const common = cut < 0 ? undefined : key.slice(0, cut + delimiter.length)
    if (common !== undefined && (prefixes.has(common) || after === common)) continue
    if (objects.length + prefixes.size === maxKeys) return { objects, commonPrefixes: [...prefixes], last }
    const object = storage.findObject(bucket.name, key)
    if (common !== undefined) prefixes.add(common)
    else if (object) objects.push(object)
    last = common ?? key
  }
  return { objects, commonPrefixes: [...prefixes], last: undefined }
}

function commonLeaves(call: Call, bucket: Bucket, listing: Listing, page: Page): string[] {
  const encode = encoder(call)
  return [
    leaf('Name', bucket.name),
    leaf('Prefix', encode(listing.prefix)),
    ...(listing.delimiter === '' ? [] : [leaf('Delimiter', encode(listing.delimiter))]),
    leaf('MaxKeys', listing.maxKeys),
    optionalLeaf('EncodingType', call.query.get('encoding-type')),
    leaf('IsTruncated', page.last !== undefined),
  ]
}

function contents(page: Page, encode: (text: string) => string, ownerId: string | undefined): string[] {
  const objects = page.objects.map(object =>
    element('Contents', [
      leaf('Key', encode(object.key)),
      leaf('LastModified', xmlTime(object.modifiedMs)),
      leaf('ETag', `"${object.etag}"`),
      ...(object.checksum
        ? [leaf('ChecksumAlgorithm', object.checksum.algorithm), leaf('ChecksumType', object.checksum.type)]
        : []),
      leaf('Size', object.size),
      ...(ownerId === undefined ? [] : [element('Owner', [leaf('ID', ownerId)])]),
      leaf('StorageClass', 'STANDARD'),
    ]),
  )
  return [
    ...objects,
    ...page.commonPrefixes.map(prefix => element('CommonPrefixes', [leaf('Prefix', encode(prefix))])),
  ]
}

/** `encoding-type=url` encodes keys so that XML can hold them; slashes stay. */
function encoder(call: Call): (text: string) => string {
  if (call.query.get('encoding-type') !== 'url') return text => text
  return text => encodeStrictly(text).replaceAll('%2F', '/')
}
