import { createSign, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTokenIssuer } from '../../../src/stand-in/identity-provider/tokens.ts'

const claims = { iss: 'https://accounts.google.com', aud: 'audience', sub: '1', iat: 1, exp: 2 }

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('the token issuer', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'issuer-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('reads back what it minted, also after a restart', async () => {
    const token = (await openTokenIssuer(folder)).mint(claims)

    expect((await openTokenIssuer(folder)).verify(token)).toEqual(claims)
  })

  it('refuses claims that were changed after signing', async () => {
    const issuer = await openTokenIssuer(folder)
    const [header, , signature] = issuer.mint(claims).split('.')

    expect(issuer.verify(`${header}.${encode({ ...claims, sub: '2' })}.${signature}`)).toBe('unknown-key')
  })

  it('refuses a token that says it needs no signature', async () => {
    const issuer = await openTokenIssuer(folder)

    expect(issuer.verify(`${encode({ alg: 'none' })}.${encode(claims)}.`)).toBe('malformed')
  })

  it('refuses a token of another key, whatever key id it claims', async () => {
    const issuer = await openTokenIssuer(folder)
    const [header] = issuer.mint(claims).split('.')
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const signed = `${header}.${encode(claims)}`
    const signature = createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')

    expect(issuer.verify(`${signed}.${signature}`)).toBe('unknown-key')
  })

  it('refuses what is no token at all', async () => {
    const issuer = await openTokenIssuer(folder)
    for (const text of ['', 'a.b', 'a.b.c', 'ya29.access-token', 'a.b.c.d'])
      expect(issuer.verify(text)).toBe('malformed')
  })
})
