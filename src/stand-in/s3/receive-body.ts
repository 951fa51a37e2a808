import { createHash } from 'node:crypto'
import type { Call } from '../http/call.ts'
import { AwsError } from '../services.ts'
import type { SignatureSeed } from '../sigv4/verify.ts'
import type { BodyFiles, Meter, WrittenBody } from './body-files.ts'
import { incompleteBody } from './byte-reader.ts'
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, checksumHeader, startChecksum } from './checksums.ts'
import { type ChunkedMode, decodeChunked } from './chunked-body.ts'
import { invalidArgument, invalidRequest, s3Error } from './errors.ts'

/** A verified body with the checksum that is kept of it: the client's, or the one that S3 chose itself. */
export type VerifiedBody<Sunk extends Digested> = Sunk & {
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string }
}

/** What a sink knows of the bytes it took. */
interface Digested {
  readonly md5Hex: string
}

/** Where a body goes; every chunk is shown to all meters. */
export type BodySink<Sunk extends Digested> = (
  source: AsyncIterable<Uint8Array>,
  meters: readonly Meter[],
) => Promise<Sunk>

/** What a request says of its body. */
export interface BodyClaims {
  readonly seed: SignatureSeed
  /** The signed `x-amz-content-sha256`. */
  readonly payloadHash: string
  /** Keeps a checksum of this algorithm, whichever one the client sends. */
  readonly keepAlgorithm?: ChecksumAlgorithm
  /** Whether checksum headers speak of this body, or (CompleteMultipartUpload) of the object it asks for. */
  readonly checksumHeaders: 'of-body' | 'of-object'
}

/** Largest body of PutObject and UploadPart, in bytes: 5 GiB. */
const MAX_BODY_BYTES = 5 * 1024 ** 3

/** What S3 computes when the client names no checksum. */
const DEFAULT_ALGORITHM: ChecksumAlgorithm = 'CRC64NVME'

const CHUNKED_MODES: readonly ChunkedMode[] = [
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
]

/**
 * Streams the body of a request to disk and verifies all that the client said of it: length, payload hash, chunk
 * signatures, checksum in header or trailer, Content-MD5. Nothing stays on disk when one of them is wrong.
 * @throws {AwsError} `BadDigest`, `XAmzContentSHA256Mismatch`, `IncompleteBody`, `EntityTooLarge` and kin.
 */
export async function receiveBody(
  bodies: BodyFiles,
  call: Call,
  claims: BodyClaims,
): Promise<VerifiedBody<WrittenBody>> {
  let written: WrittenBody | undefined
  try {
    return await verifyBody(call, claims, async (source, meters) => {
      written = await bodies.write(source, meters)
      return written
    })
  } catch (error) {
    if (written) bodies.discard(written.file)
    throw error
  }
}

/** As `receiveBody`, into any sink, which holds the whole body by the time that something is found wrong with it. */
export async function verifyBody<Sunk extends Digested>(
  call: Call,
  claims: BodyClaims,
  sink: BodySink<Sunk>,
): Promise<VerifiedBody<Sunk>> {
  const mode = CHUNKED_MODES.find(candidate => candidate === claims.payloadHash)
  const signedHash = mode ? undefined : plainHash(claims.payloadHash)
  const announced = announcedBytes(call, mode)
  const named = claims.checksumHeaders === 'of-body' ? namedAlgorithm(call) : undefined
  const kept = claims.keepAlgorithm ?? named ?? DEFAULT_ALGORITHM
  const checksum = startChecksum(kept)
  const verified = named === undefined || named === kept ? checksum : startChecksum(named)
  const sha256 = createHash('sha256')
  const meters = new Set<Meter>([checksum, verified])
  if (signedHash !== undefined) meters.add({ update: bytes => void sha256.update(bytes) })
  const trailers = new Map<string, string>()
  // The stream stays open on an early exit, so that the client gets to read the answer.
  const raw = call.body.iterator({ destroyOnReturn: false })
  const content = mode ? decodeChunked(raw, mode, claims.seed, trailers) : raw
  const sunk = await sink(exactly(content, announced), [...meters])
  const value = checksum.digest()
  const claimed = named && claimedChecksum(call, trailers, named)
  if (claimed !== undefined && claimed !== (named === kept ? value : verified.digest()))
    throw badDigest(String(named))
  if (signedHash !== undefined && sha256.digest('hex') !== signedHash)
    throw s3Error('XAmzContentSHA256Mismatch')
  verifyMd5(call, sunk.md5Hex)
  return { ...sunk, checksum: { algorithm: kept, value } }
}

/** The SHA-256 that a body must have; undefined when it is not signed. */
function plainHash(payloadHash: string): string | undefined {
  if (payloadHash === 'UNSIGNED-PAYLOAD') return undefined
  if (/^[0-9a-f]{64}$/.test(payloadHash)) return payloadHash
  throw invalidArgument(
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING- marker, or a valid sha256 value.',
    'x-amz-content-sha256',
    payloadHash,
  )
}

function announcedBytes(call: Call, mode: ChunkedMode | undefined): number {
  const text = call.headers.get(mode ? 'x-amz-decoded-content-length' : 'content-length')
  if (text === undefined || !/^\d+$/.test(text)) throw s3Error('MissingContentLength')
  const bytes = Number(text)
  if (bytes > MAX_BODY_BYTES)
    throw s3Error('EntityTooLarge', { ProposedSize: bytes, MaxSizeAllowed: MAX_BODY_BYTES })
  return bytes
}

async function* exactly(source: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let seen = 0
  for await (const chunk of source) {
    seen += chunk.length
    if (seen > bytes) throw incompleteBody()
    yield chunk
  }
  if (seen !== bytes) throw incompleteBody()
}

/**
 * The one algorithm that headers, trailer or `x-amz-sdk-checksum-algorithm` name.
 * @throws {AwsError} `InvalidRequest` when they name several.
 */
export function namedAlgorithm(call: Call): ChecksumAlgorithm | undefined {
  const trailer = call.headers.get('x-amz-trailer')?.toLowerCase().trim()
  const named = CHECKSUM_ALGORITHMS.filter(algorithm => {
    const header = checksumHeader(algorithm)
    return call.headers.has(header) || trailer === header
  })
  if (named.length > 1)
    throw invalidRequest(
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    )
  const declared = call.headers.get('x-amz-sdk-checksum-algorithm')?.toUpperCase()
  if (named[0] !== undefined && declared !== undefined && declared !== named[0])
    throw invalidRequest('Value for x-amz-sdk-checksum-algorithm header is invalid.')
  return named[0] ?? CHECKSUM_ALGORITHMS.find(algorithm => algorithm === declared)
}

function claimedChecksum(
  call: Call,
  trailers: ReadonlyMap<string, string>,
  algorithm: ChecksumAlgorithm,
): string | undefined {
  const header = checksumHeader(algorithm)
  if (call.headers.get('x-amz-trailer')?.toLowerCase().trim() === header && !trailers.has(header))
    throw new AwsError(
      'MalformedTrailerError',
      400,
      'The request contained trailing data that was not well-formed.',
    )
  const claimed = trailers.get(header) ?? call.headers.get(header)
  if (claimed !== undefined && !/^[A-Za-z0-9+/]+={0,2}$/.test(claimed))
    throw invalidRequest(`Value for ${header} header is invalid.`)
  return claimed
}

function verifyMd5(call: Call, md5Hex: string): void {
  const claimed = call.headers.get('content-md5')
  if (claimed === undefined) return
  const bytes = Buffer.from(claimed, 'base64')
  if (bytes.length !== 16) throw s3Error('InvalidDigest')
  if (bytes.toString('hex') !== md5Hex) throw badDigest('Content-MD5')
}

function badDigest(what: string): AwsError {
  return new AwsError('BadDigest', 400, `The ${what} you specified did not match the calculated checksum.`)
}

/** The part number of a request. @throws {AwsError} `InvalidArgument` outside 1 to 10,000. */
export function partNumberOf(call: Call): number {
  const text = call.query.get('partNumber') ?? ''
  const partNumber = Number(text)
  if (Number.isInteger(partNumber) && partNumber >= 1 && partNumber <= 10_000) return partNumber
  throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive', 'partNumber', text)
}
