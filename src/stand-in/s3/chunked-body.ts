import { createHash, type Hash } from 'node:crypto'
import { AwsError } from '../services.ts'
import { sha256Hex } from '../sigv4/canonical-request.ts'
import { signatureError } from '../sigv4/errors.ts'
import { sameSignature, scopeText, sign } from '../sigv4/signature.ts'
import type { SignatureSeed } from '../sigv4/verify.ts'
import { type ByteReader, createByteReader } from './byte-reader.ts'

/** What `x-amz-content-sha256` says of an aws-chunked body. */
export type ChunkedMode =
  | 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  | 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
  | 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'

/**
 * Takes an aws-chunked body apart and yields its content; verifies each chunk's signature where there are any, and the
 * trailer's. Trailing headers are put into `trailers` before the last step. A chunk's bytes are yielded before its
 * signature is known to be right, so the receiver must discard all on an error.
 * @throws {AwsError} `SignatureDoesNotMatch`, `IncompleteBody`, `InvalidRequest`.
 */
export async function* decodeChunked(
  source: AsyncIterable<Uint8Array>,
  mode: ChunkedMode,
  seed: SignatureSeed,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const reader = createByteReader(source)
  const chain = mode === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' ? undefined : createChain(seed)
  try {
    for (;;) {
      const { size, signature } = parseChunkHeader(await reader.line())
      const hash = createHash('sha256')
      yield* readChunk(reader, size, hash)
      chain?.verifyChunk(hash.digest('hex'), signature)
      if (size === 0) break
      if ((await reader.line()) !== '') throw malformed()
    }
    if (mode === 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD') await readPlainEnd(reader)
    else await readTrailers(reader, trailers, chain)
    if (!(await reader.atEnd())) throw malformed()
  } finally {
    await reader.release()
  }
}

async function* readChunk(reader: ByteReader, size: number, hash: Hash): AsyncGenerator<Buffer> {
  for (let left = size; left > 0; ) {
    const bytes = await reader.some(left)
    hash.update(bytes)
    left -= bytes.length
    yield bytes
  }
}

function parseChunkHeader(line: string): { size: number; signature: string | undefined } {
  const match = /^([0-9a-f]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(line)
  if (!match) throw malformed()
  return { size: Number.parseInt(match[1] ?? '', 16), signature: match[2] }
}

async function readPlainEnd(reader: ByteReader): Promise<void> {
  if (!(await reader.atEnd()) && (await reader.line()) !== '') throw malformed()
}

async function readTrailers(
  reader: ByteReader,
  trailers: Map<string, string>,
  chain: SignatureChain | undefined,
): Promise<void> {
  const signed: string[] = []
  let signature: string | undefined
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase().trim()
    const value = line.slice(colon + 1).trim()
    if (name === 'x-amz-trailer-signature') {
      signature = value
      continue
    }
    trailers.set(name, value)
    signed.push(`${name}:${value}\n`)
    if (await reader.atEnd()) break // Some clients leave out the last empty line.
  }
  chain?.verifyTrailer(sha256Hex(signed.join('')), signature)
}

interface SignatureChain {
  verifyChunk(contentHash: string, signature: string | undefined): void
  verifyTrailer(trailerHash: string, signature: string | undefined): void
}

function createChain(seed: SignatureSeed): SignatureChain {
  let previous = seed.signature
  const verify = (algorithm: string, hashes: readonly string[], signature: string | undefined): void => {
    const text = [algorithm, seed.amzDate, scopeText(seed.scope), previous, ...hashes].join('\n')
    const expected = sign(seed.key, text)
    if (signature === undefined || !sameSignature(expected, signature)) throw signatureError('mismatch', 's3')
    previous = expected
  }
  const emptyHash = sha256Hex('')
  return {
    verifyChunk: (hash, signature) => verify('AWS4-HMAC-SHA256-PAYLOAD', [emptyHash, hash], signature),
    verifyTrailer: (hash, signature) => verify('AWS4-HMAC-SHA256-TRAILER', [hash], signature),
  }
}

function malformed(): AwsError {
  return new AwsError('InvalidRequest', 400, 'The aws-chunked body is malformed.')
}
