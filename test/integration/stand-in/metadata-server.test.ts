import { createPublicKey, createVerify } from 'node:crypto'
import { GoogleAuth } from 'google-auth-library'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { openSession } from './session.ts'

describe('the local identity provider', () => {
  let standIn: TestStandIn
  let customer: Customer

  beforeAll(async () => {
    standIn = await startStandIn()
    customer = await createCustomer(standIn)
  })
  afterEach(() => vi.unstubAllEnvs())
  afterAll(() => standIn.stop())

  it("gives Google's own library a token that STS takes for the customer's role", async () => {
    vi.stubEnv('GCE_METADATA_HOST', new URL(standIn.url).host)
    const client = await new GoogleAuth().getIdTokenClient(customer.audience)
    const headers = await client.getRequestHeaders()
    const token = headers.get('authorization')?.replace('Bearer ', '') ?? ''

    const { keys } = await openSession(standIn, { ...customer, mintToken: async () => token })
    expect(keys.accessKeyId).toMatch(/^ASIA/)
  })

  it('answers only requests that mean a metadata server', async () => {
    const path = '/computeMetadata/v1/instance/service-accounts/default/identity?audience=x&format=full'
    const without = await fetch(new URL(path, standIn.url))
    expect(without.status).toBe(403)

    const response = await fetch(new URL(path, standIn.url), { headers: { 'Metadata-Flavor': 'Google' } })
    expect(response.headers.get('metadata-flavor')).toBe('Google')
    const [, claims = ''] = (await response.text()).split('.')
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      iss: 'https://accounts.google.com',
      aud: 'x',
      sub: customer.subject,
      email: 'transfers@stand-in.iam.gserviceaccount.com',
    })
  })

  it('publishes the key that its tokens are signed with', async () => {
    const discovery = z.object({ jwks_uri: z.url() })
    const configuration = await fetch(new URL('/.well-known/openid-configuration', standIn.url))
    const { jwks_uri } = discovery.parse(await configuration.json())
    const jwks = z.object({ keys: z.tuple([z.looseObject({ kid: z.string(), kty: z.string() })]) })
    const [key] = jwks.parse(await (await fetch(jwks_uri)).json()).keys
    const [header = '', claims = '', signature = ''] = (await customer.mintToken()).split('.')

    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({
      alg: 'RS256',
      kid: key.kid,
    })
    const verifier = createVerify('RSA-SHA256').update(`${header}.${claims}`)
    expect(verifier.verify(createPublicKey({ key, format: 'jwk' }), signature, 'base64url')).toBe(true)
  })
})
