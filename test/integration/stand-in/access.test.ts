import {
  CreateDatabaseCommand,
  CreateTableCommand,
  DeleteDatabaseCommand,
  DeleteTableCommand,
  GetDatabaseCommand,
  GetDatabasesCommand,
  GetPartitionsCommand,
  GetTableCommand,
  GetTablesCommand,
  GetTableVersionsCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-glue'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Customer, createCustomer, type PermissionPolicy } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { type Clients, openSession } from './session.ts'

type Call = (clients: Clients, customer: Customer) => Promise<unknown>

const s3Calls: Readonly<Record<string, Call>> = {
  's3:PutObject': ({ s3 }, { bucket: Bucket }) =>
    s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'x' })),
  's3:GetObject': ({ s3 }, { bucket: Bucket }) => s3.send(new GetObjectCommand({ Bucket, Key: 'key' })),
  's3:ListBucket': ({ s3 }, { bucket: Bucket }) => s3.send(new ListObjectsV2Command({ Bucket })),
  's3:GetBucketLocation': ({ s3 }, { bucket: Bucket }) => s3.send(new GetBucketLocationCommand({ Bucket })),
  's3:DeleteObject': ({ s3 }, { bucket: Bucket }) => s3.send(new DeleteObjectCommand({ Bucket, Key: 'key' })),
}

const glueCalls: Readonly<Record<string, Call>> = {
  'glue:CreateDatabase': ({ glue }, { schema }) =>
    glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: schema } })),
  'glue:GetDatabase': ({ glue }, { schema }) => glue.send(new GetDatabaseCommand({ Name: schema })),
  'glue:GetDatabases': ({ glue }) => glue.send(new GetDatabasesCommand({})),
  'glue:CreateTable': ({ glue }, { schema }) =>
    glue.send(new CreateTableCommand({ DatabaseName: schema, TableInput: { Name: 't' } })),
  'glue:GetTable': ({ glue }, { schema }) =>
    glue.send(new GetTableCommand({ DatabaseName: schema, Name: 't' })),
  'glue:GetTables': ({ glue }, { schema }) => glue.send(new GetTablesCommand({ DatabaseName: schema })),
  'glue:GetPartitions': ({ glue }, { schema }) =>
    glue.send(new GetPartitionsCommand({ DatabaseName: schema, TableName: 't' })),
  'glue:UpdateTable': ({ glue }, { schema }) =>
    glue.send(new UpdateTableCommand({ DatabaseName: schema, TableInput: { Name: 't' }, SkipArchive: true })),
  'glue:DeleteTable': ({ glue }, { schema }) =>
    glue.send(new DeleteTableCommand({ DatabaseName: schema, Name: 't' })),
}

const calls: Readonly<Record<string, Call>> = { ...s3Calls, ...glueCalls }

function without(policy: PermissionPolicy, action: string): PermissionPolicy {
  return {
    ...policy,
    Statement: policy.Statement.map(statement => ({
      ...statement,
      Action: statement.Action.filter(other => other !== action),
    })),
  }
}

describe("the customer's permission policy", () => {
  let standIn: TestStandIn
  let customer: Customer
  let clients: Clients

  beforeAll(async () => {
    standIn = await startStandIn()
    customer = await createCustomer(standIn)
    clients = await openSession(standIn, customer)
  })
  afterAll(() => standIn.stop())

  it('allows every call that the worker needs, on the ARNs that AWS uses', async () => {
    await standIn.clearAudit()
    for (const call of Object.values(calls)) await call(clients, customer)

    const entries = await standIn.audit({ accountId: customer.accountId })
    expect(entries.filter(entry => !entry.allowed)).toEqual([])
    const { accountId, schema, bucket } = customer
    const glue = (resource: string): string => `arn:aws:glue:eu-west-1:${accountId}:${resource}`
    const resourcesOf = (action: string): string[] =>
      entries.filter(entry => entry.action === action).map(entry => entry.resource)
    expect(resourcesOf('glue:UpdateTable')).toEqual([
      glue('catalog'),
      glue(`database/${schema}`),
      glue(`table/${schema}/t`),
    ])
    expect(resourcesOf('s3:PutObject')).toEqual([`arn:aws:s3:::${bucket}/key`])
    expect(resourcesOf('s3:ListBucket')).toEqual([`arn:aws:s3:::${bucket}`])
  })

  it.each(Object.keys(s3Calls))('without %s, refuses that and names it', async action => {
    await customer.setPolicy(without(customer.policy, action))

    const resource = ['s3:ListBucket', 's3:GetBucketLocation'].includes(action)
      ? customer.bucket
      : `${customer.bucket}/key`
    await expect(calls[action]?.(clients, customer)).rejects.toMatchObject({
      name: 'AccessDenied',
      message: `User: arn:aws:sts::${customer.accountId}:assumed-role/transfer-role/test is not authorized to perform: ${action} on resource: "arn:aws:s3:::${resource}" because no identity-based policy allows the ${action} action`,
      $metadata: { httpStatusCode: 403 },
    })
    await customer.setPolicy(customer.policy)
  })

  it.each(Object.keys(glueCalls))('without %s, refuses that and names it', async action => {
    await customer.setPolicy(without(customer.policy, action))

    await expect(calls[action]?.(clients, customer)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: arn:aws:sts::${customer.accountId}:assumed-role/transfer-role/test is not authorized to perform: ${action} on resource: arn:aws:glue:eu-west-1:${customer.accountId}:catalog because no identity-based policy allows the ${action} action`,
      $metadata: { httpStatusCode: 400 },
    })
    await customer.setPolicy(customer.policy)
  })

  it.each(['catalog', 'database/acme_export', 'table/acme_export/t'])(
    'needs the resource %s for an operation on a table, and names it when it is missing',
    async missing => {
      const changed = {
        ...customer.policy,
        Statement: customer.policy.Statement.map(statement => ({
          ...statement,
          Resource: statement.Resource.filter(arn => !arn.endsWith(missing.replace(/\/t$/, '/*'))),
        })),
      }
      await customer.setPolicy(changed)

      await expect(calls['glue:GetTable']?.(clients, customer)).rejects.toMatchObject({
        message: expect.stringContaining(`:${customer.accountId}:${missing} because`),
      })
      await customer.setPolicy(customer.policy)
    },
  )

  it('lets an explicit deny win, and says so', async () => {
    const deny = { Sid: 'Freeze', Effect: 'Deny', Action: ['s3:Put*'], Resource: ['*'] }
    await customer.setPolicy({ ...customer.policy, Statement: [...customer.policy.Statement, deny] })

    await expect(calls['s3:PutObject']?.(clients, customer)).rejects.toMatchObject({
      message: expect.stringContaining('with an explicit deny in an identity-based policy'),
    })
    await customer.setPolicy(customer.policy)
  })

  it('grants nothing beyond its letter', async () => {
    const { s3, glue } = clients
    const { schema, bucket } = customer
    const answers = await Promise.allSettled([
      s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', ACL: 'private' })),
      s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', Tagging: 'a=b' })),
      s3.send(new CreateBucketCommand({ Bucket: 'another-bucket-of-ours' })),
      glue.send(new DeleteDatabaseCommand({ Name: schema })),
      glue.send(new GetTableVersionsCommand({ DatabaseName: schema, TableName: 't' })),
      glue.send(new GetTableCommand({ DatabaseName: 'default', Name: 't' })),
      glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: 'another' } })),
    ])
    for (const answer of answers) {
      expect(answer).toMatchObject({
        status: 'rejected',
        reason: { name: expect.stringMatching(/^AccessDenied/) },
      })
    }
  })

  it('uses the ARNs of the partition that the region lies in', async () => {
    const chinese = await createCustomer(standIn, { region: 'cn-north-1' })
    const session = await openSession(standIn, chinese)
    for (const call of Object.values(calls)) await call(session, chinese)

    expect(chinese.roleArn).toBe(`arn:aws-cn:iam::${chinese.accountId}:role/transfer-role`)
    const [entry] = await standIn.audit({ accountId: chinese.accountId, action: 's3:PutObject' })
    expect(entry?.resource).toBe(`arn:aws-cn:s3:::${chinese.bucket}/key`)
  })
})

describe("another tenant's account", () => {
  let standIn: TestStandIn
  let victim: Customer
  let attacker: Clients

  beforeAll(async () => {
    standIn = await startStandIn()
    victim = await createCustomer(standIn)
    const owner = await openSession(standIn, victim)
    await glueCalls['glue:CreateDatabase']?.(owner, victim)
    await glueCalls['glue:CreateTable']?.(owner, victim)
    await s3Calls['s3:PutObject']?.(owner, victim)
    const everything = {
      Version: '2012-10-17',
      Statement: [{ Sid: 'All', Effect: 'Allow', Action: ['*'], Resource: ['*'] }],
    }
    const rich = await createCustomer(standIn, { editPolicy: () => everything })
    attacker = await openSession(standIn, rich)
  })
  afterAll(() => standIn.stop())

  it.each(Object.keys(s3Calls))('is closed to %s, whatever the own policy says', async action => {
    await expect(s3Calls[action]?.(attacker, victim)).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining(`because no resource-based policy allows the ${action} action`),
    })
  })

  it('is closed to deletions in a batch, key by key', async () => {
    const answer = await attacker.s3.send(
      new DeleteObjectsCommand({ Bucket: victim.bucket, Delete: { Objects: [{ Key: 'key' }] } }),
    )

    expect(answer.Errors?.map(error => error.Code)).toEqual(['AccessDenied'])
  })

  it('is closed in Glue when its catalog is named', async () => {
    const CatalogId = victim.accountId
    const read = attacker.glue.send(
      new GetTableCommand({ CatalogId, DatabaseName: victim.schema, Name: 't' }),
    )
    await expect(read).rejects.toMatchObject({ name: 'AccessDeniedException' })
  })

  it('shares no names with the own one', async () => {
    const read = attacker.glue.send(new GetDatabaseCommand({ Name: victim.schema }))
    await expect(read).rejects.toMatchObject({ name: 'EntityNotFoundException' })
  })
})
