import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants, createGzip, gzipSync, zstdCompressSync } from 'node:zlib'
import { S3 } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { modelSchema } from '../../../src/domain/model.ts'
import { sourceSchema } from '../../../src/domain/source.ts'
import { readFiles } from '../../../src/sources/read-files.ts'
import type { SourceS3 } from '../../../src/sources/s3-files.ts'
import { createCustomer } from '../../support/customer.ts'
import { startStandIn } from '../../support/stand-in.ts'

const TEXT = Array.from({ length: 20_000 }, (_, id) => `{"id":${id},"note":"${id * 7919}"}\n`).join('')

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sources-'))
})
afterAll(() => rm(folder, { recursive: true }))

const noS3 = (): Promise<SourceS3> => Promise.reject(new Error('no S3 in this test'))

/** The bytes of each file that a path names, by origin. */
async function read(base: string, path: string, s3: () => Promise<SourceS3> = noS3) {
  const source = sourceSchema.parse({ name: 'source', type: 'files', base })
  const model = modelSchema.parse({
    ...{ name: 'm', source: 'source', files: { path }, primaryKey: ['id'] },
    columns: [{ name: 'id', type: 'bigint' }],
  })
  const network = { allowedHosts: new Set(['127.0.0.1']) }
  const { signal } = new AbortController()
  const found: Record<string, string> = {}
  for await (const batch of readFiles({ folder, s3, network }, source, model.files, signal)) {
    found[batch.origin] = Buffer.concat(await Array.fromAsync(batch.open(signal))).toString()
  }
  return found
}

/** Gzip with a flush after half of the text, and where that flush ends: a cut there looks whole to careless readers. */
async function flushedGzip(): Promise<{ readonly whole: Buffer; readonly flushedAt: number }> {
  const gzip = createGzip()
  const chunks: Buffer[] = []
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk))
  gzip.write(TEXT.slice(0, TEXT.length / 2))
  await new Promise<void>(resolve => gzip.flush(constants.Z_FULL_FLUSH, resolve))
  const flushedAt = Buffer.concat(chunks).length
  gzip.end(TEXT.slice(TEXT.length / 2))
  await once(gzip, 'end')
  return { whole: Buffer.concat(chunks), flushedAt }
}

it('reads plain, gzip and zstd files by glob, in the order of their paths', async () => {
  await mkdir(join(folder, 'day'))
  await writeFile(join(folder, 'day/c.ndjson'), TEXT)
  await writeFile(join(folder, 'day/a.ndjson.gz'), gzipSync(TEXT))
  await writeFile(join(folder, 'day/b.ndjson.zst'), zstdCompressSync(TEXT))

  const found = await read('.', 'day/*.ndjson*')

  expect(Object.entries(found)).toEqual([
    ['day/a.ndjson.gz', TEXT],
    ['day/b.ndjson.zst', TEXT],
    ['day/c.ndjson', TEXT],
  ])
})

it('reads every member of a gzip file of several', async () => {
  await writeFile(
    join(folder, 'members.ndjson.gz'),
    Buffer.concat([gzipSync('{"id":1}\n'), gzipSync('{"id":2}\n')]),
  )

  expect(await read('.', 'members.ndjson.gz')).toEqual({ 'members.ndjson.gz': '{"id":1}\n{"id":2}\n' })
})

it('reads every frame of a zstd file of several, and passes over those that hold no data', async () => {
  const [one, two] = [zstdCompressSync('{"id":1}\n'), zstdCompressSync('{"id":2}\n')]
  const empty = Buffer.concat([Buffer.from([0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]), Buffer.from('hello')])
  await writeFile(join(folder, 'frames.ndjson.zst'), Buffer.concat([empty, one, two, empty, one]))

  expect(await read('.', 'frames.ndjson.zst')).toEqual({
    'frames.ndjson.zst': '{"id":1}\n{"id":2}\n{"id":1}\n',
  })
})

it.each([
  ['is cut', (frame: Buffer) => frame.subarray(0, frame.length - 2)],
  ['is none', () => Buffer.from('no frame at all')],
])('fails for a zstd file whose second frame %s', async (_, spoil) => {
  const frame = zstdCompressSync(TEXT)
  await writeFile(join(folder, 'second.ndjson.zst'), Buffer.concat([frame, spoil(frame)]))

  await expect(read('.', 'second.ndjson.zst')).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
})

it('fails for a gzip file that was cut at a flush boundary, where it looks whole', async () => {
  const { whole, flushedAt } = await flushedGzip()
  await writeFile(join(folder, 'cut.ndjson.gz'), whole.subarray(0, flushedAt))

  await expect(read('.', 'cut.ndjson.gz')).rejects.toMatchObject({
    code: 'SOURCE_UNREADABLE',
    message: expect.stringContaining('cut.ndjson.gz: gzip data is truncated or corrupt'),
  })
})

it.each([
  ['gzip', 'gz', gzipSync],
  ['zstd', 'zst', zstdCompressSync],
])('fails for %s data that was cut anywhere or has one wrong byte', async (name, extension, pack) => {
  const packed = pack(TEXT)
  const wrong = Buffer.from(packed)
  wrong.writeUInt8(wrong.readUInt8(wrong.length - 6) ^ 1, wrong.length - 6)
  const broken = [
    packed.subarray(0, packed.length - 1),
    packed.subarray(0, packed.length >> 1),
    ...(name === 'gzip' ? [wrong] : []),
  ]
  for (const bytes of broken) {
    await writeFile(join(folder, `broken.ndjson.${extension}`), bytes)
    await expect(read('.', `broken.ndjson.${extension}`)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
  }
})

it('refuses a link that leads out of the base, and a path that leaves it', async () => {
  await mkdir(join(folder, 'inside'))
  await writeFile(join(folder, 'outside.ndjson'), TEXT)
  await symlink(join(folder, 'outside.ndjson'), join(folder, 'inside/link.ndjson'))

  await expect(read('inside', 'link.ndjson')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  await expect(read('inside', '../outside.ndjson')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})

it('names source and path when nothing matches', async () => {
  await expect(read('.', 'none-*.ndjson')).rejects.toMatchObject({
    code: 'SOURCE_NOT_FOUND',
    message: 'source "source": no file matches "none-*.ndjson"',
  })
})

async function serve(
  answer: RequestListener,
): Promise<{ readonly base: string; readonly close: () => void }> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { base: `http://127.0.0.1:${port}/data/`, close: () => server.close() }
}

it('reads a packed file over HTTP', async () => {
  const { base, close } = await serve((_, response) => response.end(gzipSync(TEXT)))
  const found = await read(base, 'rows.ndjson.gz?signature=secret')
  close()

  expect(found).toEqual({ [`${base}rows.ndjson.gz`]: TEXT })
})

it.each<[string, RequestListener, string]>([
  ['an error', (_, response) => response.writeHead(503).end(), 'the server answered 503'],
  [
    'a connection that breaks',
    (_, response) => {
      response.writeHead(200, { 'content-length': TEXT.length })
      response.write(TEXT.slice(0, 1000), () => response.destroy())
    },
    'rows.ndjson: ',
  ],
  [
    'a redirect',
    (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    'the server answered 302, a redirect',
  ],
])('fails for %s of the server, without repeating the query string', async (_, answer, problem) => {
  const { base, close } = await serve(answer)
  const failure = await read(base, 'rows.ndjson?signature=secret').catch((thrown: unknown) => thrown)
  close()

  expect(failure).toMatchObject({ code: 'SOURCE_UNREADABLE', message: expect.stringContaining(problem) })
  expect(String(failure)).not.toContain('secret')
})

it('refuses plain http to any other machine', async () => {
  await expect(read('http://files.example/', 'rows.ndjson')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})

it('reads objects of S3 by glob', async () => {
  const standIn = await startStandIn()
  const customer = await createCustomer(standIn)
  const credentials = await customer.createUser('reader')
  const s3 = new S3({ region: customer.region, endpoint: standIn.url, forcePathStyle: true, credentials })
  const put = (Key: string, Body: Buffer) => s3.putObject({ Bucket: customer.bucket, Key, Body })
  await put('in/2026/b.ndjson.zst', zstdCompressSync(TEXT))
  await put('in/2026/a.ndjson.gz', gzipSync('{"id":1}\n'))
  await put('in/other.csv', Buffer.from('id\n1\n'))

  const found = await read(`s3://${customer.bucket}/in`, '2026/*.ndjson.*', async () => s3)
  await standIn.stop()

  expect(Object.entries(found)).toEqual([
    [`s3://${customer.bucket}/in/2026/a.ndjson.gz`, '{"id":1}\n'],
    [`s3://${customer.bucket}/in/2026/b.ndjson.zst`, TEXT],
  ])
})

it.each(['truncate', 'corrupt', '500'])(
  'an object of S3 that cannot be read whole is named (%s), and nothing of it is taken for the whole',
  async kind => {
    const standIn = await startStandIn()
    const customer = await createCustomer(standIn)
    const credentials = await customer.createUser('source')
    const options = { region: customer.region, endpoint: standIn.url, forcePathStyle: true, credentials }
    const s3 = new S3({ ...options, maxAttempts: 1 })
    await s3.putObject({ Bucket: customer.bucket, Key: 'in/a.ndjson', Body: Buffer.from(TEXT) })
    await standIn.setFault({ name: `s3.GetObject.${kind}` })

    await expect(read(`s3://${customer.bucket}/in`, 'a.ndjson', async () => s3)).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining(`s3://${customer.bucket}/in/a.ndjson: `),
      retryable: true,
    })
    await standIn.stop()
  },
)
