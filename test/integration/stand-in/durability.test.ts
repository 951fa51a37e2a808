import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateDatabaseCommand,
  CreateTableCommand,
  GetTableCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-glue'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { type Clients, clientsWith, openSession } from './session.ts'

describe.each(['SIGTERM', 'SIGKILL'] as const)('after an end by %s', signal => {
  let standIn: TestStandIn
  let customer: Customer
  let clients: Clients

  beforeAll(async () => {
    standIn = await startStandIn()
    customer = await createCustomer(standIn)
    clients = await openSession(standIn, customer)
  })
  afterAll(() => standIn.stop())

  it('objects, open uploads, tables, sessions and the token key are as they were', async () => {
    const { s3, glue } = clients
    const { bucket: Bucket, schema: DatabaseName } = customer
    const body = createHash('shake256', { outputLength: 100_000 }).update('x').digest()
    await s3.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: body, Metadata: { a: 'b' } }))
    await s3.send(new PutObjectCommand({ Bucket, Key: 'gone', Body: 'x' }))
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }))
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'upload' }))
    const { ETag } = await s3.send(
      new UploadPartCommand({ Bucket, Key: 'upload', UploadId, PartNumber: 1, Body: 'part' }),
    )
    await glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: DatabaseName } }))
    await glue.send(new CreateTableCommand({ DatabaseName, TableInput: { Name: 't' } }))
    await glue.send(
      new UpdateTableCommand({ DatabaseName, TableInput: { Name: 't', Parameters: { v: '1' } } }),
    )
    const token = await customer.mintToken()

    await standIn.restart(signal)

    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'kept' }))
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true)
    expect(got.Metadata).toEqual({ a: 'b' })
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'upload', UploadId, MultipartUpload }))
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }))
    expect(Contents?.map(object => object.Key)).toEqual(['kept', 'upload'])
    const { Table } = await glue.send(new GetTableCommand({ DatabaseName, Name: 't' }))
    expect(Table).toMatchObject({ VersionId: '1', Parameters: { v: '1' } })
    const again = await openSession(standIn, { ...customer, mintToken: async () => token })
    expect(again.keys.accessKeyId).toMatch(/^ASIA/)
  })

  it('keeps no bodies that nothing refers to', async () => {
    const { s3 } = clients
    for (const Body of ['one', 'two', 'three']) {
      await s3.send(new PutObjectCommand({ Bucket: customer.bucket, Key: 'replaced', Body }))
    }
    await standIn.restart(signal)

    const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket: customer.bucket }))
    const bodies = await readdir(join(standIn.dataDir, 's3', 'bodies'), {
      recursive: true,
      withFileTypes: true,
    })
    expect(bodies.filter(entry => entry.isFile())).toHaveLength(KeyCount ?? 0)
  })
})

describe('a crash in the middle of writes', () => {
  it('loses no object whose write was answered, and shows no other whole or in part', async () => {
    const standIn = await startStandIn()
    const customer = await createCustomer(standIn)
    const { s3 } = clientsWith(standIn, await customer.createUser('writer'), customer.region)
    const Bucket = customer.bucket
    const bodyOf = (index: number): string => `${index} `.repeat(20_000)
    const answered: number[] = []
    const writer = async (first: number): Promise<void> => {
      for (let index = first; ; index += 4) {
        await s3.send(new PutObjectCommand({ Bucket, Key: `k/${index}`, Body: bodyOf(index) }))
        answered.push(index)
      }
    }
    const writers = [0, 1, 2, 3].map(first => writer(first).catch(() => undefined))
    await new Promise(resolve => setTimeout(resolve, 700))
    await standIn.restart('SIGKILL')
    await Promise.race([Promise.all(writers), new Promise(resolve => setTimeout(resolve, 500))])
    const known = [...answered]
    s3.destroy()

    const { s3: reader } = clientsWith(standIn, await customer.createUser('reader'), customer.region)
    expect(known.length).toBeGreaterThan(10)
    for (const index of known) {
      const { Body } = await reader.send(new GetObjectCommand({ Bucket, Key: `k/${index}` }))
      expect(await Body?.transformToString()).toBe(bodyOf(index))
    }
    await standIn.stop()
  })
})
