import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { AwsCredentials } from '../../../src/aws/clients.ts'
import { createIdentityTokens } from '../../../src/credentials/identity-token.ts'
import { createOpenSession } from '../../../src/credentials/open-session.ts'
import { refreshing } from '../../../src/credentials/session-credentials.ts'
import { destinationSchema } from '../../../src/domain/destination.ts'

const HOUR_MS = 3_600_000

function credentials(expiresAtMs: number): AwsCredentials {
  return {
    accessKeyId: `ASIA${expiresAtMs}`,
    secretAccessKey: 's',
    sessionToken: 't',
    expiration: new Date(expiresAtMs),
  }
}

it('opens a new session five minutes before the old one ends, and not earlier', async () => {
  let now = 0
  const get = refreshing(
    async () => credentials(now + HOUR_MS),
    () => now,
  )
  const first = await get()
  now = HOUR_MS - 300_001
  expect(await get()).toBe(first)
  now = HOUR_MS - 300_000
  expect(await get()).not.toBe(first)
})

it('opens one session however many ask at a time', async () => {
  let opened = 0
  const get = refreshing(async () => credentials(Date.now() + HOUR_MS + opened++))
  await Promise.all([get(), get(), get()])
  expect(opened).toBe(1)
})

it('opens another session once for all who were rejected with the same key', async () => {
  let opened = 0
  const get = refreshing(async () => credentials(Date.now() + HOUR_MS + opened++))
  const { accessKeyId } = await get()
  const renewed = await Promise.all([get(accessKeyId), get(accessKeyId)])
  const late = await get(accessKeyId)

  expect(opened).toBe(2)
  expect(new Set([...renewed, late]).size).toBe(1)
})

it('tries again after a failed refresh', async () => {
  let tries = 0
  const get = refreshing(async () => {
    if (tries++ === 0) throw new Error('down')
    return credentials(Date.now() + HOUR_MS)
  })
  await expect(get()).rejects.toThrow('down')
  await expect(get()).resolves.toMatchObject({ secretAccessKey: 's' })
})

it('reads the token file anew for each session', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'token-'))
  const path = join(folder, 'token')
  const tokens = createIdentityTokens({ type: 'file', path })
  await expect(tokens('a')).rejects.toMatchObject({ code: 'IDENTITY_TOKEN_UNAVAILABLE' })
  await writeFile(path, 'first\n')
  expect(await tokens('a')).toBe('first')
  await writeFile(path, 'second\n')
  expect(await tokens('a')).toBe('second')
  await rm(folder, { recursive: true })
})

const destination = destinationSchema.parse({
  name: 'acme',
  bucket: 'acme-athena',
  region: 'eu-west-1',
  database: 'r',
  schema: 's',
  access: { type: 'web-identity', roleArn: 'arn:aws:iam::123456789012:role/r', audience: 'org-acme' },
})

function sessionsWith(refusal: string) {
  const thrown = Object.assign(new Error('Not authorized'), { name: refusal })
  const sts = () => ({
    assumeRoleWithWebIdentity: () => Promise.reject(thrown),
    assumeRole: () => Promise.reject(thrown),
  })
  return createOpenSession({ sts, identityTokens: async () => 'token', readSecret: async () => 'secret' })
}

it.each([
  ['AccessDenied', 'ROLE_NOT_ASSUMABLE', 'customer'],
  ['ExpiredTokenException', 'IDENTITY_TOKEN_UNAVAILABLE', 'operator'],
  ['ECONNREFUSED', 'AWS_UNAVAILABLE', 'operator'],
  ['Throttling', 'AWS_THROTTLED', 'operator'],
])('names %s of STS as %s, the move of the %s', async (refusal, code, owner) => {
  await expect(sessionsWith(refusal)(destination)).rejects.toMatchObject({ code, owner })
})
