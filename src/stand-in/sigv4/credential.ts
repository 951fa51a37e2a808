import type { Call } from '../http/call.ts'
import type { Scope } from './signature.ts'

/** What a signed request claims; nothing of it is verified yet. */
export interface SignatureClaim {
  readonly place: 'header' | 'query'
  readonly accessKeyId: string
  readonly scope: Scope
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly amzDate: string
  /** Lower-case names in the order given. */
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly sessionToken: string | undefined
  /** For presigned URLs: how long they hold after `amzDate`. */
  readonly expiresSeconds: number | undefined
}

/** Reads the signature of a call: undefined when it has none, `malformed` when it cannot be read. */
export function readClaim(call: Call): SignatureClaim | 'malformed' | undefined {
  const header = call.headers.get('authorization')
  if (header !== undefined) return readHeader(call, header)
  return call.query.has('X-Amz-Signature') || call.query.has('X-Amz-Credential') ? readQuery(call) : undefined
}

function readHeader(call: Call, header: string): SignatureClaim | 'malformed' {
  if (!header.startsWith('AWS4-HMAC-SHA256')) return 'malformed'
  const fields = new Map(
    header
      .slice('AWS4-HMAC-SHA256'.length)
      .split(',')
      .map(field => {
        const equals = field.indexOf('=')
        return [field.slice(0, equals).trim(), field.slice(equals + 1).trim()] as const
      }),
  )
  return assemble({
    place: 'header',
    credential: fields.get('Credential'),
    signedHeaders: fields.get('SignedHeaders'),
    signature: fields.get('Signature'),
    amzDate: call.headers.get('x-amz-date') ?? toAmzDate(call.headers.get('date')),
    sessionToken: call.headers.get('x-amz-security-token'),
    expiresSeconds: undefined,
  })
}

function readQuery(call: Call): SignatureClaim | 'malformed' {
  if (call.query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') return 'malformed'
  const expiresSeconds = Number(call.query.get('X-Amz-Expires') ?? Number.NaN)
  if (!Number.isInteger(expiresSeconds) || expiresSeconds < 0 || expiresSeconds > MAX_EXPIRES_SECONDS)
    return 'malformed'
  return assemble({
    place: 'query',
    credential: call.query.get('X-Amz-Credential'),
    signedHeaders: call.query.get('X-Amz-SignedHeaders'),
    signature: call.query.get('X-Amz-Signature'),
    amzDate: call.query.get('X-Amz-Date'),
    sessionToken: call.query.get('X-Amz-Security-Token'),
    expiresSeconds,
  })
}

/** A presigned URL lives for seven days at most. */
const MAX_EXPIRES_SECONDS = 604_800

interface RawClaim {
  readonly place: 'header' | 'query'
  readonly credential: string | undefined
  readonly signedHeaders: string | undefined
  readonly signature: string | undefined
  readonly amzDate: string | undefined
  readonly sessionToken: string | undefined
  readonly expiresSeconds: number | undefined
}

function assemble(raw: RawClaim): SignatureClaim | 'malformed' {
  const { place, signature, amzDate, sessionToken, expiresSeconds } = raw
  const parts = raw.credential?.split('/') ?? []
  const [accessKeyId, date, region, service, terminator] = parts
  if (parts.length !== 5 || terminator !== 'aws4_request') return 'malformed'
  if (!accessKeyId || !date || !region || !service || !signature || !raw.signedHeaders) return 'malformed'
  if (amzDate === undefined || !/^\d{8}T\d{6}Z$/.test(amzDate) || !amzDate.startsWith(date))
    return 'malformed'
  const signedHeaders = raw.signedHeaders.split(';')
  if (!signedHeaders.includes('host')) return 'malformed'
  const scope = { date, region, service }
  return { place, accessKeyId, scope, amzDate, signedHeaders, signature, sessionToken, expiresSeconds }
}

function toAmzDate(httpDate: string | undefined): string | undefined {
  const ms = Date.parse(httpDate ?? '')
  return Number.isNaN(ms) ? undefined : `${new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`
}

/** The time of an `amzDate`, in milliseconds since the epoch. */
export function amzDateMs(amzDate: string): number {
  return Date.parse(amzDate.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}
