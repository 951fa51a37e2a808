import type { Answer, Call } from '../http/call.ts'
import { document, element } from '../http/xml.ts'
import type { ObjectRecord } from './storage.ts'

/** The namespace of S3's documents. */
const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** A successful answer with an XML document. */
export function xmlAnswer(call: Call, root: string, content: readonly string[]): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml', ...idHeaders(call) },
    body: document(element(root, content, NAMESPACE)),
  }
}

/** A successful answer without a body. */
export function emptyAnswer(
  call: Call,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status, headers: { ...headers, ...idHeaders(call) } }
}

/** The two ids that every answer of S3 has. */
export function idHeaders(call: Call): Record<string, string> {
  return { 'x-amz-request-id': call.requestId, 'x-amz-id-2': 'stand-in' }
}

/** Headers that say what was stored, for the answers to writes. */
export function storedHeaders(record: ObjectRecord): Record<string, string> {
  return {
    etag: `"${record.etag}"`,
    'x-amz-server-side-encryption': 'AES256',
    ...checksumHeaders(record),
  }
}

/** The kept checksum and its type, as headers. */
export function checksumHeaders(record: ObjectRecord): Record<string, string> {
  const { checksum } = record
  if (!checksum) return {}
  return {
    [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value,
    'x-amz-checksum-type': checksum.type,
  }
}

/** A time as S3's XML has it: milliseconds are always zero there. */
export function xmlTime(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString()
}
