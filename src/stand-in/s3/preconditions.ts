import type { Call } from '../http/call.ts'
import { AwsError } from '../services.ts'
import { s3Error } from './errors.ts'
import type { ObjectRecord } from './storage.ts'

/**
 * Checks `If-Match` and `If-None-Match` of a write against what is there now; call it with nothing awaited between it
 * and the commit.
 * @throws {AwsError} `PreconditionFailed`; `NoSuchKey` for If-Match on a missing key; `NotImplemented` for an ETag in If-None-Match.
 */
export function checkWrite(call: Call, current: ObjectRecord | undefined): void {
  const ifNoneMatch = call.headers.get('if-none-match')
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw s3Error('NotImplemented', { Header: 'If-None-Match' })
  if (ifNoneMatch !== undefined && current)
    throw s3Error('PreconditionFailed', { Condition: 'If-None-Match' })
  const ifMatch = call.headers.get('if-match')
  if (ifMatch === undefined) return
  if (!current) throw s3Error('NoSuchKey')
  if (!names(ifMatch, current.etag)) throw s3Error('PreconditionFailed', { Condition: 'If-Match' })
}

/**
 * Checks the four conditional headers of a read, in the order of RFC 9110; `prefix` is `x-amz-copy-source-` for copies.
 * @throws {AwsError} `PreconditionFailed`, or 304 `NotModified`.
 */
export function checkRead(call: Call, current: ObjectRecord, prefix = ''): void {
  const modified = Math.floor(current.modifiedMs / 1000) * 1000
  const ifMatch = call.headers.get(`${prefix}if-match`)
  const ifUnmodifiedSince = date(call.headers.get(`${prefix}if-unmodified-since`))
  if (ifMatch !== undefined) {
    if (!names(ifMatch, current.etag)) throw s3Error('PreconditionFailed', { Condition: 'If-Match' })
  } else if (modified > ifUnmodifiedSince) {
    throw s3Error('PreconditionFailed', { Condition: 'If-Unmodified-Since' })
  }
  const ifNoneMatch = call.headers.get(`${prefix}if-none-match`)
  const ifModifiedSince = date(call.headers.get(`${prefix}if-modified-since`))
  const unchanged = ifNoneMatch === undefined ? modified <= ifModifiedSince : names(ifNoneMatch, current.etag)
  if (!unchanged) return
  if (prefix !== '') throw s3Error('PreconditionFailed', { Condition: 'x-amz-copy-source-If-None-Match' })
  throw new AwsError('NotModified', 304, 'Not Modified', { headers: { etag: `"${current.etag}"` } })
}

function names(header: string, etag: string): boolean {
  return header.split(',').some(part => {
    const tag = part.trim()
    return tag === '*' || tag.replace(/^W\//, '').replaceAll('"', '') === etag
  })
}

/** NaN, which compares false with everything, for a missing or malformed date. */
function date(header: string | undefined): number {
  return header === undefined ? Number.NaN : Date.parse(header)
}
