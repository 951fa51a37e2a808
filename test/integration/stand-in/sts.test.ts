import { GetTableCommand } from '@aws-sdk/client-glue'
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3'
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  AssumeRoleWithWebIdentityCommand,
  type AssumeRoleWithWebIdentityCommandInput,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Customer, createCustomer, trustPolicy } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { assumeRole, clientsWith, openSession } from './session.ts'

describe('AssumeRoleWithWebIdentity', () => {
  let standIn: TestStandIn
  let customer: Customer
  let sts: STSClient

  beforeAll(async () => {
    standIn = await startStandIn()
    customer = await createCustomer(standIn)
    sts = new STSClient({ endpoint: standIn.url, region: customer.region, maxAttempts: 1 })
  })
  afterAll(() => standIn.stop())

  const assume = async (changes: Partial<AssumeRoleWithWebIdentityCommandInput> = {}) =>
    sts.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: customer.roleArn,
        RoleSessionName: 'session',
        WebIdentityToken: await customer.mintToken(),
        ...changes,
      }),
    )

  it('gives a session of the role for an hour, or for as long as asked', async () => {
    const { Credentials, AssumedRoleUser, Audience, Provider, SubjectFromWebIdentityToken } = await assume()
    expect(Credentials?.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/)
    expect(Math.abs(Number(Credentials?.Expiration) - Date.now() - 3_600_000)).toBeLessThan(5000)
    expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${customer.accountId}:assumed-role/transfer-role/session`)
    expect([Audience, Provider, SubjectFromWebIdentityToken]).toEqual([
      customer.audience,
      'accounts.google.com',
      customer.subject,
    ])

    const long = await assume({ DurationSeconds: 43_200 })
    expect(Math.abs(Number(long.Credentials?.Expiration) - Date.now() - 43_200_000)).toBeLessThan(5000)
  })

  it('refuses durations outside of 15 minutes and what the role allows', async () => {
    await expect(assume({ DurationSeconds: 899 })).rejects.toMatchObject({ name: 'ValidationError' })
    await expect(assume({ DurationSeconds: 43_201 })).rejects.toMatchObject({
      name: 'ValidationError',
      message: expect.stringContaining('MaxSessionDuration'),
    })
  })

  it("refuses another organisation's audience and another account's subject", async () => {
    const denied = {
      name: 'AccessDenied',
      message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
    }
    const audience = await customer.mintToken({ audience: 'https://transfer.example/organisations/other' })
    await expect(assume({ WebIdentityToken: audience })).rejects.toMatchObject(denied)
    const subject = await customer.mintToken({ subject: '1' })
    await expect(assume({ WebIdentityToken: subject })).rejects.toMatchObject(denied)
    await expect(assume({ RoleArn: `${customer.roleArn}-2` })).rejects.toMatchObject(denied)
  })

  it('takes azp as aud, and aud when there is no azp', async () => {
    const own = await createCustomer(standIn)
    await standIn.admin('PUT', `roles/${own.accountId}/${own.roleName}/trust-policy`, {
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Action: 'sts:AssumeRoleWithWebIdentity',
        Principal: { Federated: 'accounts.google.com' },
        Condition: { StringEquals: { 'accounts.google.com:aud': 'client-7' } },
      },
    })
    const attempt = async (request: Parameters<Customer['mintToken']>[0]) =>
      assume({ RoleArn: own.roleArn, WebIdentityToken: await own.mintToken(request) })

    await expect(attempt({ authorizedParty: 'client-7' })).resolves.toBeDefined()
    await expect(attempt({ authorizedParty: null, audience: 'client-7' })).resolves.toBeDefined()
    await expect(attempt({ authorizedParty: 'other', audience: 'client-7' })).rejects.toMatchObject({
      name: 'AccessDenied',
    })
  })

  it("still works with a customer's older trust policy, with the subject alone", async () => {
    const old = await createCustomer(standIn)
    const policy = trustPolicy(old.subject, '')
    const text = JSON.stringify(policy).replace(',"accounts.google.com:oaud":""', '')
    await standIn.admin('PUT', `roles/${old.accountId}/${old.roleName}/trust-policy`, JSON.parse(text))

    const token = await old.mintToken({ audience: 'anything' })
    await expect(assume({ RoleArn: old.roleArn, WebIdentityToken: token })).resolves.toBeDefined()
  })

  it('refuses an expired token, a forged one, a foreign one and what is no token', async () => {
    const expired = await customer.mintToken({ expiresInSeconds: 0 })
    await expect(assume({ WebIdentityToken: expired })).rejects.toMatchObject({
      name: 'ExpiredTokenException',
      message: expect.stringMatching(/^Token expired: current date\/time \d+ must be before/),
    })
    const [header, , signature] = (await customer.mintToken()).split('.')
    const claims = Buffer.from(
      JSON.stringify({ iss: 'accounts.google.com', aud: 'x', sub: 'y', iat: 1, exp: 9e9 }),
    )
    const invalid = { name: 'InvalidIdentityTokenException', Code: 'InvalidIdentityToken' }
    const forged = `${header}.${claims.toString('base64url')}.${signature}`
    await expect(assume({ WebIdentityToken: forged })).rejects.toMatchObject(invalid)
    const foreign = await customer.mintToken({ issuer: 'https://idp.example' })
    await expect(assume({ WebIdentityToken: foreign })).rejects.toMatchObject(invalid)
    await expect(assume({ WebIdentityToken: 'ya29.access-token' })).rejects.toMatchObject(invalid)
  })

  it('limits the session to a session policy', async () => {
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:ListBucket', Resource: '*' }],
    })
    const { Credentials } = await assume({ Policy })
    const keys = {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    }
    const { s3, glue } = clientsWith(standIn, keys, customer.region)

    await expect(s3.send(new HeadBucketCommand({ Bucket: customer.bucket }))).resolves.toBeDefined()
    await expect(
      glue.send(new GetTableCommand({ DatabaseName: customer.schema, Name: 't' })),
    ).rejects.toMatchObject({
      message: expect.stringContaining('because no session policy allows the glue:GetTable action'),
    })
  })

  it('is audited, granted or not', async () => {
    await standIn.clearAudit()
    await assume()
    await assume({ WebIdentityToken: await customer.mintToken({ subject: '1' }) }).catch(() => undefined)

    const entries = await standIn.audit({ action: 'sts:AssumeRoleWithWebIdentity' })
    expect(entries.map(entry => [entry.callerArn, entry.resource, entry.allowed])).toEqual([
      [`accounts.google.com:${customer.subject}`, customer.roleArn, true],
      ['accounts.google.com:1', customer.roleArn, false],
    ])
  })
})

describe('a session', () => {
  let standIn: TestStandIn
  let customer: Customer

  beforeAll(async () => {
    standIn = await startStandIn()
    customer = await createCustomer(standIn)
  })
  afterAll(() => standIn.stop())

  it('says who it is', async () => {
    const { sts } = await openSession(standIn, customer)
    const identity = await sts.send(new GetCallerIdentityCommand({}))

    expect(identity.Account).toBe(customer.accountId)
    expect(identity.Arn).toBe(`arn:aws:sts::${customer.accountId}:assumed-role/transfer-role/test`)
    expect(identity.UserId).toMatch(/^AROA[A-Z2-7]{16}:test$/)
  })

  it('ends for every service, under the name that each has for it', async () => {
    const { sts, s3, glue } = await openSession(standIn, customer)
    await standIn.admin('POST', 'sessions/expire', { accountId: customer.accountId })

    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: 'ExpiredToken' })
    const glueCall = glue.send(new GetTableCommand({ DatabaseName: 'x', Name: 't' }))
    await expect(glueCall).rejects.toMatchObject({ name: 'ExpiredTokenException' })
    const s3Call = s3.send(new HeadBucketCommand({ Bucket: customer.bucket }))
    await expect(s3Call).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } })
  })

  it('obeys the policies of its role as they are at each call', async () => {
    const { s3 } = await openSession(standIn, customer)
    const look = () => s3.send(new HeadBucketCommand({ Bucket: customer.bucket }))
    await look()

    await customer.setPolicy({ ...customer.policy, Statement: [] })
    await expect(look()).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } })
    await customer.setPolicy(customer.policy)
    await expect(look()).resolves.toBeDefined()
  })

  it('is unknown once its role is gone', async () => {
    const own = await createCustomer(standIn)
    const { sts } = await openSession(standIn, own)
    await standIn.admin('DELETE', `roles/${own.accountId}/${own.roleName}`)

    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
    })
  })
})

describe('AssumeRole', () => {
  let standIn: TestStandIn
  let customer: Customer
  let host: Customer
  let sts: STSClient

  const allowAssume = {
    Version: '2012-10-17',
    Statement: [{ Sid: 'Assume', Effect: 'Allow', Action: ['sts:AssumeRole'], Resource: ['*'] }],
  }

  beforeAll(async () => {
    standIn = await startStandIn()
    customer = await createCustomer(standIn)
    host = await createCustomer(standIn, { editPolicy: () => allowAssume })
    sts = clientsWith(standIn, await host.createUser('worker'), host.region).sts
    await standIn.admin('PUT', `roles/${customer.accountId}/${customer.roleName}/trust-policy`, {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'sts:AssumeRole',
          Principal: { AWS: `arn:aws:iam::${host.accountId}:root` },
          Condition: { StringEquals: { 'sts:ExternalId': 'organisation-7' } },
        },
      ],
    })
  })
  afterAll(() => standIn.stop())

  const assume = (changes: Partial<AssumeRoleCommandInput> = {}, client = sts) =>
    client.send(
      new AssumeRoleCommand({
        RoleArn: customer.roleArn,
        RoleSessionName: 'session',
        ExternalId: 'organisation-7',
        ...changes,
      }),
    )

  it('crosses accounts with the right external id', async () => {
    const { Credentials } = await assume()
    const s3 = new S3Client({
      endpoint: standIn.url,
      region: customer.region,
      forcePathStyle: true,
      credentials: {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken ?? '',
      },
    })

    await expect(s3.send(new HeadBucketCommand({ Bucket: customer.bucket }))).resolves.toBeDefined()
  })

  it('is refused with another external id, or none', async () => {
    const denied = {
      name: 'AccessDenied',
      message: expect.stringContaining('sts:AssumeRole on resource: arn:'),
    }
    await expect(assume({ ExternalId: 'organisation-8' })).rejects.toMatchObject(denied)
    await expect(assume({ ExternalId: undefined })).rejects.toMatchObject(denied)
  })

  it("needs the caller's own account to allow it too", async () => {
    const stranger = await createCustomer(standIn)
    const other = clientsWith(standIn, await stranger.createUser('worker'), host.region).sts
    await expect(assume({}, other)).rejects.toMatchObject({ name: 'AccessDenied' })

    const without = await createCustomer(standIn, { accountId: host.accountId })
    const powerless = clientsWith(standIn, await without.createUser('powerless'), host.region).sts
    await expect(assume({}, powerless)).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  it('lasts an hour at most when a session asks for it', async () => {
    const self = await createCustomer(standIn, { editPolicy: () => allowAssume })
    const session = clientsWith(standIn, await assumeRole(standIn, self), self.region).sts
    await standIn.admin('PUT', `roles/${customer.accountId}/${customer.roleName}/trust-policy`, {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: self.roleArn } }],
    })

    await expect(assume({ DurationSeconds: 3601 }, session)).rejects.toMatchObject({
      name: 'ValidationError',
    })
    await expect(assume({ DurationSeconds: 3600 }, session)).resolves.toBeDefined()
  })
})
