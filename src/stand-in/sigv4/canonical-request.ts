import { createHash } from 'node:crypto'
import { parseQuery } from '../http/call.ts'

/** The parts of a request that SigV4 signs. */
export interface SignableRequest {
  readonly method: string
  readonly rawPath: string
  readonly rawQuery: string
  readonly headers: ReadonlyMap<string, string>
  readonly signedHeaders: readonly string[]
  readonly payloadHash: string
  readonly service: string
}

/** SigV4's canonical request, as text. `X-Amz-Signature` of a presigned URL is left out of the query. */
export function canonicalRequest(request: SignableRequest): string {
  return [
    request.method,
    canonicalPath(request.rawPath, request.service),
    canonicalQuery(request.rawQuery),
    ...request.signedHeaders.map(name => `${name}:${canonicalValue(request.headers.get(name) ?? '')}`),
    '',
    request.signedHeaders.join(';'),
    request.payloadHash,
  ].join('\n')
}

/**
 * S3 takes the path as it is on the wire and leaves `//` and `..` alone; every other service normalises it and encodes
 * what is on the wire once more.
 */
function canonicalPath(rawPath: string, service: string): string {
  if (service === 's3') return rawPath.split('/').map(reencode).join('/')
  const segments: string[] = []
  for (const segment of rawPath.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(encodeStrictly(segment))
  }
  const trailing = rawPath.length > 1 && rawPath.endsWith('/') && segments.length > 0 ? '/' : ''
  return `/${segments.join('/')}${trailing}`
}

function reencode(segment: string): string {
  try {
    return encodeStrictly(decodeURIComponent(segment))
  } catch {
    return segment // Not valid UTF-8: the signer can only have signed the bytes it sent.
  }
}

function canonicalQuery(rawQuery: string): string {
  const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
  return parseQuery(rawQuery)
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encodeStrictly(name), encodeStrictly(value)] as const)
    .sort((left, right) => compare(left[0], right[0]) || compare(left[1], right[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function canonicalValue(value: string): string {
  return value.trim().replaceAll(/ +/g, ' ')
}

/** RFC 3986: everything but letters, digits and `-_.~` becomes `%XX`. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** SHA-256 in lower-case hexadecimal. */
export function sha256Hex(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}
