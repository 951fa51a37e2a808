import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { HeadBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCustomer, permissionPolicy, trustPolicy } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { clientsWith } from './session.ts'

const MAIN = fileURLToPath(new URL('../../../src/stand-in/main.ts', import.meta.url))

describe('the admin API', () => {
  let standIn: TestStandIn
  beforeAll(async () => {
    standIn = await startStandIn()
  })
  afterAll(() => standIn.stop())

  it('says that it is well', async () => {
    expect(await standIn.admin('GET', 'health')).toEqual({ status: 'ok' })
  })

  it('is idempotent, and keeps the ids of roles and users', async () => {
    const { accountId, roleName, bucket, region } = await createCustomer(standIn)
    const role = { trustPolicy: trustPolicy('1', 'a'), policies: {} }
    const path = `roles/${accountId}/${roleName}`

    expect(await standIn.admin('PUT', path, role)).toEqual(await standIn.admin('PUT', path, role))
    const user = await standIn.admin('PUT', `users/${accountId}/u`, { policies: {} })
    expect(await standIn.admin('PUT', `users/${accountId}/u`, { policies: {} })).toEqual(user)
    await expect(standIn.admin('PUT', `buckets/${bucket}`, { accountId, region })).resolves.toBeDefined()
    await expect(
      standIn.admin('PUT', `buckets/${bucket}`, { accountId, region: 'us-east-1' }),
    ).rejects.toThrow('409')
  })

  it.each([
    ['accounts/12', {}, 'account id of 12 digits'],
    ['buckets/x', { accountId: '123456789012', region: 'eu-west-1' }, 'S3 bucket name'],
    ['roles/123456789012/r', { policies: {} }, 'trustPolicy'],
    ['faults', { name: 's3.*.500', times: 0 }, 'times'],
  ])('says what is wrong with the body of PUT %s', async (path, body, expected) => {
    await expect(standIn.admin('PUT', path, body)).rejects.toThrow(expected)
  })

  it('refuses policies that are none', async () => {
    const { accountId, roleName } = await createCustomer(standIn)
    const path = `roles/${accountId}/${roleName}/policies/p`
    const wrong = [
      { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*' }] },
      { Version: '2012-10-17', Statement: [{ Effect: 'allow', Action: '*', Resource: '*' }] },
      { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Resource: '*' }] },
      { Version: '2020-01-01', Statement: [] },
    ]
    for (const policy of wrong) await expect(standIn.admin('PUT', path, policy)).rejects.toThrow('400')
  })

  it('shows the audit, filtered', async () => {
    const customer = await createCustomer(standIn)
    const { s3 } = clientsWith(standIn, await customer.createUser('u'), customer.region)
    await s3.send(new HeadBucketCommand({ Bucket: customer.bucket }))

    expect(await standIn.audit({ accountId: customer.accountId, allowed: 'false' })).toEqual([])
    expect(await standIn.audit({ accountId: customer.accountId, action: 'listbucket' })).toMatchObject([
      {
        allowed: true,
        reason: 'allowed by AllowS3AccessToBucket',
        resource: `arn:aws:s3:::${customer.bucket}`,
      },
    ])
    await standIn.clearAudit()
    expect(await standIn.audit()).toEqual([])
  })
})

describe('the program', () => {
  it('applies a seed file and stops cleanly at SIGTERM', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stand-in-seed-'))
    const names = {
      accountId: '123456789012',
      workgroup: 'primary',
      bucket: 'seeded-bucket',
      schema: 's',
      region: 'eu-west-1',
    }
    const policies = { p: permissionPolicy(names) }
    const seed = {
      accounts: [{ accountId: names.accountId }],
      buckets: [{ name: names.bucket, accountId: names.accountId, region: names.region }],
      users: [
        {
          accountId: names.accountId,
          name: 'u',
          accessKeyId: 'AKIASEEDSEEDSEEDSEED',
          secretAccessKey: 'secret-of-the-seeded-user',
          policies,
        },
      ],
      roles: [{ accountId: names.accountId, name: 'r', trustPolicy: trustPolicy('1', 'a'), policies }],
      workgroups: [{ accountId: names.accountId, region: names.region, name: 'primary' }],
      faults: [{ name: 's3.HeadBucket.500' }],
    }
    await writeFile(join(folder, 'seed.json'), JSON.stringify(seed))
    const child = spawn(process.execPath, [
      MAIN,
      '--data',
      join(folder, 'data'),
      '--port',
      '0',
      '--seed',
      join(folder, 'seed.json'),
    ])
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    const { url } = JSON.parse(String(line))
    const keys = { accessKeyId: 'AKIASEEDSEEDSEEDSEED', secretAccessKey: 'secret-of-the-seeded-user' }
    const { s3 } = clientsWith({ url }, keys, names.region)
    const head = new HeadBucketCommand({ Bucket: names.bucket })
    await expect(s3.send(head)).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } })
    await expect(s3.send(head)).resolves.toBeDefined()
    s3.destroy()

    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
    await rm(folder, { recursive: true })
  })

  it('says how it is used when an argument is missing', async () => {
    const child = spawn(process.execPath, [MAIN])
    const [text] = await once(child.stderr, 'data')

    expect(String(text)).toContain('usage: node src/stand-in/main.ts --data DIR')
    expect(await once(child, 'exit')).toEqual([2, null])
  })
})
