import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type AwsClients, createAwsClients } from '../../../src/aws/clients.ts'
import { createSts } from '../../../src/aws/sts.ts'
import { createOpenSession } from '../../../src/credentials/open-session.ts'
import { destinationSchema } from '../../../src/domain/destination.ts'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'

let standIn: TestStandIn
let customer: Customer
let clients: AwsClients
let Bucket: string

beforeAll(async () => {
  standIn = await startStandIn()
  process.env.AWS_ENDPOINT_URL = standIn.url
})
afterEach(async () => {
  clients.close()
  await standIn.clearFaults()
  await standIn.setClock(0)
})
afterAll(async () => {
  delete process.env.AWS_ENDPOINT_URL
  await standIn.stop()
})

/** The product's clients for a customer of the test's own, opened by the product's own way in. */
async function connect(idleTimeoutMs?: number): Promise<void> {
  customer = await createCustomer(standIn)
  Bucket = customer.bucket
  const { region, workgroup, schema, database, roleArn, audience, accountId } = customer
  const access = { type: 'web-identity', roleArn, audience }
  const destination = destinationSchema.parse({
    name: 'acme',
    region,
    workgroup,
    bucket: Bucket,
    schema,
    database,
    access,
  })
  const openSession = createOpenSession({
    sts: createSts,
    identityTokens: () => customer.mintToken(),
    readSecret: () => Promise.reject(new Error('no secrets here')),
  })
  const place = { name: 'acme', region, workgroup, bucket: Bucket, schema, accountId }
  const { credentials } = await openSession(destination)
  clients = createAwsClients({ place, credentials, ...(idleTimeoutMs !== undefined && { idleTimeoutMs }) })
  await standIn.clearAudit()
}

const put = (Key = 'k') => clients.s3.putObject({ Bucket, Key, Body: Buffer.from('some bytes') })

/** How many sessions were opened since the clients were. */
const sessions = async () =>
  (await standIn.audit({ accountId: customer.accountId, action: 'AssumeRoleWithWebIdentity' })).length

it.each([
  ['s3.PutObject', () => put()],
  ['glue.GetDatabases', () => clients.glue.getDatabases({})],
  ['athena.GetWorkGroup', () => clients.athena.getWorkGroup({ WorkGroup: 'primary' })],
])('a session that ends in the middle of %s is replaced by one new session', async (action, call) => {
  await connect()
  await call()
  await standIn.setFault({ name: `${action}.expire` })
  await Promise.all([call(), call(), call()])

  expect(await sessions()).toBe(1)
  expect(await standIn.faults()).toMatchObject([{ struck: 1 }])
})

it('a session that ends when the role may not be assumed any more tells so', async () => {
  await connect()
  await standIn.admin('PUT', `roles/${customer.accountId}/${customer.roleName}/trust-policy`, {
    Version: '2012-10-17',
    Statement: [],
  })
  await standIn.setFault({ name: 's3.PutObject.expire' })

  await expect(put()).rejects.toMatchObject({ code: 'ROLE_NOT_ASSUMABLE', owner: 'customer' })
})

it('a role whose sessions were revoked is told from one that lacks a right', async () => {
  await connect()
  await standIn.setFault({ name: 's3.PutObject.revoke' })

  await expect(put()).rejects.toMatchObject({
    code: 'ACCESS_DENIED',
    owner: 'customer',
    hint: expect.stringContaining('AWSRevokeOlderSessions'),
  })
})

it.each(['corrupt-upload', 'truncate-upload'])('a body that arrives wrong is sent again (%s)', async kind => {
  await connect()
  await standIn.setFault({ name: `s3.PutObject.${kind}`, times: 2 })
  await put()
  const { Body } = await clients.s3.getObject({ Bucket, Key: 'k' })

  expect(await Body?.transformToString()).toBe('some bytes')
  expect(await standIn.faults()).toMatchObject([{ struck: 2 }])
})

it('a body that arrives wrong each time is a failure that may pass', async () => {
  await connect()
  await standIn.setFault({ name: 's3.PutObject.corrupt-upload', times: 100 })

  await expect(put()).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE', retryable: true })
}, 60_000)

it('a connection that gives no answer is given up and the call made again', async () => {
  await connect(500)
  await standIn.setFault({ name: 'glue.GetDatabases.slow', delayMs: 60_000 })

  await expect(clients.glue.getDatabases({})).resolves.toBeDefined()
}, 15_000)

it.each([-5_400_000, 1_800_000, 5_400_000])(
  'a clock of the worker that is %i ms off costs one call and no further session',
  async offsetMs => {
    await standIn.setClock(offsetMs)
    await connect()
    await put('a')
    await clients.glue.getDatabases({})
    await put('b')

    expect(await sessions()).toBe(0)
  },
)

it('a clock that goes wrong later is corrected', async () => {
  await connect()
  await put('a')
  await standIn.setClock(1_800_000)

  await expect(put('b')).resolves.toBeDefined()
  await expect(clients.athena.getWorkGroup({ WorkGroup: 'primary' })).resolves.toBeDefined()
})
