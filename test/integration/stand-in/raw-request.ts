import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { canonicalRequest, sha256Hex } from '../../../src/stand-in/sigv4/canonical-request.ts'
import { sign, signingKey, stringToSign } from '../../../src/stand-in/sigv4/signature.ts'
import type { Keys } from './session.ts'

/** A request to sign by hand, so that a test can say anything. */
export interface RawRequest {
  readonly url: string
  readonly method?: string
  readonly path: string
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly keys: Keys
  readonly region: string
  readonly service?: string
  /** The clock of the signer; now unless told. */
  readonly date?: Date
  /** Replaces `x-amz-content-sha256`. */
  readonly payloadHash?: string
  /** Replaces headers after signing. */
  readonly tamper?: Readonly<Record<string, string>>
}

/** What came back. */
export interface RawResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** Signs a request in its headers. */
function signedHeaders(raw: RawRequest): Record<string, string> {
  const date = raw.date ?? new Date()
  const amzDate = date.toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const service = raw.service ?? 's3'
  const payloadHash = raw.payloadHash ?? sha256Hex(raw.body ?? '')
  const headers: Record<string, string> = {
    host: new URL(raw.url).host,
    'x-amz-date': amzDate,
    'x-amz-content-sha256': payloadHash,
    ...(raw.keys.sessionToken !== undefined && { 'x-amz-security-token': raw.keys.sessionToken }),
    ...raw.headers,
  }
  const names = Object.keys(headers).sort()
  const scope = { date: amzDate.slice(0, 8), region: raw.region, service }
  const canonical = canonicalRequest({
    method: raw.method ?? 'GET',
    rawPath: raw.path,
    rawQuery: raw.query ?? '',
    headers: new Map(Object.entries(headers)),
    signedHeaders: names,
    payloadHash,
    service,
  })
  const signature = sign(signingKey(raw.keys.secretAccessKey, scope), stringToSign(amzDate, scope, canonical))
  const credential = `${raw.keys.accessKeyId}/${scope.date}/${raw.region}/${service}/aws4_request`
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  }
}

/** Signs and sends. */
export function sendRaw(raw: RawRequest): Promise<RawResponse> {
  return send(raw, { ...signedHeaders(raw), ...raw.tamper })
}

/** Presigns a GET and sends it. `expiresSeconds` counts from `date`. */
export function sendPresigned(raw: RawRequest, expiresSeconds: number): Promise<RawResponse> {
  const amzDate = (raw.date ?? new Date()).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const scope = { date: amzDate.slice(0, 8), region: raw.region, service: 's3' }
  const query = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${raw.keys.accessKeyId}/${scope.date}/${scope.region}/s3/aws4_request`,
    'X-Amz-Date': amzDate,
    'X-Amz-Expires': String(expiresSeconds),
    'X-Amz-SignedHeaders': 'host',
    ...(raw.keys.sessionToken !== undefined && { 'X-Amz-Security-Token': raw.keys.sessionToken }),
  })
  const headers = { host: new URL(raw.url).host }
  const canonical = canonicalRequest({
    method: 'GET',
    rawPath: raw.path,
    rawQuery: query.toString(),
    headers: new Map(Object.entries(headers)),
    signedHeaders: ['host'],
    payloadHash: 'UNSIGNED-PAYLOAD',
    service: 's3',
  })
  query.set(
    'X-Amz-Signature',
    sign(signingKey(raw.keys.secretAccessKey, scope), stringToSign(amzDate, scope, canonical)),
  )
  return send({ ...raw, query: query.toString() }, { ...headers, ...raw.tamper })
}

function send(raw: RawRequest, headers: Record<string, string>): Promise<RawResponse> {
  const { hostname, port } = new URL(raw.url)
  const path = raw.query === undefined ? raw.path : `${raw.path}?${raw.query}`
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method: raw.method ?? 'GET', path, headers }, response => {
      text(response).then(
        body => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        reject,
      )
    })
    outgoing.on('error', reject)
    outgoing.end(raw.body)
  })
}
