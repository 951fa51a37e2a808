import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { canonicalRequest, sha256Hex } from '../../src/stand-in/sigv4/canonical-request.ts'
import { sign, signingKey, stringToSign } from '../../src/stand-in/sigv4/signature.ts'
import { report } from './report.ts'

const vectorSchema = z.object({
  name: z.string(),
  kind: z.enum(['header', 'query']),
  /** False: the path is signed as it is, which is how S3 signs. */
  normalize: z.boolean(),
  /** True: the token joins the request after it was signed. */
  omitsSessionToken: z.boolean(),
  signedRequest: z.string(),
  canonicalRequest: z.string(),
  stringToSign: z.string(),
  signature: z.string(),
})

type Vector = z.infer<typeof vectorSchema>

const VECTORS = z
  .array(vectorSchema)
  .parse(JSON.parse(readFileSync(new URL('./sigv4-vectors/vectors.json', import.meta.url), 'utf8')))

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const AMZ_DATE = '20150830T123600Z'
const SCOPE = { date: '20150830', region: 'us-east-1', service: 'service' }

it.each(VECTORS)('signs $name by $kind as AWS published it', vector => {
  const canonical = canonicalRequest(toSignable(vector))
  const text = stringToSign(AMZ_DATE, SCOPE, canonical)

  expect(canonical).toBe(vector.canonicalRequest)
  expect(text).toBe(vector.stringToSign)
  expect(sign(signingKey(SECRET, SCOPE), text)).toBe(vector.signature)
})

it('covers the whole published suite', () => {
  report(`SigV4: ${VECTORS.length} published vectors`)
  expect(VECTORS.length).toBeGreaterThanOrEqual(74)
})

/** The parts of a request as they were on the wire, before Node's own parser. */
function toSignable(vector: Vector): Parameters<typeof canonicalRequest>[0] {
  const [head = '', ...rest] = vector.signedRequest.replaceAll('\r', '').split('\n\n')
  const [first = '', ...lines] = head.replaceAll(/\n[ \t]+/g, ' ').split('\n')
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.1$/.exec(first) ?? []
  const mark = target.indexOf('?')
  const query = mark < 0 ? '' : target.slice(mark + 1)
  const headers = readHeaders(lines.filter(line => line !== ''))
  const signed =
    /SignedHeaders=([^,]+)/.exec(headers.get('authorization') ?? '')?.[1] ??
    decodeURIComponent(/X-Amz-SignedHeaders=([^&]+)/.exec(target)?.[1] ?? '')
  return {
    method,
    rawPath: mark < 0 ? target : target.slice(0, mark),
    rawQuery: vector.omitsSessionToken ? query.replace(/X-Amz-Security-Token=[^&]*&?/, '') : query,
    headers,
    signedHeaders: signed.split(';'),
    payloadHash: sha256Hex(rest.join('\n\n').trim()),
    service: vector.normalize ? 'service' : 's3',
  }
}

function readHeaders(lines: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before},${value}`)
  }
  return headers
}
