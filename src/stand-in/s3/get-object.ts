import type { Answer, Call } from '../http/call.ts'
import { checksumHeaders, idHeaders } from './answers.ts'
import { s3Error } from './errors.ts'
import { checkRead } from './preconditions.ts'
import { authorizeS3, missingKey, requireBucket, type S3Deps, type S3Request } from './request.ts'
import type { ObjectRecord } from './storage.ts'

/** Part of an object, both bounds inclusive; an empty object has none. */
interface Range {
  readonly start: number
  readonly end: number
}

/** GetObject and HeadObject: conditions, one range (also a suffix), or one part. The body is streamed from disk. */
export async function getObject(deps: S3Deps, request: S3Request): Promise<Answer> {
  const { call, caller, key } = request
  const bucket = requireBucket(deps, request)
  authorizeS3(deps, caller, 's3:GetObject', { bucket, key })
  const record = deps.storage.findObject(bucket.name, key)
  if (!record) throw missingKey(deps, caller, bucket, key)
  checkRead(call, record)
  const range = requestedRange(call, record)
  const { start, end } = range ?? { start: 0, end: record.size - 1 }
  const size = end - start + 1
  const headers = {
    ...objectHeaders(call, record),
    'content-length': String(size),
    ...(range && { 'content-range': `bytes ${start}-${end}/${record.size}` }),
    ...(!range &&
      call.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED' &&
      checksumHeaders(record)),
  }
  const answer = { status: range ? 206 : 200, headers }
  if (call.method === 'HEAD' || size === 0) return answer
  return { ...answer, body: deps.storage.bodies.read(record.file, { start, end }) }
}

function objectHeaders(call: Call, record: ObjectRecord): Record<string, string> {
  const { description } = record
  const overrides = [...call.query].filter(([name]) => name.startsWith('response-'))
  const parts = call.query.has('partNumber') && record.partSizes
  return {
    ...idHeaders(call),
    'accept-ranges': 'bytes',
    'last-modified': new Date(record.modifiedMs).toUTCString(),
    etag: `"${record.etag}"`,
    'content-type': description.contentType,
    'x-amz-server-side-encryption': 'AES256',
    ...description.headers,
    ...Object.fromEntries(
      Object.entries(description.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]),
    ),
    ...Object.fromEntries(overrides.map(([name, value]) => [name.slice('response-'.length), value])),
    ...(parts && { 'x-amz-mp-parts-count': String(parts.length) }),
  }
}

/** The range to answer; undefined for the whole object, also when the header is none that S3 honours. */
function requestedRange(call: Call, record: ObjectRecord): Range | undefined {
  const part = call.query.get('partNumber')
  if (part !== undefined) return partRange(Number(part), record)
  return parseRange(call.headers.get('range'), record.size)
}

function partRange(partNumber: number, record: ObjectRecord): Range {
  const sizes = record.partSizes ?? [record.size]
  const size = sizes[partNumber - 1]
  if (size === undefined) throw s3Error('InvalidRange')
  const start = sizes.slice(0, partNumber - 1).reduce((sum, before) => sum + before, 0)
  return { start, end: start + size - 1 }
}

/** Reads `bytes=a-b`, `bytes=a-` or `bytes=-n`. @throws {AwsError} `InvalidRange` when nothing of it is there. */
export function parseRange(header: string | undefined, size: number): Range | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const [first, last] = [match[1] ?? '', match[2] ?? '']
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (first !== '' && last !== '' && Number(last) < start) return undefined
  if (start >= size || end < start)
    throw s3Error('InvalidRange', { ActualObjectSize: size, RangeRequested: header ?? '' })
  return { start, end }
}
