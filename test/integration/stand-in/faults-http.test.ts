import {
  GetQueryExecutionCommand,
  ListQueryExecutionsCommand,
  StartQueryExecutionCommand,
} from '@aws-sdk/client-athena'
import { CreateDatabaseCommand, GetDatabaseCommand, GetDatabasesCommand } from '@aws-sdk/client-glue'
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { type Clients, clientsWith, openSession } from './session.ts'

let standIn: TestStandIn
let customer: Customer
let once: Clients
let Bucket: string

beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.stop())

/** A customer and a session of his own for each test, as some faults end them. */
async function setUp(): Promise<void> {
  customer = await createCustomer(standIn)
  once = await openSession(standIn, customer)
  Bucket = customer.bucket
}
afterEach(async () => {
  await standIn.clearFaults()
  await standIn.setClock(0)
})

const put = (Key: string, Body = 'some bytes') => once.s3.send(new PutObjectCommand({ Bucket, Key, Body }))
const get = (Key: string) => once.s3.send(new GetObjectCommand({ Bucket, Key }))
const createDatabase = () =>
  once.glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: customer.schema } }))
const start = (ClientRequestToken = 't'.repeat(32)) =>
  once.athena.send(
    new StartQueryExecutionCommand({
      QueryString: 'SELECT 1',
      ClientRequestToken,
      ResultConfiguration: { OutputLocation: `s3://${Bucket}/results/` },
    }),
  )
/** All queries of the customer, as he himself sees them. */
const executions = async () => {
  const policies = { all: ALL_OF_ATHENA }
  const keys = await standIn.admin('PUT', `users/${customer.accountId}/looker`, { policies })
  const { athena } = clientsWith(standIn, keysSchema.parse(keys), customer.region)
  return (await athena.send(new ListQueryExecutionsCommand({}))).QueryExecutionIds?.sort()
}
const ALL_OF_ATHENA = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'athena:*', Resource: '*' }],
}
const keysSchema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })
const uploadPart = async () => {
  const object = { Bucket, Key: 'parts' }
  const { UploadId } = await once.s3.send(new CreateMultipartUploadCommand(object))
  return once.s3.send(new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: 'part' }))
}

const CALLS: Readonly<Record<string, () => Promise<unknown>>> = {
  's3.PutObject': () => put('k'),
  's3.UploadPart': uploadPart,
  's3.GetObject': async () => get('k'),
  's3.ListObjectsV2': () => once.s3.send(new ListObjectsV2Command({ Bucket })),
  'glue.GetDatabases': () => once.glue.send(new GetDatabasesCommand({})),
  'sts.GetCallerIdentity': () => once.sts.send(new GetCallerIdentityCommand({})),
  'athena.StartQueryExecution': () => start(),
  'athena.GetQueryExecution': async () => {
    const { QueryExecutionId } = await start()
    return once.athena.send(new GetQueryExecutionCommand({ QueryExecutionId }))
  },
}

it.each([
  ['s3.PutObject', 'throttle', 'SlowDown', 503],
  ['s3.UploadPart', 'throttle', 'SlowDown', 503],
  ['s3.GetObject', 'throttle', 'SlowDown', 503],
  ['s3.ListObjectsV2', 'throttle', 'SlowDown', 503],
  ['s3.PutObject', '503', 'ServiceUnavailable', 503],
  ['s3.PutObject', '500', 'InternalError', 500],
  ['glue.GetDatabases', 'throttle', 'ThrottlingException', 400],
  ['glue.GetDatabases', '500', 'InternalServiceException', 500],
  ['sts.GetCallerIdentity', 'throttle', 'Throttling', 400],
  ['athena.StartQueryExecution', 'throttle', 'ThrottlingException', 400],
  ['athena.StartQueryExecution', 'quota', 'TooManyRequestsException', 400],
  ['athena.GetQueryExecution', 'throttle', 'ThrottlingException', 400],
  ['s3.PutObject', 'expire', 'ExpiredToken', 400],
  ['glue.GetDatabases', 'expire', 'ExpiredTokenException', 400],
  ['athena.GetQueryExecution', 'expire', 'ExpiredTokenException', 400],
] as const)('%s.%s is answered with %s (%i)', async (action, kind, name, httpStatusCode) => {
  await setUp()
  await standIn.setFault({ name: `${action}.${kind}` })

  await expect(CALLS[action]?.()).rejects.toMatchObject({ name, $metadata: { httpStatusCode } })
})

it('says why no more queries may be active', async () => {
  await setUp()
  await standIn.setFault({ name: 'athena.StartQueryExecution.quota' })

  await expect(start()).rejects.toMatchObject({ Reason: 'CONCURRENT_QUERY_LIMIT_EXCEEDED' })
})

it.each(Object.keys(CALLS).filter(action => action !== 's3.GetObject'))(
  '%s can be reset before its effect and after',
  async action => {
    await setUp()
    for (const kind of ['reset', 'reset-after-commit']) {
      await standIn.setFault({ name: `${action}.${kind}` })
      await expect(CALLS[action]?.()).rejects.toMatchObject({ code: 'ECONNRESET' })
    }
  },
)

it('a reset before the effect leaves none, one after it leaves all', async () => {
  await setUp()
  const get = () => once.glue.send(new GetDatabaseCommand({ Name: customer.schema }))
  await standIn.setFault({ name: '*.CreateDatabase.reset' })
  await expect(createDatabase()).rejects.toThrow()
  await expect(get()).rejects.toMatchObject({ name: 'EntityNotFoundException' })
  await standIn.setFault({ name: '*.CreateDatabase.reset-after-commit' })
  await expect(createDatabase()).rejects.toThrow()

  await expect(get()).resolves.toBeDefined()
})

it('a query that started although its answer was lost, or that was asked for twice, is one query', async () => {
  await setUp()
  await standIn.setFault({ name: 'athena.StartQueryExecution.500-after-commit' })
  await expect(start('l'.repeat(32))).rejects.toMatchObject({ name: 'InternalServerException' })
  const joined = await start('l'.repeat(32))
  await standIn.setFault({ name: 'athena.StartQueryExecution.twice' })
  const twice = await start('w'.repeat(32))

  expect(await executions()).toEqual([joined.QueryExecutionId, twice.QueryExecutionId].sort())
})

it('a request that arrives twice has its effect twice', async () => {
  await setUp()
  await standIn.setFault({ name: 'glue.CreateDatabase.twice' })

  await expect(createDatabase()).rejects.toMatchObject({ name: 'AlreadyExistsException' })
})

it('an answer can be late', async () => {
  await setUp()
  await standIn.setFault({ name: 's3.PutObject.late', delayMs: 300 })
  const started = performance.now()
  await put('late')

  expect(performance.now() - started).toBeGreaterThan(290)
})

it.each(['corrupt-upload', 'truncate-upload'])(
  'checksums catch a body that arrives wrong (%s), and nothing of it is kept',
  async kind => {
    await setUp()
    await standIn.setFault({ name: `s3.PutObject.${kind}` })

    await expect(put('wrong')).rejects.toMatchObject({
      name: kind === 'corrupt-upload' ? /BadDigest|XAmzContentSHA256Mismatch/ : 'IncompleteBody',
      $metadata: { httpStatusCode: 400 },
    })
    await expect(get('wrong')).rejects.toMatchObject({ name: 'NoSuchKey' })
  },
)

it.each(['corrupt', 'truncate'])('the SDK catches an object that arrives wrong (%s)', async kind => {
  await setUp()
  await put('object')
  await standIn.setFault({ name: `s3.GetObject.${kind}` })
  const { Body } = await get('object')

  await expect(Body?.transformToString()).rejects.toThrow()
  expect(await standIn.faults()).toMatchObject([{ struck: 1 }])
})

it('an answer in JSON that breaks off is no answer', async () => {
  await setUp()
  await standIn.setFault({ name: 'glue.GetDatabases.truncate' })

  await expect(once.glue.send(new GetDatabasesCommand({}))).rejects.toThrow()
})

it('a session that expired stays so, a new one does not know of it', async () => {
  await setUp()
  await standIn.setFault({ name: 's3.*.expire' })
  await expect(put('a')).rejects.toMatchObject({ name: 'ExpiredToken' })
  await expect(put('a')).rejects.toMatchObject({ name: 'ExpiredToken' })

  once = await openSession(standIn, customer)
  await expect(put('a')).resolves.toBeDefined()
})

it('a role that is revoked refuses its sessions and makes no new ones', async () => {
  await setUp()
  await standIn.setFault({ name: 's3.PutObject.revoke' })

  await expect(put('a')).rejects.toMatchObject({ name: 'AccessDenied' })
  await expect(once.glue.send(new GetDatabaseCommand({ Name: customer.schema }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: /explicit deny/,
  })
  await expect(openSession(standIn, customer)).rejects.toMatchObject({ name: 'AccessDenied' })
})

it.each([-1_800_000, 1_800_000])(
  'a clock that is %i ms off is told, and the SDK follows it',
  async offsetMs => {
    await setUp()
    await standIn.setClock(offsetMs)

    await expect(put('skewed')).rejects.toMatchObject({
      name: 'RequestTimeTooSkewed',
      $metadata: { httpStatusCode: 403 },
    })
    await expect(put('skewed')).resolves.toBeDefined()
  },
)
