import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config/load-config.ts'
import { destinationSchema } from '../../../src/domain/destination.ts'
import { TransferError } from '../../../src/domain/errors.ts'
import {
  manifestKey,
  rejectedPrefix,
  resultsLocation,
  stagingPrefix,
  statusPrefix,
  swapNoteKey,
  tablePrefix,
  tableRecordKey,
} from '../../../src/domain/locations.ts'
import { modelSchema } from '../../../src/domain/model.ts'
import { foldName } from '../../../src/domain/names.ts'
import { sourceSchema } from '../../../src/domain/source.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { readFiles } from '../../../src/sources/read-files.ts'
import type { SourceS3 } from '../../../src/sources/s3-files.ts'
import { startConfigFolder } from './config-folder.ts'

const SECRET = 'the secret of another\n'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paths-'))
  await mkdir(join(folder, 'base/deep'), { recursive: true })
  await writeFile(join(folder, 'outside.ndjson'), SECRET)
  await writeFile(join(folder, 'base/rows.ndjson'), '{"id":1}\n')
  await writeFile(join(folder, 'base/deep/rows.ndjson'), '{"id":2}\n')
  await symlink(join(folder, 'outside.ndjson'), join(folder, 'base/link.ndjson'))
  await symlink(folder, join(folder, 'base/up'))
  await symlink('/dev/zero', join(folder, 'base/zero.ndjson'))
  const pipe = spawn('/usr/bin/mkfifo', [join(folder, 'base/pipe.ndjson')])
  await once(pipe, 'exit')
})
afterAll(() => rm(folder, { recursive: true }))

const files = modelSchema.parse({
  ...{ name: 'm', source: 's', files: { path: 'x', format: 'ndjson' }, primaryKey: ['id'] },
  columns: [{ name: 'id', type: 'bigint' }],
}).files

async function read(base: string, path: string, s3?: SourceS3): Promise<string> {
  const source = sourceSchema.parse({ name: 's', type: 'files', base })
  const signal = AbortSignal.timeout(20_000)
  const connect = s3 ? async () => s3 : () => Promise.reject(new Error('no S3 in this test'))
  const deps = { folder, s3: connect, network: { allowedHosts: new Set<string>() } }
  let text = ''
  for await (const batch of readFiles(deps, source, { ...files, path }, signal))
    text += Buffer.concat(await Array.fromAsync(batch.open(signal))).toString()
  return text
}

/** What a path ended in: its text, or the code of its failure. */
async function outcomeOf(base: string, path: string): Promise<string> {
  try {
    return await read(base, path)
  } catch (thrown) {
    return thrown instanceof TransferError ? thrown.code : `untyped: ${String(thrown)}`
  }
}

it.each([
  ...[
    '../outside.ndjson',
    'deep/../../outside.ndjson',
    '/etc/passwd',
    '//etc/passwd',
    '{..,deep}/outside.ndjson',
  ],
  ...['{../outside,rows}.ndjson', '\\.\\./outside.ndjson', '[.][.]/outside.ndjson', '@(..)/outside.ndjson'],
  ...[
    '.{.,}/outside.ndjson',
    '{/etc/passwd,/etc/group}',
    'up/outside.ndjson',
    'up/*.ndjson',
    'link.ndjson',
    'l*k.ndjson',
  ],
  ...[
    'zero.ndjson',
    'pipe.ndjson',
    'p*.ndjson',
    'rows.ndjson\0',
    '\0',
    '..',
    '.',
    '',
    ' ',
    '**',
    '**/../../*',
  ],
  // Each would walk through a disk.
  ...['../**', 'deep/../../**', '\\.\\./**', '[.][.]/**', '/**', '{..,deep}/**', '**/../../../**'],
  ...[
    'file:///etc/passwd',
    '~/.ssh/id_rsa',
    '%2e%2e/outside.ndjson',
    '..%2foutside.ndjson',
    '．．/outside.ndjson',
  ],
])('a path "%s" of a model reads nothing outside of its source’s base, and waits for nothing', async path => {
  const outcome = await outcomeOf('base', path)

  expect(outcome).not.toContain(SECRET)
  expect(outcome).not.toContain('root:')
  expect(outcome).toMatch(/^(CONFIG_INVALID|SOURCE_NOT_FOUND|SOURCE_UNREADABLE|(\{"id":\d\}\n)*)$/)
})

it('no path that can be made of such parts reads anything outside, or ends without a code', async () => {
  const part = fc.constantFrom(
    ...[
      '..',
      '.',
      'deep',
      'up',
      'rows.ndjson',
      'outside.ndjson',
      '*',
      '**',
      '{..,deep}',
      '[.]',
      '\\.',
      '\\',
      '?',
    ],
    ...['@(..)', '+(.)', '!(x)', '{', '}', '(', '[', '~', '\0', '%2e%2e', 'é', ' ', '*'.repeat(30)],
  )
  const separator = fc.constantFrom('/', '//', '', '\\', '\\/')
  const path = fc
    .array(fc.tuple(part, separator), { minLength: 1, maxLength: 6 })
    .map(parts => parts.flat().join(''))
  await fc.assert(
    fc.asyncProperty(path, async one => {
      const outcome = await outcomeOf('base', one)
      expect(outcome).not.toContain(SECRET)
      expect(outcome).not.toContain('untyped')
    }),
    { numRuns: 300 },
  )
})

it.each([
  ['a range that stands for a thousand million files', '{1..1000000000}.ndjson'],
  ['braces that stand for 2^40 files', '{a,b}'.repeat(40)],
  ['braces in braces', `${'{'.repeat(500)}a`],
  ['groups that are tried in every order', `${'+(a|a'.repeat(30)}b`],
  ['a long path', 'a/'.repeat(100_000)],
  ['many stars', `${'*a'.repeat(500)}b`],
  ['many stars of folders', `${'**/'.repeat(300)}b`],
])('a pattern with %s is refused, or looked for, in little time', async (_, path) => {
  await writeFile(join(folder, 'base', 'a'.repeat(200)), '')
  const beganMs = performance.now()
  const outcome = await outcomeOf('base', path)

  expect(outcome).toMatch(/^(CONFIG_INVALID|SOURCE_NOT_FOUND)$/)
  expect(performance.now() - beganMs).toBeLessThan(5_000)
})

it('a source in S3 asks for nothing that is not below its prefix, whatever the pattern', async () => {
  const asked: string[] = []
  const s3: SourceS3 = {
    listObjectsV2: async ({ Bucket, Prefix }) => {
      asked.push(`${Bucket}/${Prefix}`)
      return {
        Contents: ['in/acme/a', 'in/acme/../beta/b', 'in/acme-evil/c', 'in/acme//d'].flatMap(Key =>
          Key.startsWith(Prefix) ? [{ Key }] : [],
        ),
      }
    },
    getObject: async ({ Bucket, Key }) => {
      asked.push(`${Bucket}/${Key}`)
      return { Body: (async function* () {})() }
    },
  }
  const patterns = fc.oneof(
    fc.constantFrom('*', '**', '../beta/b', '{..,x}/beta/b', '-evil/c', '', '/in/beta/b', '\\../beta/b', 'a'),
    fc.string({ unit: fc.constantFrom('.', '/', '*', 'a', '{', '}', ',', '\\', 'beta', '-evil') }),
  )
  await fc.assert(
    fc.asyncProperty(patterns, async pattern => {
      await read('s3://bucket/in/acme', pattern, s3).catch((thrown: unknown) =>
        expect(thrown).toBeInstanceOf(TransferError),
      )
    }),
    { numRuns: 200 },
  )

  expect(asked.length).toBeGreaterThan(0)
  for (const one of asked) expect(one).toMatch(/^bucket\/in\/acme\//)
})

const destination = {
  ...{ name: 'acme', bucket: 'acme-bucket', region: 'eu-west-1', database: 'results', schema: 'acme' },
  access: { type: 'access-key', accessKeyId: 'env:A', secretAccessKey: 'env:B' },
}

it.each<[keyof typeof destination | 'workgroup', readonly string[]]>([
  [
    'schema',
    [
      '..',
      '.',
      '../beta',
      'a/b',
      '/a',
      'a/',
      'a%2f',
      'a\\b',
      'A',
      'a"b',
      "a'b",
      'a b',
      '',
      'a\0',
      'а',
      'a\n',
    ],
  ],
  [
    'database',
    ['..', '.', 'a/../b', '../b', '/a', 'a/', 'a//b', 'a/./b', 'a\\b', 'a b', '', 'a\0b', 'a\n', '...'],
  ],
  ['bucket', ['a/b', '../b', 'A-b', 'a?b', 'a#b', 's3://b', 'a\n', '', 'a b', 'a@b']],
  ['name', ['a:b', 'A', '../b', 'a/b', '', 'a b', 'a\n', 'a*', '-a']],
  [
    'region',
    ['eu-west-1.evil.example', 'eu-west-1/', '../x', 'eu-west-1#', 'x', 'eu-west-1@evil', 'eu-west-1\n'],
  ],
  ['workgroup', ['a:waiting', 'a/b', 'a b', '', 'a\n', '*', 'a?']],
])('a destination’s %s that is more than a name is refused', (field, values) => {
  expect(destinationSchema.safeParse(destination).success).toBe(true)
  for (const value of values)
    expect({ value, ok: destinationSchema.safeParse({ ...destination, [field]: value }).success }).toEqual({
      value,
      ok: false,
    })
})

it('whatever a model is called, all that is written for it lies in the destination’s own folders', () => {
  const names = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.string({
      unit: fc.constantFrom('.', '/', '\\', 'a', '%', '2', 'e', '\0', '_', '：', '／', '．'),
      minLength: 1,
    }),
    fc.constantFrom(
      '_transfer_status',
      '_TRANSFER_STATUS',
      'staging',
      '_tables',
      '_manifests',
      'rejected',
      '_swaps',
    ),
  )
  fc.assert(
    fc.property(names, name => {
      const table = foldName(name)
      const id = newTransferId()
      const keys = [
        stagingPrefix(destination, id, table, 'a1'),
        tablePrefix(destination, table, 'a1'),
        rejectedPrefix(destination, id, table),
        statusPrefix(destination, id, 'a1'),
        tableRecordKey(destination, table),
        swapNoteKey(destination, table, 'a1'),
        manifestKey(destination, table, id, '2026-01-01'),
      ]
      expect(table).toMatch(/^[a-z0-9_]{1,255}$/)
      expect(table).not.toMatch(/^_transfer_/)
      for (const key of keys) expect(key).toMatch(/^acme\/[\w./=-]+$/)
      for (const key of keys) expect(key.split('/')).not.toContain('..')
    }),
    { numRuns: 500 },
  )
  expect(resultsLocation(destination)).toBe('s3://acme-bucket/results/athena_output/')
})

/** A configuration of two customers, and what of it cannot be used. */
async function configured(beta: object, source: object = { type: 'files', base: 'data' }) {
  const config = await startConfigFolder()
  const { name: _, ...acme } = destination
  await config.write('destinations/acme.yaml', acme)
  await config.write('destinations/beta.yaml', { ...acme, ...beta })
  await config.write('sources/s.yaml', source)
  await config.write('models/m.yaml', {
    ...{ source: 's', files: { path: 'a.ndjson' }, primaryKey: ['id'] },
    columns: [{ name: 'id', type: 'bigint' }],
  })
  try {
    return await loadConfig(config.path)
  } finally {
    await config.remove()
  }
}

const role = (account: string) => ({ type: 'web-identity', roleArn: `arn:aws:iam::${account}:role/r` })

it.each<[string, object]>([
  ['the same folder of a bucket', { schema: 'acme' }],
  ['its data where the other’s results are', { schema: 'results', database: 'other' }],
  ['its results in the other’s data', { schema: 'beta', database: 'acme/deep' }],
  ['the same folder of results', { schema: 'beta' }],
])(
  'two destinations with %s are refused: each sweeps and replaces what is there as its own',
  async (_, beta) => {
    await expect(configured(beta)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^destination "(acme|beta)": .* destination "(acme|beta)"'s too$/),
    })
  },
)

it('two destinations in one bucket that keep apart are two', async () => {
  const { destinations } = await configured({ schema: 'beta', database: 'results_of_beta' })

  expect([...destinations.keys()]).toEqual(['acme', 'beta'])
})

it('two destinations of one account with one Glue database are refused, also in two buckets', async () => {
  const config = await startConfigFolder()
  const { name: _, ...rest } = destination
  const access = role('111111111111')
  await config.write('destinations/acme.yaml', { ...rest, access })
  await config.write('destinations/beta.yaml', { ...rest, access, bucket: 'beta-bucket' })
  await expect(loadConfig(config.path)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  await config.write('destinations/beta.yaml', {
    ...rest,
    access: role('222222222222'),
    bucket: 'beta-bucket',
  })
  expect((await loadConfig(config.path)).destinations.size).toBe(2)
  await config.remove()
})

it.each([
  ...['s3://beta-bucket/beta', 's3://beta-bucket/beta/', 's3://beta-bucket/beta/staging', 's3://beta-bucket'],
  ...[
    's3://beta-bucket/',
    's3://beta-bucket//beta',
    's3://beta-bucket/of_beta/athena_output/',
    's3://acme-bucket/acme',
  ],
])('no model is read from %s, which is a destination’s own or holds it', async base => {
  const beta = { bucket: 'beta-bucket', schema: 'beta', database: 'of_beta' }
  const { models, brokenModels } = await configured(beta, { type: 'files', base })

  expect([...models.keys()]).toEqual([])
  expect(brokenModels.get('m')).toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining("lies in a destination's own folder, or around one"),
  })
})

it.each(['s3://beta-bucket/betamax', 's3://beta-bucket/in/beta', 's3://elsewhere/beta'])(
  'a model is read from %s, which is nobody’s own',
  async base => {
    const beta = { bucket: 'beta-bucket', schema: 'beta', database: 'of_beta' }

    expect([...(await configured(beta, { type: 'files', base })).models.keys()]).toEqual(['m'])
  },
)
