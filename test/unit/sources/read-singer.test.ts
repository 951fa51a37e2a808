import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readSinger } from '../../../src/sources/singer/read-singer.ts'
import { readValue } from '../../../src/staging/value-rules.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'singer-test-'))
})
afterAll(() => rm(folder, { recursive: true }))

const USERS = {
  type: 'SCHEMA',
  stream: 'users',
  key_properties: ['id'],
  schema: {
    type: 'object',
    required: ['id', 'name'],
    properties: {
      id: { type: ['null', 'integer'] },
      name: { type: 'string' },
      born: { type: 'string', format: 'date' },
      address: { type: 'object', properties: { zip: { type: 'string' } }, additionalProperties: false },
    },
  },
}

const ANN = { id: 1, name: 'Ann' }

function record(value: object, more: object = {}) {
  return { type: 'RECORD', stream: 'users', record: value, ...more }
}

/** What a load held: rows as they are spooled, and the state. */
async function loadsOf(lines: readonly (object | string | Buffer)[], loadBytes = Number.POSITIVE_INFINITY) {
  const input = lines.map(line =>
    typeof line === 'string' || Buffer.isBuffer(line) ? line : JSON.stringify(line),
  )
  const told = []
  const signal = AbortSignal.timeout(10_000)
  const loads = readSinger(
    {
      file: 'input.singer',
      chunks: chunksOf(Buffer.concat(input.flatMap(line => [Buffer.from(line), Buffer.from('\n')]))),
    },
    {
      workDir: folder,
      loadBytes,
      signal,
      textProblem: (type, text) => {
        const outcome = readValue(type, { kind: 'string', text })
        return 'reason' in outcome ? outcome.reason : undefined
      },
    },
  )
  for await (const { streams, state } of loads) {
    const rows: Record<string, string[]> = {}
    for (const { model, batch } of streams) {
      const bytes = await Array.fromAsync(batch.open(signal))
      rows[model.name] = Buffer.concat(bytes).toString().split('\n').filter(Boolean)
    }
    told.push({ rows, state, streams })
  }
  return told
}

/** Seven bytes at a time, so that lines and characters are cut. */
async function* chunksOf(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
}

it.each([
  ['malformed JSON', ['{"type": "RECORD"'], /^input\.singer line 1: is not JSON: /],
  [
    'a message of no type',
    [{ stream: 'users' }],
    /^input\.singer line 1, stream "users", property "type": is no Singer message/,
  ],
  ['another type', [{ type: 'LOG', value: 1 }], /line 1, property "type": is no Singer message/],
  ['a state without value', [{ type: 'STATE' }], /line 1, property "value": is no Singer message/],
  ['bytes that are not UTF-8', [Buffer.from([0x22, 0xff, 0x22])], /^input\.singer line 1: is not UTF-8$/],
  [
    'a record before its schema',
    [record(ANN), USERS],
    /^input\.singer line 1, stream "users": RECORD before the stream's SCHEMA$/,
  ],
  [
    'a record of an unknown stream',
    [USERS, record(ANN, { stream: 'user' })],
    /line 2, stream "user": RECORD before/,
  ],
  [
    'a schema without properties',
    [{ ...USERS, schema: { type: 'object' } }],
    /line 1, stream "users", property "schema\.properties"/,
  ],
  [
    'a schema that is none',
    [{ ...USERS, schema: { properties: { id: { type: 'int' } } } }],
    /line 1, stream "users": the schema is no JSON Schema: .*type/,
  ],
  [
    'a key that is no property',
    [{ ...USERS, key_properties: ['uid'] }],
    /stream "users", property "uid": is a key property, and no property of the schema$/,
  ],
  [
    'a key that no table can have',
    [{ ...USERS, key_properties: ['address'] }],
    /stream "users": property "address": a primary key cannot be of type json$/,
  ],
  [
    'a missing required property',
    [USERS, record({ id: 1 })],
    /line 2, stream "users", property "name": is required and missing$/,
  ],
  [
    'a missing key property',
    [{ ...USERS, schema: { ...USERS.schema, required: [] } }, record({ name: 'x' })],
    /line 2, stream "users", property "id": is a key property and missing$/,
  ],
  [
    'a key that is null',
    [USERS, record({ id: null, name: 'x' })],
    /line 2, stream "users", property "id": is a key property and null$/,
  ],
  [
    'a value of another type',
    [USERS, record({ id: 1, name: 7 })],
    /line 2, stream "users", property "name": 7 must be string$/,
  ],
  [
    'a value that is no date',
    [USERS, record({ ...ANN, born: 'May' })],
    /line 2, stream "users", property "born": "May" is not a date/,
  ],
  [
    'a nested value of another type',
    [USERS, record({ ...ANN, address: { zip: 1 } })],
    /property "address\.zip": 1 must be string$/,
  ],
  [
    'a nested property too many',
    [USERS, record({ ...ANN, address: { city: 1 } })],
    /property "address\.city": .*must NOT have additional properties$/,
  ],
  [
    'two properties of one name',
    [{ ...USERS, schema: { properties: { ...USERS.schema.properties, 'E-Mail': {}, e_mail: {} } } }],
    /"E-Mail" and "e_mail" are one name in Athena/,
  ],
  [
    'two streams of one table',
    [USERS, { ...USERS, stream: 'Users' }],
    /line 2, stream "Users": is one table in Athena with stream "users"$/,
  ],
  [
    'a batch of another format',
    [USERS, { type: 'BATCH', stream: 'users', encoding: { format: 'parquet' }, manifest: [] }],
    /line 2, stream "users", property "encoding\.format": .*only jsonl is read$/,
  ],
  [
    'a batch elsewhere',
    [USERS, { type: 'BATCH', stream: 'users', encoding: { format: 'jsonl' }, manifest: ['s3://b/k'] }],
    /property "manifest": "s3:\/\/b\/k" is no local file/,
  ],
  [
    'versions of some records only',
    [USERS, record(ANN), { type: 'ACTIVATE_VERSION', stream: 'users', version: 2 }],
    /line 2, stream "users": has no version, and line 3 activates version 2$/,
  ],
])('refuses %s and says where', async (_, lines, message) => {
  await expect(loadsOf(lines)).rejects.toMatchObject({
    code: 'SINGER_INVALID',
    message: expect.stringMatching(message),
    owner: 'operator',
    retryable: false,
  })
})

it.each([
  [
    'property of another type',
    { ...USERS, schema: { properties: { id: { type: 'string' } } } },
    'property "id": was bigint before and is string now',
  ],
  [
    'key',
    { ...USERS, key_properties: ['name'] },
    'property "key_properties": was [id] before and is [name] now',
  ],
])('refuses a schema with another %s half way', async (_, schema, message) => {
  await expect(loadsOf([USERS, record(ANN), schema])).rejects.toMatchObject({
    code: 'SCHEMA_CHANGE_REFUSED',
    message: `input.singer line 3, stream "users", ${message}`,
  })
})

it('spools rows as they are spelled, for declared properties only, and JSON texts in quotes', async () => {
  const schema = {
    ...USERS,
    schema: {
      properties: { id: { type: 'integer' }, amount: { type: 'number', multipleOf: 1e-9 }, any: {} },
    },
  }
  const [load] = await loadsOf([
    schema,
    '{"type":"RECORD","stream":"users","record":{"any": "say \\"x\\"", "id": 9007199254740993, "extra": 1, "amount": 12345678901234567.890000001}}',
    '{"type":"RECORD","stream":"users","record":{"id":2,"any": {"a":  [1.0]}}}',
  ])

  expect(load?.rows.users).toEqual([
    '{"id":9007199254740993,"amount":12345678901234567.890000001,"any":"\\"say \\\\\\"x\\\\\\"\\""}',
    '{"id":2,"amount":null,"any":{"a":  [1.0]}}',
  ])
})

it('a schema that changes half way is the union of its properties; a repeated one changes nothing', async () => {
  const wider = { ...USERS, schema: { properties: { id: { type: 'integer' }, mail: { type: 'string' } } } }
  const [load] = await loadsOf([USERS, record(ANN), USERS, wider, record({ id: 2, mail: 'b@x' })])
  const columns = load?.streams[0]?.model.columns.map(column => column.name)

  expect(columns).toEqual(['id', 'name', 'born', 'address', 'mail'])
  expect(load?.rows.users?.map(row => JSON.parse(row))).toMatchObject([
    ANN,
    { id: 2, name: null, mail: 'b@x' },
  ])
})

it('ends a load at the first STATE after so many bytes, and tells the last STATE at the end', async () => {
  const state = (id: number) => `{"type":"STATE","value":{"users": ${id}.0}}`
  const loads = await loadsOf(
    [
      USERS,
      record(ANN),
      state(1),
      record({ id: 2, name: 'Bob' }),
      record({ id: 3, name: 'Cy' }),
      state(3),
      state(4),
    ],
    60,
  )

  expect(loads.map(load => [load.rows.users?.length, load.state])).toEqual([
    [3, '{"users": 3.0}'],
    [undefined, '{"users": 4.0}'],
  ])
})

it('a stream with versions gets a column for them, and says which version to activate', async () => {
  const [load] = await loadsOf([
    USERS,
    record(ANN, { version: 7 }),
    { type: 'ACTIVATE_VERSION', stream: 'users', version: 7 },
  ])

  expect(load?.streams[0]?.activatedVersion).toBe(7)
  expect(load?.streams[0]?.model.columns.at(-1)).toMatchObject({
    name: '_sdc_table_version',
    type: { kind: 'bigint' },
  })
  expect(JSON.parse(load?.rows.users?.[0] ?? '')).toMatchObject({ ...ANN, _sdc_table_version: 7 })
})

it('reads the files of a BATCH, packed or not, and names file and line of a record that does not fit', async () => {
  const plain = join(folder, 'plain.jsonl')
  const packed = join(folder, 'packed.jsonl.gz')
  const bad = join(folder, 'bad.jsonl')
  await writeFile(plain, '{"id":1,"name":"Ann"}\n{"id":2,"name":"Bob"}')
  await writeFile(packed, gzipSync('{"id":3,"name":"Cy"}\n'))
  await writeFile(bad, '{"id":4,"name":"D"}\n{"id":5}\n')
  const batch = (manifest: string[], compression?: string) => ({
    type: 'BATCH',
    stream: 'users',
    encoding: { format: 'jsonl', ...(compression === undefined ? {} : { compression }) },
    manifest,
  })
  const [load] = await loadsOf([USERS, batch([plain], 'none'), batch([pathToFileURL(packed).href], 'gzip')])

  expect(load?.rows.users?.map(row => JSON.parse(row).id)).toEqual([1, 2, 3])
  await expect(loadsOf([USERS, batch([bad])])).rejects.toThrow(
    `${bad} line 2, stream "users", property "name": is required and missing`,
  )
  await expect(loadsOf([USERS, batch([join(folder, 'none.jsonl')])])).rejects.toMatchObject({
    code: 'SOURCE_UNREADABLE',
  })
  await writeFile(packed, gzipSync('{"id":3,"name":"Cy"}\n').subarray(0, -4))
  await expect(loadsOf([USERS, batch([packed], 'gzip')])).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
})

it('leaves no spooled row behind, also after a refusal', async () => {
  await loadsOf([USERS, record(ANN)])
  await loadsOf([USERS, record(ANN), record({})]).catch(() => undefined)

  expect((await readdir(folder)).filter(name => name.startsWith('singer-'))).toEqual([])
})
