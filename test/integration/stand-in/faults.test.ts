import {
  CreateDatabaseCommand,
  CreateTableCommand,
  GetTableCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-glue'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { assumeRole, type Clients, clientsWith, openSession } from './session.ts'

describe('a fault that is switched on', () => {
  let standIn: TestStandIn
  let customer: Customer
  let once: Clients
  let retrying: Clients

  beforeAll(async () => {
    standIn = await startStandIn()
    customer = await createCustomer(standIn)
    once = await openSession(standIn, customer)
    retrying = clientsWith(standIn, await assumeRole(standIn, customer), customer.region, 3)
    await once.glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: customer.schema } }))
    await once.glue.send(new CreateTableCommand({ DatabaseName: customer.schema, TableInput: { Name: 't' } }))
  })
  afterEach(() => standIn.clearFaults())
  afterAll(() => standIn.stop())

  const put = (clients: Clients, Key: string) =>
    clients.s3.send(new PutObjectCommand({ Bucket: customer.bucket, Key, Body: 'x' }))

  it.each([
    ['s3.PutObject.throttle', 'SlowDown', 503],
    ['s3.PutObject.500', 'InternalError', 500],
    ['s3.*.503', 'ServiceUnavailable', 503],
  ])('%s fails as often as asked, then no more', async (name, code, httpStatusCode) => {
    await standIn.setFault({ name, times: 2 })
    for (const key of ['a', 'b']) {
      await expect(put(once, key)).rejects.toMatchObject({ name: code, $metadata: { httpStatusCode } })
    }
    await expect(put(once, 'c')).resolves.toBeDefined()
  })

  it('is overcome by a client that tries again', async () => {
    await standIn.setFault({ name: 's3.PutObject.throttle', times: 2 })

    expect((await put(retrying, 'retried')).$metadata.attempts).toBe(3)
  })

  it('can be meant for one key only', async () => {
    await standIn.setFault({ name: 's3.PutObject.500', match: '/secret' })

    await expect(put(once, 'open')).resolves.toBeDefined()
    await expect(put(once, 'secret')).rejects.toMatchObject({ name: 'InternalError' })
  })

  it('passes over as many as asked, strikes as often as asked, and counts both', async () => {
    await standIn.setFault({ name: 's3.PutObject.500', id: 'third-and-fourth', after: 2, times: 2 })
    const ends = []
    for (const key of ['1', '2', '3', '4', '5'])
      ends.push(
        await put(once, key).then(
          () => 'ok',
          () => 'failed',
        ),
      )

    expect(ends).toEqual(['ok', 'ok', 'failed', 'failed', 'ok'])
    expect(await standIn.faults()).toMatchObject([{ id: 'third-and-fourth', matched: 5, struck: 2 }])
  })

  it('strikes by chance, the same for the same seed', async () => {
    const strikes = async (seed: number): Promise<string> => {
      await standIn.setFault({ name: 's3.PutObject.500', times: 100, probability: 0.5, seed })
      let ends = ''
      for (let call = 0; call < 24; call++)
        ends += await put(once, 'k').then(
          () => '.',
          () => 'x',
        )
      return ends
    }
    const [first, again, other] = [await strikes(1), await strikes(1), await strikes(2)]

    expect(first).toBe(again)
    expect(first).not.toBe(other)
    expect(first).toMatch(/x.*\..*x/)
  })

  it('can be meant for one account or one role only', async () => {
    const other = await openSession(standIn, await createCustomer(standIn, { bucket: 'another-bucket' }))
    await standIn.setFault({ name: 'sts.*.500', id: 'account', accountId: customer.accountId })
    await standIn.setFault({ name: 'sts.*.503', id: 'role', role: 'nobody' })
    const identity = new GetCallerIdentityCommand({})

    await expect(other.sts.send(identity)).resolves.toBeDefined()
    await expect(once.sts.send(identity)).rejects.toMatchObject({ name: 'InternalFailure' })
    await expect(once.sts.send(identity)).resolves.toBeDefined()
  })

  it('can be switched off by its id', async () => {
    await standIn.setFault({ name: 's3.PutObject.500', id: 'one' })
    await standIn.admin('DELETE', 'faults/one')

    await expect(put(once, 'k')).resolves.toBeDefined()
    expect(await standIn.faults()).toEqual([])
  })

  it.each([
    [{ name: 's3.PutObject.no-such-kind' }, 'a kind that the service has'],
    [{ name: 's3.PutObject.twice' }, 'a kind that the service has'],
    [{ name: 'glue.GetTable.corrupt' }, 'a kind that the service has'],
    [{ name: 'athena.query.throttle' }, 'a kind that the service has'],
    [{ name: 's3.*.500', match: '(' }, 'a regular expression'],
    [{ name: 's3.*.500', probability: 0 }, 'probability'],
  ])('that would never strike is refused: %o', async (fault, why) => {
    await expect(standIn.setFault(fault)).rejects.toThrow(why)
  })

  it('loses the answer of a write that was done', async () => {
    await standIn.setFault({ name: 'glue.UpdateTable.reset-after-commit' })
    const TableInput = { Name: 't', Parameters: { written: 'yes' } }
    const update = new UpdateTableCommand({ DatabaseName: customer.schema, TableInput, VersionId: '0' })

    await expect(once.glue.send(update)).rejects.toMatchObject({ code: 'ECONNRESET' })
    const { Table } = await once.glue.send(new GetTableCommand({ DatabaseName: customer.schema, Name: 't' }))
    expect(Table).toMatchObject({ VersionId: '1', Parameters: { written: 'yes' } })
  })

  it('makes Glue answer a conflict, or that a quota is reached', async () => {
    await standIn.setFault({ name: 'glue.UpdateTable.conflict' })
    await standIn.setFault({ name: 'glue.CreateTable.resource-limit' })
    const { schema: DatabaseName } = customer

    await expect(
      once.glue.send(new UpdateTableCommand({ DatabaseName, TableInput: { Name: 't' } })),
    ).rejects.toMatchObject({ name: 'ConcurrentModificationException' })
    await expect(
      once.glue.send(new CreateTableCommand({ DatabaseName, TableInput: { Name: 'u' } })),
    ).rejects.toMatchObject({ name: 'ResourceNumberLimitExceededException' })
  })

  it('cuts a body short', async () => {
    await put(once, 'cut')
    await standIn.setFault({ name: 's3.GetObject.truncate' })
    const { Body } = await once.s3.send(new GetObjectCommand({ Bucket: customer.bucket, Key: 'cut' }))

    await expect(Body?.transformToString()).rejects.toThrow()
  })

  it('slows an answer down', async () => {
    await standIn.setFault({ name: 's3.PutObject.slow', delayMs: 300 })
    const started = performance.now()
    await put(once, 'slow')

    expect(performance.now() - started).toBeGreaterThan(290)
  })
})
