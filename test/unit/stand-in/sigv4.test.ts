import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { decodeChunked } from '../../../src/stand-in/s3/chunked-body.ts'
import { canonicalRequest, sha256Hex } from '../../../src/stand-in/sigv4/canonical-request.ts'
import { sign, signingKey, stringToSign } from '../../../src/stand-in/sigv4/signature.ts'

/** AWS's published test suite (`get-vanilla` and others) uses these. */
const SUITE = {
  secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  amzDate: '20150830T123600Z',
  scope: { date: '20150830', region: 'us-east-1', service: 'service' },
}

/** The examples of S3's API reference use these. */
const S3_DOCS = {
  secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  amzDate: '20130524T000000Z',
  scope: { date: '20130524', region: 'us-east-1', service: 's3' },
}

const EMPTY = sha256Hex('')

interface Vector {
  readonly name: string
  readonly from: typeof SUITE
  readonly method: string
  readonly path: string
  readonly query?: string
  readonly headers: Readonly<Record<string, string>>
  readonly payloadHash?: string
  readonly signature: string
}

const suiteHeaders = { host: 'example.amazonaws.com', 'x-amz-date': SUITE.amzDate }

const bucketHost = 'examplebucket.s3.amazonaws.com'

const docsHeaders = { host: bucketHost, 'x-amz-content-sha256': EMPTY, 'x-amz-date': S3_DOCS.amzDate }

const VECTORS: readonly Vector[] = [
  {
    name: 'get-vanilla',
    from: SUITE,
    method: 'GET',
    path: '/',
    headers: suiteHeaders,
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  {
    name: 'post-vanilla',
    from: SUITE,
    method: 'POST',
    path: '/',
    headers: suiteHeaders,
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  {
    name: 'get-vanilla-query-order-key-case',
    from: SUITE,
    method: 'GET',
    path: '/',
    query: 'Param2=value2&Param1=value1',
    headers: suiteHeaders,
    signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  {
    name: 'get-relative (paths of other services than S3 are normalised)',
    from: SUITE,
    method: 'GET',
    path: '/example/..',
    headers: suiteHeaders,
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  {
    name: 'S3 GET Object with a range',
    from: S3_DOCS,
    method: 'GET',
    path: '/test.txt',
    headers: { ...docsHeaders, range: 'bytes=0-9' },
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    name: 'S3 PUT Object with a $ in its key',
    from: S3_DOCS,
    method: 'PUT',
    path: '/test$file.text',
    headers: {
      ...docsHeaders,
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-content-sha256': sha256Hex('Welcome to Amazon S3.'),
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    },
    payloadHash: sha256Hex('Welcome to Amazon S3.'),
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  {
    name: 'S3 GET Bucket lifecycle (a query name without a value)',
    from: S3_DOCS,
    method: 'GET',
    path: '/',
    query: 'lifecycle',
    headers: docsHeaders,
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    name: 'S3 list objects',
    from: S3_DOCS,
    method: 'GET',
    path: '/',
    query: 'max-keys=2&prefix=J',
    headers: docsHeaders,
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
  {
    name: 'S3 presigned URL',
    from: S3_DOCS,
    method: 'GET',
    path: '/test.txt',
    query:
      'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=ignored',
    headers: { host: bucketHost },
    payloadHash: 'UNSIGNED-PAYLOAD',
    signature: 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  },
]

describe('SigV4', () => {
  it.each(VECTORS)('computes the signature that AWS publishes for $name', vector => {
    const { secret, amzDate, scope } = vector.from
    const canonical = canonicalRequest({
      method: vector.method,
      rawPath: vector.path,
      rawQuery: vector.query ?? '',
      headers: new Map(Object.entries(vector.headers)),
      signedHeaders: Object.keys(vector.headers).sort(),
      payloadHash: vector.payloadHash ?? EMPTY,
      service: scope.service,
    })

    expect(sign(signingKey(secret, scope), stringToSign(amzDate, scope, canonical))).toBe(vector.signature)
  })
})

describe('an aws-chunked body', () => {
  const seed = {
    key: signingKey(S3_DOCS.secret, S3_DOCS.scope),
    scope: S3_DOCS.scope,
    amzDate: S3_DOCS.amzDate,
    signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  }
  const published = [
    [65_536, 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'],
    [1024, '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'],
    [0, 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'],
  ] as const

  function encode(chunks: readonly (readonly [size: number, signature: string])[]): Buffer {
    return Buffer.concat(
      chunks.map(([size, signature]) =>
        Buffer.from(`${size.toString(16)};chunk-signature=${signature}\r\n${'a'.repeat(size)}\r\n`),
      ),
    )
  }

  async function* inPieces(bytes: Buffer, pieceBytes: number): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  }

  async function decode(body: Buffer, pieceBytes: number): Promise<string> {
    const hash = createHash('sha256')
    const source = inPieces(body, pieceBytes)
    for await (const bytes of decodeChunked(source, 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', seed, new Map()))
      hash.update(bytes)
    return hash.digest('hex')
  }

  it.each([7, 8192, 1_000_000])(
    'with the signatures that AWS publishes is accepted in pieces of %i bytes',
    async size => {
      expect(await decode(encode(published), size)).toBe(sha256Hex('a'.repeat(66_560)))
    },
  )

  it('with one changed byte is refused', async () => {
    const body = encode(published)
    body.write('b', 200)

    await expect(decode(body, 8192)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' })
  })

  it('that ends early is refused', async () => {
    await expect(decode(encode(published.slice(0, 2)), 8192)).rejects.toMatchObject({
      code: 'IncompleteBody',
    })
  })

  it('with its chunks in another order is refused', async () => {
    const [first, second, last] = published
    await expect(decode(encode([second, first, last]), 8192)).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
    })
  })

  it('has its signed trailer verified as AWS publishes it', async () => {
    const chunks: (readonly [number, string])[] = [
      [65_536, 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2'],
      [1024, '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7'],
    ]
    const end = (signature: string): Buffer =>
      Buffer.from(
        `0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\nx-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:${signature}\r\n\r\n`,
      )
    const trailerSeed = {
      ...seed,
      signature: '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
    }
    const read = async (signature: string): Promise<ReadonlyMap<string, string>> => {
      const trailers = new Map<string, string>()
      const body = inPieces(Buffer.concat([encode(chunks), end(signature)]), 4096)
      const mode = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'
      for await (const _ of decodeChunked(body, mode, trailerSeed, trailers));
      return trailers
    }

    const right = 'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435'
    expect(await read(right)).toEqual(new Map([['x-amz-checksum-crc32c', 'sOO8/Q==']]))
    await expect(read(right.replace('d', 'e'))).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' })
  })
})
