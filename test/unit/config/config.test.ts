import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { jsonSchemaOf } from '../../../src/config/json-schema.ts'
import {
  destinationNamed,
  loadConfig,
  modelNamed,
  modelNamesOf,
  modelProblems,
  modelsOf,
} from '../../../src/config/load-config.ts'
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

const DESTINATION = FILES['destinations/acme.yaml']
const MODEL = FILES['models/invoices.yaml']

it.each([
  ['destinations/acme.yaml', `${DESTINATION}regoin: x\n`, /acme\.yaml: .*regoin/],
  [
    'destinations/acme.yaml',
    DESTINATION.replace('eu-west-1', 'Ireland'),
    /region: expected an AWS region such as eu-west-1, found "Ireland"/,
  ],
  ['sources/files.yaml', 'a: [1\n', /files\.yaml: not readable as YAML: .*line 2/s],
  ['sources/more.yaml', `${FILES['sources/files.yaml']}name: files\n`, /more\.yaml: name: "files" is used/],
])('wrong %s says file, path, found and expected', async (path, text, message) => {
  const folder = await configFolder({ [path]: text })

  await expect(loadConfig(folder)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(message),
  })
})

it.each([
  [
    'a wrong type',
    'invoices',
    { 'models/invoices.yaml': MODEL.replace('string', 'strnig') },
    /models\/invoices\.yaml: columns\[0\]\.type: unknown column type "strnig" \(did you mean "string"\?\); expected one of .*, found "strnig"/,
  ],
  [
    'an unknown source',
    'invoices',
    { 'models/invoices.yaml': MODEL.replace('source: files', 'source: db') },
    /source: found "db", expected one of files/,
  ],
  [
    'broken YAML',
    'invoices',
    { 'models/invoices.yaml': 'a: [1\n' },
    /invoices\.yaml: not readable as YAML: .*line 2/s,
  ],
  [
    'an error under a name of its own',
    'Bills',
    { 'models/invoices.yaml': `name: Bills\n${MODEL.replace('string', 'strnig')}` },
    /strnig/,
  ],
  [
    "another's table name",
    'INVOICES',
    { 'models/Invoices2.yaml': `${MODEL}name: INVOICES\n` },
    /INVOICES \(.*Invoices2\.yaml\) and invoices \(.*invoices\.yaml\) are one table name/,
  ],
  [
    'no file',
    'nope',
    { 'destinations/acme.yaml': `${DESTINATION}models: [nope, orders]\n` },
    /destination "acme": models: found "nope", expected some of .*orders/,
  ],
])('a model with %s fails alone, with file, path, found and expected', async (_, name, files, message) => {
  const config = await loadConfig(await configFolder({ 'models/orders.yaml': MODEL, ...files }))
  const acme = destinationNamed(config, 'acme')

  expect(modelNamesOf(config, acme)).toEqual(expect.arrayContaining(['orders', name]))
  expect(modelNamed(config, acme, 'orders').name).toBe('orders')
  expect(() => modelNamed(config, acme, name)).toThrow(message)
  expect(modelProblems(config).map(problem => problem.message)).toContainEqual(expect.stringMatching(message))
})

it('a model that a request names and the destination does not take is refused', async () => {
  const config = await loadConfig(await configFolder({ 'models/orders.yaml': 'a: [1\n' }))
  expect(() => modelNamesOf(config, destinationNamed(config, 'acme'), ['orders', 'nope'])).toThrow(
    'destination "acme": no model "nope"; it takes: invoices, orders',
  )
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
