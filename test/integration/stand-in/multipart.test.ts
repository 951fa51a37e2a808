import { createHash } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { clientsWith } from './session.ts'

const MIB = 1024 ** 2

const part = (seed: string, bytes: number): Buffer =>
  createHash('shake256', { outputLength: bytes }).update(seed).digest()

describe('a multipart upload', () => {
  let standIn: TestStandIn
  let customer: Customer
  let s3: S3Client

  beforeAll(async () => {
    standIn = await startStandIn()
    const parts = ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts', 's3:ListBucketMultipartUploads']
    customer = await createCustomer(standIn, {
      editPolicy: policy => ({
        ...policy,
        Statement: policy.Statement.map(statement => ({
          ...statement,
          Action: [...statement.Action, ...parts],
        })),
      }),
    })
    s3 = clientsWith(standIn, await customer.createUser('uploader'), customer.region).s3
  })
  afterAll(() => standIn.stop())

  const start = async (
    Key: string,
    more: { ChecksumAlgorithm?: ChecksumAlgorithm; ChecksumType?: 'FULL_OBJECT' } = {},
  ) => {
    const { UploadId } = await s3.send(
      new CreateMultipartUploadCommand({ Bucket: customer.bucket, Key, ...more }),
    )
    return { Bucket: customer.bucket, Key, UploadId }
  }
  type Upload = Awaited<ReturnType<typeof start>>

  const send = async (upload: Upload, PartNumber: number, Body: Buffer): Promise<CompletedPart> => {
    const { ETag, ChecksumCRC32 } = await s3.send(new UploadPartCommand({ ...upload, PartNumber, Body }))
    return { PartNumber, ETag, ...(ChecksumCRC32 !== undefined && { ChecksumCRC32 }) }
  }

  const complete = (upload: Upload, Parts: CompletedPart[]) =>
    s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }))

  it('becomes one object, whose parts may come in any order and be sent again', async () => {
    const bodies = [part('one', 5 * MIB), part('two', 5 * MIB), part('three', 100)]
    const upload = await start('joined')
    const third = await send(upload, 3, part('three', 100))
    await send(upload, 1, part('mistake', 6 * MIB))
    const first = await send(upload, 1, part('one', 5 * MIB))
    const second = await send(upload, 2, part('two', 5 * MIB))
    const { ETag } = await complete(upload, [first, second, third])

    const digests = Buffer.concat(bodies.map(body => createHash('md5').update(body).digest()))
    expect(ETag).toBe(`"${createHash('md5').update(digests).digest('hex')}-3"`)
    const got = await s3.send(new GetObjectCommand({ Bucket: customer.bucket, Key: 'joined' }))
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Buffer.concat(bodies))).toBe(
      true,
    )
    const second5 = await s3.send(
      new GetObjectCommand({ Bucket: customer.bucket, Key: 'joined', PartNumber: 2 }),
    )
    expect(second5).toMatchObject({ ContentLength: 5 * MIB, PartsCount: 3 })
  })

  it('shows nothing before it is completed, and answers the same when completed again', async () => {
    const upload = await start('late')
    const only = await send(upload, 1, part('x', 10))
    const head = new HeadObjectCommand({ Bucket: customer.bucket, Key: 'late' })
    await expect(s3.send(head)).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } })

    const done = await complete(upload, [only])
    expect((await complete(upload, [only])).ETag).toBe(done.ETag)
    await expect(send(upload, 2, part('y', 10))).rejects.toMatchObject({ name: 'NoSuchUpload' })
  })

  it('is refused with a wrong list of parts', async () => {
    const upload = await start('wrong')
    const first = await send(upload, 1, part('1', 5 * MIB))
    const second = await send(upload, 2, part('2', 100))
    const third = await send(upload, 3, part('3', 100))

    await expect(complete(upload, [second, first])).rejects.toMatchObject({ name: 'InvalidPartOrder' })
    await expect(complete(upload, [first, { ...second, ETag: '"0"' }])).rejects.toMatchObject({
      name: 'InvalidPart',
    })
    await expect(complete(upload, [first, { ...third, PartNumber: 4 }])).rejects.toMatchObject({
      name: 'InvalidPart',
    })
    await expect(complete(upload, [first, second, third])).rejects.toMatchObject({ name: 'EntityTooSmall' })
    await expect(complete(upload, [first, third])).resolves.toBeDefined()
  })

  it('has a composite checksum, or one of the whole object', async () => {
    const bodies = [part('a', 5 * MIB), part('b', 77)] as const
    const upload = async (Key: string, ChecksumType?: 'FULL_OBJECT') => {
      const upload = await start(Key, { ChecksumAlgorithm: 'CRC32', ...(ChecksumType && { ChecksumType }) })
      const parts = [await send(upload, 1, bodies[0]), await send(upload, 2, bodies[1])]
      await complete(upload, parts)
      return s3.send(new HeadObjectCommand({ Bucket: customer.bucket, Key, ChecksumMode: 'ENABLED' }))
    }

    const composite = await upload('composite')
    expect(composite).toMatchObject({ ChecksumType: 'COMPOSITE' })
    expect(composite.ChecksumCRC32).toMatch(/-2$/)
    expect(await upload('whole', 'FULL_OBJECT')).toMatchObject({ ChecksumType: 'FULL_OBJECT' })
    const whole = await s3.send(new GetObjectCommand({ Bucket: customer.bucket, Key: 'whole' }))
    expect((await whole.Body?.transformToByteArray())?.length).toBe(5 * MIB + 77)
  })

  it('takes parts out of objects that are there', async () => {
    const source = await start('source')
    await complete(source, [await send(source, 1, part('source', 6 * MIB))])
    const upload = await start('copied')
    const { CopyPartResult } = await s3.send(
      new UploadPartCopyCommand({
        ...upload,
        PartNumber: 1,
        CopySource: `${customer.bucket}/source`,
        CopySourceRange: `bytes=0-${5 * MIB - 1}`,
      }),
    )
    await complete(upload, [{ PartNumber: 1, ETag: CopyPartResult?.ETag }])

    const head = await s3.send(new HeadObjectCommand({ Bucket: customer.bucket, Key: 'copied' }))
    expect(head.ContentLength).toBe(5 * MIB)
  })

  it('can be listed while it is open, and aborted', async () => {
    const upload = await start('open')
    await send(upload, 1, part('1', 10))
    await send(upload, 2, part('2', 20))
    const uploads = () =>
      s3.send(new ListMultipartUploadsCommand({ Bucket: customer.bucket, Prefix: 'open' }))

    expect((await uploads()).Uploads?.map(found => found.UploadId)).toEqual([upload.UploadId])
    const page = await s3.send(new ListPartsCommand({ ...upload, MaxParts: 1 }))
    expect(page).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '1' })
    expect(page.Parts?.map(found => found.Size)).toEqual([10])

    await s3.send(new AbortMultipartUploadCommand(upload))
    expect((await uploads()).Uploads).toBeUndefined()
    await expect(s3.send(new ListPartsCommand(upload))).rejects.toMatchObject({ name: 'NoSuchUpload' })
  })

  it("needs rights that the customer's policy leaves out when it is to be aborted", async () => {
    const plain = await createCustomer(standIn)
    const client = clientsWith(standIn, await plain.createUser('worker'), plain.region).s3
    const upload = await client.send(new CreateMultipartUploadCommand({ Bucket: plain.bucket, Key: 'k' }))
    const abort = new AbortMultipartUploadCommand({
      Bucket: plain.bucket,
      Key: 'k',
      UploadId: upload.UploadId,
    })

    await expect(client.send(abort)).rejects.toMatchObject({ name: 'AccessDenied' })
  })
})
