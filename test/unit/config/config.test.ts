import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { jsonSchemaOf } from '../../../src/config/json-schema.ts'
import { destinationNamed, loadConfig, modelsOf } from '../../../src/config/load-config.ts'
import { readSecret } from '../../../src/config/read-secret.ts'
import { readSettings } from '../../../src/config/settings.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

const FILES = {
  'sources/files.yaml': 'type: files\nbase: ./data\n',
  'models/invoices.yaml':
    'source: files\nfiles: {path: i.csv}\nprimaryKey: [id]\ncolumns:\n  - {name: id, type: string}\n',
  'destinations/acme.yaml':
    'bucket: acme-athena\nregion: eu-west-1\ndatabase: acme_results\nschema: acme_export\naccess: {type: web-identity, roleArn: "arn:aws:iam::123456789012:role/r"}\n',
}

async function configFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'config-'))
  folders.push(folder)
  for (const kind of ['sources', 'models', 'destinations']) await mkdir(join(folder, kind))
  for (const [path, text] of Object.entries({ ...FILES, ...files })) await writeFile(join(folder, path), text)
  return folder
}

it('reads destinations, sources and models, named by their files', async () => {
  const config = await loadConfig(await configFolder({}))
  const destination = destinationNamed(config, 'acme')

  expect(destination).toMatchObject({ workgroup: 'primary', access: { sessionDurationSeconds: 3600 } })
  expect(modelsOf(config, destination).map(model => model.name)).toEqual(['invoices'])
})

it.each([
  [
    'models/invoices.yaml',
    FILES['models/invoices.yaml'].replace('string', 'strnig'),
    /models\/invoices\.yaml: columns\[0\]\.type: unknown column type "strnig"; expected one of .*, found "strnig"/,
  ],
  ['destinations/acme.yaml', `${FILES['destinations/acme.yaml']}regoin: x\n`, /acme\.yaml: .*regoin/],
  [
    'destinations/acme.yaml',
    FILES['destinations/acme.yaml'].replace('eu-west-1', 'Ireland'),
    /region: expected an AWS region such as eu-west-1, found "Ireland"/,
  ],
  [
    'destinations/acme.yaml',
    `${FILES['destinations/acme.yaml']}models: [nope]\n`,
    /models: found "nope", expected some of invoices/,
  ],
  [
    'models/invoices.yaml',
    FILES['models/invoices.yaml'].replace('source: files', 'source: db'),
    /source: found "db", expected one of files/,
  ],
  ['models/invoices.yaml', 'a: [1\n', /invoices\.yaml: not readable as YAML: .*line 2/s],
  [
    'models/Invoices2.yaml',
    `${FILES['models/invoices.yaml']}name: INVOICES\n`,
    /invoices and INVOICES|INVOICES and invoices/,
  ],
])('wrong %s says file, path, found and expected', async (path, text, message) => {
  const folder = await configFolder({ [path]: text })

  await expect(loadConfig(folder)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(message),
  })
})

it('refuses a secret written where a reference belongs, without repeating it', async () => {
  const access = 'access: {type: access-key, accessKeyId: "env:KEY", secretAccessKey: "wJalrXUtnFEMI"}'
  const text = FILES['destinations/acme.yaml'].replace(/access: .*/, access)

  const error: unknown = await loadConfig(await configFolder({ 'destinations/acme.yaml': text })).catch(
    thrown => thrown,
  )
  expect(String(error)).toMatch(
    /secretAccessKey: expected env:NAME or file:\/absolute\/path, never the secret itself/,
  )
  expect(JSON.stringify(error) + String(error)).not.toContain('wJalrXUtnFEMI')
})

it('reads secrets by reference, again at each use', async () => {
  const folder = await configFolder({ 'sources/key.txt': ' s3cret\n' })

  expect(await readSecret(`file:${folder}/sources/key.txt`)).toBe('s3cret')
  expect(await readSecret('env:KEY', { KEY: 'v' })).toBe('v')
  await expect(readSecret('env:KEY', {})).rejects.toMatchObject({
    code: 'SECRET_UNREADABLE',
    message: 'secret env:KEY is not set',
  })
})

it('reads settings and says which variable is wrong', () => {
  expect(
    readSettings({ ATHENA_TRANSFER_IDENTITY: 'file:/t', ATHENA_TRANSFER_CONCURRENCY: '' }),
  ).toMatchObject({
    identity: { type: 'file', path: '/t' },
    concurrency: 2,
  })
  expect(() => readSettings({ ATHENA_TRANSFER_CONCURRENCY: 'many' })).toThrow(/ATHENA_TRANSFER_CONCURRENCY: /)
})

it('prints a JSON Schema that editors can complete from', () => {
  expect(jsonSchemaOf('destination')).toMatchObject({
    title: 'athena-transfer destination',
    required: expect.arrayContaining(['bucket', 'schema', 'database']),
  })
  expect(JSON.stringify(jsonSchemaOf('model'))).toContain('folds it to')
})
