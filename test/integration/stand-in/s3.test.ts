import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketAclCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { clientsWith } from './session.ts'

describe('S3', () => {
  let standIn: TestStandIn
  let customer: Customer
  let s3: S3Client

  beforeAll(async () => {
    standIn = await startStandIn()
    customer = await createCustomer(standIn, { region: 'eu-west-1' })
    const { accountId, region } = customer
    const all = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] }
    const made = await standIn.admin('PUT', `users/${accountId}/owner`, {
      accessKeyId: 'AKIAOWNEROWNEROWNER2',
      secretAccessKey: 'a-secret-of-the-owner',
      policies: { all },
    })
    expect(made).toMatchObject({ arn: `arn:aws:iam::${accountId}:user/owner` })
    const keys = { accessKeyId: 'AKIAOWNEROWNEROWNER2', secretAccessKey: 'a-secret-of-the-owner' }
    s3 = clientsWith(standIn, keys, region).s3
  })
  afterAll(() => standIn.stop())

  const put = (Key: string, Body: string | Readable, more: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket: customer.bucket, Key, Body, ...more }))

  const textOf = async (Key: string): Promise<string | undefined> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: customer.bucket, Key }))
    return Body?.transformToString()
  }

  const list = async (Prefix: string): Promise<(string | undefined)[]> => {
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: customer.bucket, Prefix }))
    return (Contents ?? []).map(object => object.Key)
  }

  it.each([
    'plain',
    'a//b',
    'a/../../b',
    '..',
    './x',
    'ü €\u{1f600}',
    'a b+c%20d&e=f?g#h',
    `'"<>&;`,
    'end/',
    `${'x'.repeat(1024)}`,
  ])('keeps what was put under the key %j, and under no other', async key => {
    await put(key, `content of ${key}`)

    expect(await textOf(key)).toBe(`content of ${key}`)
    expect(await list(key)).toContain(key)
  })

  it('refuses a key of more than 1024 bytes', async () => {
    await expect(put('é'.repeat(513), 'x')).rejects.toMatchObject({ name: 'KeyTooLongError' })
  })

  it('keeps a streamed body byte by byte, with its metadata', async () => {
    const bytes = createHash('shake256', { outputLength: 3_000_001 }).update('seed').digest()
    const body = Readable.from([bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000)])
    await put('stream', body, {
      ContentLength: bytes.length,
      ContentType: 'text/csv',
      ContentEncoding: 'identity',
      CacheControl: 'no-store',
      Metadata: { answer: '42' },
    })

    const got = await s3.send(new GetObjectCommand({ Bucket: customer.bucket, Key: 'stream' }))
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true)
    expect(got).toMatchObject({
      ContentLength: bytes.length,
      ContentType: 'text/csv',
      ContentEncoding: 'identity',
      CacheControl: 'no-store',
      Metadata: { answer: '42' },
      ETag: `"${createHash('md5').update(bytes).digest('hex')}"`,
    })
  })

  it('keeps an empty object', async () => {
    await put('empty', '')

    expect(await textOf('empty')).toBe('')
  })

  it.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10'],
    ['bytes=-100', '0123456789', 'bytes 0-9/10'],
  ])('answers the range %s', async (Range, expected, ContentRange) => {
    await put('range', '0123456789')
    const got = await s3.send(new GetObjectCommand({ Bucket: customer.bucket, Key: 'range', Range }))

    expect(await got.Body?.transformToString()).toBe(expected)
    expect(got).toMatchObject({ ContentRange, $metadata: { httpStatusCode: 206 } })
  })

  it('answers 416 to a range that lies outside', async () => {
    await put('range', '0123456789')
    const got = s3.send(new GetObjectCommand({ Bucket: customer.bucket, Key: 'range', Range: 'bytes=10-' }))

    await expect(got).rejects.toMatchObject({ name: 'InvalidRange', $metadata: { httpStatusCode: 416 } })
  })

  it('writes a key once with If-None-Match, also when two try at once', async () => {
    const tries = await Promise.allSettled([
      put('once', 'a', { IfNoneMatch: '*' }),
      put('once', 'b', { IfNoneMatch: '*' }),
    ])

    expect(tries.map(result => result.status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(put('once', 'c', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      $metadata: { httpStatusCode: 412 },
    })
  })

  it('replaces an object with If-Match only while it is the one meant', async () => {
    const { ETag } = await put('match', 'one')
    await put('match', 'two', { IfMatch: ETag })

    await expect(put('match', 'three', { IfMatch: ETag })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    })
    expect(await textOf('match')).toBe('two')
  })

  it('reads under conditions', async () => {
    const { ETag = '' } = await put('condition', 'x')
    const get = (more: object) =>
      s3.send(new GetObjectCommand({ Bucket: customer.bucket, Key: 'condition', ...more }))

    await expect(get({ IfMatch: ETag })).resolves.toMatchObject({ ETag })
    await expect(get({ IfMatch: '"other"' })).rejects.toMatchObject({ name: 'PreconditionFailed' })
    await expect(get({ IfNoneMatch: ETag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } })
    await expect(get({ IfModifiedSince: new Date(Date.now() + 60_000) })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    })
    await expect(get({ IfUnmodifiedSince: new Date(0) })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    })
  })

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'verifies and gives back a %s checksum',
    async ChecksumAlgorithm => {
      if (ChecksumAlgorithm === 'CRC64NVME') {
        // The SDK computes it only with a native package; S3 computes it when none is sent.
        await put('checksum', 'content', { ChecksumCRC64NVME: 'AAAAAAAAAAA=' }).then(
          () => expect.unreachable(),
          error => expect(error).toMatchObject({ name: 'BadDigest' }),
        )
        return
      }
      const stored = await put('checksum', 'content', { ChecksumAlgorithm })
      const head = await s3.send(
        new HeadObjectCommand({ Bucket: customer.bucket, Key: 'checksum', ChecksumMode: 'ENABLED' }),
      )
      const member = `Checksum${ChecksumAlgorithm}` as const
      expect(stored[member]).toBeTruthy()
      expect(head[member]).toBe(stored[member])
      expect(head.ChecksumType).toBe('FULL_OBJECT')
    },
  )

  it('refuses a body that does not fit its checksum, and stores nothing', async () => {
    await expect(put('bad', 'content', { ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject({
      name: 'BadDigest',
    })
    await expect(put('bad', 'content', { ContentMD5: 'rL0Y20zC+Fzt72VPzMSk2A==' })).rejects.toMatchObject({
      name: 'BadDigest',
    })

    expect(await list('bad')).toEqual([])
  })

  it('lists in the order of bytes, in pages, with prefix, delimiter and start-after', async () => {
    const keys = ['l/a', 'l/b/1', 'l/b/2', 'l/c', 'l/d/1', 'l/\u{ffff}', 'l/\u{1f600}']
    for (const key of keys) await put(key, 'x')

    const seen: string[] = []
    const pages = paginateListObjectsV2(
      { client: s3, pageSize: 2 },
      { Bucket: customer.bucket, Prefix: 'l/', Delimiter: '/' },
    )
    for await (const page of pages) {
      expect((page.Contents?.length ?? 0) + (page.CommonPrefixes?.length ?? 0)).toBeLessThanOrEqual(2)
      for (const { Key } of page.Contents ?? []) seen.push(Key ?? '')
      for (const { Prefix } of page.CommonPrefixes ?? []) seen.push(Prefix ?? '')
    }
    expect(seen.sort()).toEqual(['l/a', 'l/b/', 'l/c', 'l/d/', 'l/\u{1f600}', 'l/\u{ffff}'].sort())
    expect(await list('l/')).toEqual(keys)
    const after = await s3.send(
      new ListObjectsV2Command({
        Bucket: customer.bucket,
        Prefix: 'l/',
        StartAfter: 'l/c',
        EncodingType: 'url',
        MaxKeys: 1,
      }),
    )
    expect(after).toMatchObject({ IsTruncated: true, KeyCount: 1 })
    expect(after.Contents?.[0]?.Key).toBe('l/d/1')
  })

  it('lists by marker in the older version', async () => {
    for (const key of ['v1/a', 'v1/b', 'v1/c']) await put(key, 'x')
    const first = await s3.send(
      new ListObjectsCommand({ Bucket: customer.bucket, Prefix: 'v1/', MaxKeys: 2 }),
    )
    const rest = await s3.send(
      new ListObjectsCommand({ Bucket: customer.bucket, Prefix: 'v1/', Marker: first.Contents?.[1]?.Key }),
    )

    expect(first.IsTruncated).toBe(true)
    expect(rest.Contents?.map(object => object.Key)).toEqual(['v1/c'])
  })

  it('copies objects with their metadata, or with new ones', async () => {
    await put('from', 'content', { Metadata: { a: '1' }, ContentType: 'text/plain' })
    const copy = (Key: string, more: object = {}) =>
      s3.send(
        new CopyObjectCommand({
          Bucket: customer.bucket,
          Key,
          CopySource: `${customer.bucket}/from`,
          ...more,
        }),
      )
    await copy('to')
    await copy('from', { MetadataDirective: 'REPLACE', Metadata: { a: '2' } })

    const head = (Key: string) => s3.send(new HeadObjectCommand({ Bucket: customer.bucket, Key }))
    expect(await textOf('to')).toBe('content')
    expect(await head('to')).toMatchObject({ Metadata: { a: '1' }, ContentType: 'text/plain' })
    expect(await head('from')).toMatchObject({ Metadata: { a: '2' } })
    await expect(copy('from')).rejects.toMatchObject({ name: 'InvalidRequest' })
  })

  it('deletes one object or many, those that are not there too', async () => {
    await put('d/1', 'x')
    await put('d/2', 'x')
    await put('d/3', 'x')
    await s3.send(new DeleteObjectCommand({ Bucket: customer.bucket, Key: 'd/1' }))
    const answer = await s3.send(
      new DeleteObjectsCommand({
        Bucket: customer.bucket,
        Delete: { Objects: ['d/1', 'd/2', 'd/<&>'].map(Key => ({ Key })) },
      }),
    )

    expect(answer.Deleted?.map(item => item.Key)).toEqual(['d/1', 'd/2', 'd/<&>'])
    expect(await list('d/')).toEqual(['d/3'])
  })

  it('makes, describes, lists and deletes buckets', async () => {
    const Bucket = `fresh-${customer.accountId}`
    const elsewhere = { LocationConstraint: 'us-west-2' } as const
    const misplaced = new CreateBucketCommand({ Bucket, CreateBucketConfiguration: elsewhere })
    await expect(s3.send(misplaced)).rejects.toMatchObject({ name: 'IllegalLocationConstraintException' })
    const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }))
    await expect(
      s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration })),
    ).rejects.toMatchObject({
      name: 'BucketAlreadyOwnedByYou',
    })

    expect(await s3.send(new HeadBucketCommand({ Bucket }))).toMatchObject({ BucketRegion: 'eu-west-1' })
    expect(await s3.send(new GetBucketLocationCommand({ Bucket }))).toMatchObject({
      LocationConstraint: 'eu-west-1',
    })
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined()
    expect((await s3.send(new GetBucketAclCommand({ Bucket }))).Grants).toHaveLength(1)
    await expect(s3.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchBucketPolicy',
    })
    expect((await s3.send(new ListBucketsCommand({}))).Buckets?.map(bucket => bucket.Name).sort()).toEqual(
      [customer.bucket, Bucket].sort(),
    )

    await s3.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' }))
    await expect(s3.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: 'BucketNotEmpty',
    })
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'x' }))
    await s3.send(new DeleteBucketCommand({ Bucket }))
    await expect(s3.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 404 },
    })
  })

  it('tells who may not list a bucket nothing about missing keys', async () => {
    const readOnly = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }
    await standIn.admin('PUT', `users/${customer.accountId}/reader`, {
      accessKeyId: 'AKIAREADERREADERREAD',
      secretAccessKey: 'a-secret-of-the-reader',
      policies: { read: { Version: '2012-10-17', Statement: readOnly } },
    })
    const keys = { accessKeyId: 'AKIAREADERREADERREAD', secretAccessKey: 'a-secret-of-the-reader' }
    const reader = clientsWith(standIn, keys, customer.region).s3
    const missing = new GetObjectCommand({ Bucket: customer.bucket, Key: 'missing' })

    await expect(reader.send(missing)).rejects.toMatchObject({
      name: 'AccessDenied',
      $metadata: { httpStatusCode: 403 },
    })
    await expect(s3.send(missing)).rejects.toMatchObject({
      name: 'NoSuchKey',
      $metadata: { httpStatusCode: 404 },
    })
  })
})
