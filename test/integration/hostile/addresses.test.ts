import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer, type LookupFunction } from 'node:net'
import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import { createSourceS3 } from '../../../src/aws/source-s3.ts'
import { compose } from '../../../src/cli/compose.ts'
import { loadConfig } from '../../../src/config/load-config.ts'
import { readSettings } from '../../../src/config/settings.ts'
import { modelSchema } from '../../../src/domain/model.ts'
import { isPublicAddress } from '../../../src/domain/network-address.ts'
import { sourceSchema } from '../../../src/domain/source.ts'
import { guardedLookup, type NetworkAccess } from '../../../src/sources/guarded-lookup.ts'
import { readFiles } from '../../../src/sources/read-files.ts'
import { startConfigFolder } from './config-folder.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const model = modelSchema.parse({
  ...{ name: 'm', source: 's', files: { path: 'rows.ndjson' }, primaryKey: ['id'] },
  columns: [{ name: 'id', type: 'bigint' }],
})

/** The text of a source's file over the network. */
async function read(base: string, network: NetworkAccess, path = 'rows.ndjson'): Promise<string> {
  const source = sourceSchema.parse({ name: 's', type: 'files', base })
  const noS3 = () => Promise.reject(new Error('no S3 in this test'))
  const { signal } = new AbortController()
  const deps = { folder: '/', s3: noS3, network }
  for await (const batch of readFiles(deps, source, { ...model.files, path }, signal))
    return Buffer.concat(await Array.fromAsync(batch.open(signal))).toString()
  return ''
}

/** A web server of this machine that counts who comes. */
async function serve(answer: RequestListener = (_, response) => response.end('{"id":1}\n')) {
  let visits = 0
  const server = createServer((request, response) => {
    visits++
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  stops.push(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { port, visits: () => visits }
}

const nobody: NetworkAccess = { allowedHosts: new Set() }

/** Answers like a DNS that an attacker runs: another address each time, the last one for ever; tells how often it was asked. */
function answering(...answers: readonly (readonly string[])[]) {
  let asked = 0
  const lookup: LookupFunction = (_, options, callback) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? []
    const found = addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
    if (options.all) callback(null, found)
    else callback(null, found[0]?.address ?? '', found[0]?.family)
  }
  return { lookup, asked: () => asked }
}

it.each([
  ...['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '0x7f.1', '127.0.0.1.', '0', '0.0.0.0'],
  ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::7f00:1]', '[0:0:0:0:0:0:0:1]'],
  ...['169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '[::ffff:169.254.169.254]'],
  ...['[fd00:ec2::254]', '[64:ff9b::a9fe:a9fe]', '[2002:a9fe:a9fe::]', '100.100.100.200', '168.63.129.16'],
  ...[
    '192.0.0.192',
    '10.0.0.1',
    '10.255.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
  ],
  ...['[fe80::1]', '[fec0::1]', '[fc00::1]', '[ff02::1]', '224.0.0.1', '255.255.255.255', '198.18.0.1'],
  ...['127。0。0。1', '①②⑦.0.0.1', '１２７.0.0.1'],
])(
  'refuses https://%s/ and any other spelling of an address that is not public, before it connects',
  async host => {
    await expect(read(`https://${host}/`, nobody)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      owner: 'operator',
      hint: expect.stringContaining('ATHENA_TRANSFER_ALLOWED_HOSTS'),
    })
  },
)

it.each([
  '127.0.0.1',
  '169.254.169.254',
  '10.1.2.3',
  '::1',
  'fd00:ec2::254',
  '::ffff:10.0.0.1',
  '64:ff9b::a00:1',
])('refuses a name that resolves to %s, alone or beside a public address', async address => {
  const { visits } = await serve()
  for (const answer of [[address], ['8.8.8.8', address], [address, '2606:4700::1111']]) {
    const { lookup } = answering(answer)
    await expect(read('https://metadata.google.internal/', { ...nobody, lookup })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `host metadata.google.internal is at ${address}, which is not on the public internet`,
    })
  }
  expect(visits()).toBe(0)
})

it('asks for a name once, so that a second answer leads nowhere', async () => {
  const { lookup, asked } = answering(['203.0.114.1'], ['127.0.0.1'])
  const found = await new Promise((resolve, reject) => {
    guardedLookup({ ...nobody, lookup })('rebinding.example', { all: true }, (failure, addresses) =>
      failure ? reject(failure) : resolve(addresses),
    )
  })
  expect(found).toEqual([{ address: '203.0.114.1', family: 4 }])
  expect(asked()).toBe(1)
  await expect(read('https://rebinding.example/', { ...nobody, lookup })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  })
  expect(asked()).toBe(2)
})

it('a connection goes to the address that was judged: one lookup a file, and none by the system', async () => {
  const server = createTcpServer(socket => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  stops.push(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const { lookup, asked } = answering(['127.0.0.1'])
  const network = { allowedHosts: new Set(['files.example']), lookup }
  const reached = once(server, 'connection')
  const outcome = read(`https://files.example:${port}/`, network)

  await expect(outcome).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
  await reached
  expect(asked()).toBe(1)
})

it('reads from a host of this machine once the operator allows it, and from no other', async () => {
  const { port, visits } = await serve()
  const base = `http://127.0.0.1:${port}/`

  await expect(read(base, nobody)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  await expect(read(base, { allowedHosts: new Set(['localhost']) })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  })
  expect(visits()).toBe(0)
  expect(await read(base, { allowedHosts: new Set(['127.0.0.1']) })).toBe('{"id":1}\n')
})

it.each([301, 302, 303, 307, 308])('follows no redirect (%i), wherever it leads', async status => {
  const inner = await serve()
  const { port } = await serve((_, response) =>
    response.writeHead(status, { location: `http://127.0.0.1:${inner.port}/latest/meta-data/` }).end(),
  )

  await expect(
    read(`http://127.0.0.1:${port}/`, { allowedHosts: new Set(['127.0.0.1']) }),
  ).rejects.toMatchObject({
    code: 'SOURCE_UNREADABLE',
    message: expect.stringContaining(`${status}, a redirect`),
  })
  expect(inner.visits()).toBe(0)
})

it.each([
  ...['https://evil.example/x', '//evil.example/x', '\\\\evil.example\\x', '/\\evil.example/x', 'http:x'],
  ...[
    '../x',
    '%2e%2e/x',
    '%2E%2e/x',
    '.%2e/x',
    '..\\x',
    '\t../x',
    'x\0y',
    'ftp://127.0.0.1/x',
    'file:///etc/passwd',
  ],
  ...['https:evil.example', '@evil.example/x/../..', 'a/..%5c..%5c..%5c', 'javascript:1', 'https://'],
])('a path "%s" leads to no other host and not above the base', async path => {
  const { port, visits } = await serve()
  const base = `http://127.0.0.1:${port}/base/`
  const network = { allowedHosts: new Set(['127.0.0.1']) }
  let asked = ''
  const { port: watched } = await serve((request, response) => {
    asked = request.url ?? ''
    response.end('{"id":1}\n')
  })
  const outcome = await read(`http://127.0.0.1:${watched}/base/`, network, path).catch(
    (thrown: unknown) => thrown,
  )

  if (typeof outcome === 'string') expect(asked).toMatch(/^\/base\//)
  else expect(outcome).toMatchObject({ code: 'CONFIG_INVALID' })
  expect(base).toContain('/base/')
  expect(visits()).toBe(0)
})

it('no spelling of an IPv4 address that is not public passes as public, and none that is public is refused', () => {
  const octet = fc.integer({ min: 0, max: 255 })
  const isOurs = ([a, b]: readonly number[]) =>
    a === 10 || a === 127 || a === 0 || (a === 192 && b === 168) || (a === 169 && b === 254) || a === 172
  fc.assert(
    fc.property(fc.tuple(fc.constantFrom(10, 127, 169, 172, 192, 0, 8, 52), octet, octet, octet), parts => {
      const [a = 0, b = 0, c = 0, d = 0] = parts
      const number = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
      const spellings = [
        parts.join('.'),
        String(number),
        `0x${number.toString(16)}`,
        parts.map(part => `0${part.toString(8)}`).join('.'),
        `[::ffff:${parts.join('.')}]`,
      ]
      const isPublic = spellings.map(text => isPublicAddress(new URL(`https://${text}/`).hostname))
      if (isOurs(parts) && !(a === 172 && (b < 16 || b > 31))) expect(isPublic).not.toContain(true)
      if (a === 8) expect(isPublic.slice(0, 4)).toEqual([true, true, true, true])
    }),
  )
})

it('an S3 endpoint of a source is held to the same, by address and by name', async () => {
  const { port, visits } = await serve()
  const folder = await startConfigFolder()
  stops.push(folder.remove)
  await folder.write('sources/inner.yaml', {
    ...{ type: 'files', base: 's3://bucket/in' },
    s3: {
      ...{ region: 'eu-west-1', endpoint: `http://127.0.0.1:${port}` },
      ...{ accessKeyId: 'env:HOME', secretAccessKey: 'env:HOME' },
    },
  })
  await folder.write('models/m.yaml', {
    ...{ source: 'inner', files: { path: 'a.ndjson' }, primaryKey: ['id'] },
    columns: [{ name: 'id', type: 'bigint' }],
  })
  const config = await loadConfig(folder.path)
  const { readSource, encoders } = compose(readSettings({ ATHENA_TRANSFER_CONFIG: folder.path }), config)
  const own = config.models.get('m')
  if (!own) throw new Error('expected the model to be read')
  const { signal } = new AbortController()

  await expect(Array.fromAsync(readSource(own, signal))).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  const { lookup } = answering(['169.254.169.254'])
  const s3 = createSourceS3({
    region: 'eu-west-1',
    endpoint: { url: 'http://storage.example', lookup: guardedLookup({ ...nobody, lookup }) },
    credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }),
  })
  await expect(s3.getObject({ Bucket: 'b', Key: 'k' })).rejects.toThrow('is not on the public internet')
  expect(visits()).toBe(0)
  await encoders.close()
})

it('an allowed host of the setting is one host, not what ends in it', async () => {
  const { allowedHosts = new Set<string>() } = readSettings({
    ATHENA_TRANSFER_ALLOWED_HOSTS: ' Files.Internal, 10.0.0.7,,[fd00::7] ',
  })

  expect([...allowedHosts]).toEqual(['files.internal', '10.0.0.7', '[fd00::7]'])
  const { lookup } = answering(['10.0.0.7'])
  await expect(read('https://evil-files.internal/', { allowedHosts, lookup })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  })
  await expect(read('https://10.0.0.8/', { allowedHosts })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})
