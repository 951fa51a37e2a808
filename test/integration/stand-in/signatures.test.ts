import { crc32 } from 'node:zlib'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { type RawRequest, sendPresigned, sendRaw } from './raw-request.ts'
import { type Clients, openSession } from './session.ts'

const QUARTER_MS = 15 * 60_000

describe('a signed request', () => {
  let standIn: TestStandIn
  let customer: Customer
  let clients: Clients

  beforeAll(async () => {
    standIn = await startStandIn()
    customer = await createCustomer(standIn)
    clients = await openSession(standIn, customer)
    await clients.s3.send(new PutObjectCommand({ Bucket: customer.bucket, Key: 'key', Body: 'content' }))
  })
  afterAll(() => standIn.stop())

  const read = (changes: Partial<RawRequest> = {}): RawRequest => ({
    url: standIn.url,
    path: `/${customer.bucket}/key`,
    keys: clients.keys,
    region: customer.region,
    ...changes,
  })

  const glueRead = (changes: Partial<RawRequest> = {}): RawRequest =>
    read({
      method: 'POST',
      path: '/',
      service: 'glue',
      body: '{"Name":"default"}',
      headers: { 'x-amz-target': 'AWSGlue.GetDatabase' },
      ...changes,
    })

  it('is answered when all is right', async () => {
    expect(await sendRaw(read())).toMatchObject({ status: 200, body: 'content' })
    expect(await sendRaw(glueRead())).toMatchObject({ status: 200 })
  })

  it('is refused when a signed header changed on the way', async () => {
    const refused = await sendRaw(read({ headers: { range: 'bytes=0-1' }, tamper: { range: 'bytes=0-5' } }))

    expect(refused.status).toBe(403)
    expect(refused.body).toContain('<Code>SignatureDoesNotMatch</Code>')
  })

  it('is refused when its body changed on the way', async () => {
    const other = Buffer.from('{"Name":"another"}')
    const glue = await sendRaw(glueRead({ body: other, payloadHash: 'a'.repeat(64) }))
    expect(glue.body).toContain('InvalidSignatureException')

    const s3 = await sendRaw(
      read({ method: 'PUT', body: 'x', payloadHash: 'a'.repeat(64), headers: { 'content-length': '1' } }),
    )
    expect(s3).toMatchObject({ status: 400 })
    expect(s3.body).toContain('XAmzContentSHA256Mismatch')
  })

  it('is refused when an x-amz header is not signed', async () => {
    const refused = await sendRaw(read({ tamper: { 'x-amz-acl': 'public-read' } }))

    expect(refused.status).toBe(403)
    expect(refused.body).toContain('not signed')
  })

  it('is refused when its clock is more than 15 minutes off, either way', async () => {
    for (const offMs of [-QUARTER_MS - 60_000, QUARTER_MS + 60_000]) {
      const refused = await sendRaw(read({ date: new Date(Date.now() + offMs) }))
      expect(refused.status).toBe(403)
      expect(refused.body).toContain('RequestTimeTooSkewed')
    }
    expect(await sendRaw(read({ date: new Date(Date.now() - QUARTER_MS + 60_000) }))).toMatchObject({
      status: 200,
    })
  })

  it('is refused under the name that each service has for an unknown key', async () => {
    const keys = { accessKeyId: 'AKIAUNKNOWNUNKNOWN22', secretAccessKey: 'secret' }
    expect((await sendRaw(read({ keys }))).body).toContain('InvalidAccessKeyId')
    expect((await sendRaw(glueRead({ keys }))).body).toContain('UnrecognizedClientException')
    const sts = { service: 'sts', method: 'POST', path: '/', body: 'Action=GetCallerIdentity' }
    expect((await sendRaw(read({ keys, ...sts }))).body).toContain('InvalidClientTokenId')
  })

  it('is refused with another session token, or without one', async () => {
    const { accessKeyId, secretAccessKey } = clients.keys
    const other = { accessKeyId, secretAccessKey, sessionToken: 'other' }
    expect((await sendRaw(read({ keys: other }))).body).toContain('InvalidToken')
    expect((await sendRaw(read({ keys: { accessKeyId, secretAccessKey } }))).body).toContain(
      'InvalidAccessKeyId',
    )
    expect((await sendRaw(glueRead({ keys: other }))).body).toContain('UnrecognizedClientException')
  })

  it('is refused for a region of another partition', async () => {
    expect((await sendRaw(read({ region: 'cn-north-1' }))).body).toContain('InvalidAccessKeyId')
  })

  it('is refused when it is not signed at all', async () => {
    const response = await fetch(`${standIn.url}/${customer.bucket}/key`)
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('<Code>AccessDenied</Code>')

    const glue = await fetch(standIn.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'AWSGlue.GetDatabase' },
    })
    expect(glue.status).toBe(400)
    expect(await glue.text()).toContain('MissingAuthenticationTokenException')
  })

  it('is refused when its authorization cannot be read', async () => {
    const refused = await sendRaw(read({ tamper: { authorization: 'AWS4-HMAC-SHA256 Credential=x' } }))

    expect(refused.body).toContain('AuthorizationHeaderMalformed')
  })

  it('may be presigned, until it expires or is changed', async () => {
    expect(await sendPresigned(read(), 60)).toMatchObject({ status: 200, body: 'content' })

    const late = await sendPresigned(read({ date: new Date(Date.now() - 120_000) }), 60)
    expect(late.status).toBe(403)
    expect(late.body).toContain('Request has expired')

    const other = await sendPresigned(read({ tamper: { host: 'elsewhere' } }), 60)
    expect(other.body).toContain('SignatureDoesNotMatch')
  })

  it('may name the bucket in its host', async () => {
    const { port } = new URL(standIn.url)
    for (const domain of ['localhost', 's3.eu-west-1.amazonaws.com', 'stand-in']) {
      const host = `${customer.bucket}.${domain}:${port}`
      expect(await sendRaw(read({ path: '/key', headers: { host } }))).toMatchObject({
        status: 200,
        body: 'content',
      })
    }
  })

  it('answers 301 with the right region when signed for a wrong one', async () => {
    const moved = await sendRaw(read({ region: 'us-east-1' }))

    expect(moved.status).toBe(301)
    expect(moved.headers['x-amz-bucket-region']).toBe('eu-west-1')
    expect(moved.body).toContain('PermanentRedirect')
  })

  describe('with an aws-chunked body', () => {
    const put = (payloadHash: string, body: string, decodedBytes: number, trailer?: string): RawRequest =>
      read({
        method: 'PUT',
        path: `/${customer.bucket}/chunked`,
        payloadHash,
        body,
        headers: {
          'content-encoding': 'aws-chunked,gzip',
          'content-length': String(body.length),
          'x-amz-decoded-content-length': String(decodedBytes),
          ...(trailer !== undefined && { 'x-amz-trailer': trailer }),
        },
      })
    const unsigned = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'

    it('is stored without its framing', async () => {
      const sum = Buffer.from(crc32('abcde').toString(16).padStart(8, '0'), 'hex').toString('base64')
      const body = `3\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:${sum}\r\n\r\n`
      const stored = await sendRaw(put(unsigned, body, 5, 'x-amz-checksum-crc32'))
      expect(stored.status).toBe(200)

      const got = await sendRaw(read({ path: `/${customer.bucket}/chunked` }))
      expect(got.body).toBe('abcde')
      expect(got.headers['content-encoding']).toBe('gzip')
    })

    it('is refused with a wrong checksum in its trailer', async () => {
      const body = '5\r\nabcde\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n'
      expect((await sendRaw(put(unsigned, body, 5, 'x-amz-checksum-crc32'))).body).toContain('BadDigest')
    })

    it('is refused when the trailer it promised is missing', async () => {
      const refused = await sendRaw(put(unsigned, '5\r\nabcde\r\n0\r\n\r\n', 5, 'x-amz-checksum-crc32'))
      expect(refused.body).toContain('MalformedTrailerError')
    })

    it('is refused when it is shorter or longer than announced', async () => {
      const body = '5\r\nabcde\r\n0\r\n\r\n'
      for (const announced of [4, 6]) {
        expect((await sendRaw(put(unsigned, body, announced))).body).toContain('IncompleteBody')
      }
    })

    it('is refused when a chunk was not signed', async () => {
      const body = `5;chunk-signature=${'0'.repeat(64)}\r\nabcde\r\n0;chunk-signature=${'0'.repeat(64)}\r\n\r\n`
      const refused = await sendRaw(put('STREAMING-AWS4-HMAC-SHA256-PAYLOAD', body, 5))
      expect(refused.body).toContain('SignatureDoesNotMatch')
    })
  })
})
