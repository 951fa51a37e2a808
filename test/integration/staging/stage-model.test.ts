import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { toTransferError } from '../../../src/domain/errors.ts'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import type { PartitionField } from '../../../src/domain/partition-field.ts'
import { rejectedRowSchema } from '../../../src/domain/rejected-row.ts'
import type { RowBatch } from '../../../src/domain/row-batch.ts'
import { createEncoderPool } from '../../../src/staging/encoder-pool.ts'
import type { StagingS3 } from '../../../src/staging/s3-port.ts'
import { stageModel } from '../../../src/staging/stage-model.ts'

let workDir = ''
beforeAll(async () => {
  workDir = await mkdtemp(join(tmpdir(), 'staging-'))
})
const encoders = createEncoderPool()
afterAll(() => Promise.all([encoders.close(), rm(workDir, { recursive: true })]))

function bucket() {
  const objects = new Map<string, Uint8Array>()
  const uploads: Uint8Array[] = []
  const s3: StagingS3 = {
    putObject: async ({ Key, Body }) => {
      objects.set(Key, Uint8Array.from(Body))
      return { ETag: '"etag"' }
    },
    createMultipartUpload: async () => ({ UploadId: 'u' }),
    uploadPart: async ({ Body }) => {
      uploads.push(Uint8Array.from(Body))
      return { ETag: '"part"' }
    },
    completeMultipartUpload: async ({ Key }) => {
      objects.set(Key, Uint8Array.from(Buffer.concat(uploads.splice(0))))
      return { ETag: '"multi-2"' }
    },
    abortMultipartUpload: async () => {},
    deleteObject: async ({ Key }) => objects.delete(Key),
  }
  return { s3, objects }
}

const COLUMNS = [
  { name: 'id', type: 'bigint' },
  { name: 'name', type: 'string' },
  { name: 'total', type: 'decimal(38,9)' },
  { name: 'ok', type: 'boolean' },
  { name: 'ratio', type: 'double' },
  { name: 'day', type: 'date' },
  { name: 'at', type: 'timestamp' },
]

function model(overrides: object = {}): Model {
  const base = { name: 'm', source: 's', files: { path: 'x' }, primaryKey: ['id'], columns: COLUMNS }
  return modelSchema.parse({ ...base, ...overrides })
}

function batch(text: string | Buffer, format: RowBatch['format'] = 'ndjson', chunkBytes = 1 << 16): RowBatch {
  const bytes = Buffer.from(text)
  return {
    origin: `rows.${format}`,
    format,
    ...(format === 'csv' ? { csv: { delimiter: ',', quote: '"', nullText: '' } } : {}),
    async *open() {
      for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
    },
  }
}

async function stage(
  input: RowBatch | RowBatch[],
  options: {
    model?: Model
    sliceBytes?: number
    from?: string
    knownDigest?: string
    partitionedBy?: readonly PartitionField[]
    store?: ReturnType<typeof bucket>
  } = {},
) {
  const { s3, objects } = options.store ?? bucket()
  async function* batches() {
    yield* [input].flat()
  }
  const staged = await stageModel({
    model: options.model ?? model(),
    batches: batches(),
    window: options.from === undefined ? {} : { from: options.from },
    partitionedBy: options.partitionedBy ?? [],
    knownDigest: options.knownDigest,
    encoders,
    s3,
    bucket: 'b',
    prefix: 'p/',
    rejectedPrefix: 'r/',
    workDir,
    ...(options.sliceBytes === undefined ? {} : { sliceBytes: options.sliceBytes }),
    signal: new AbortController().signal,
    onProgress: () => {},
  })
  const rows: Record<string, unknown>[] = []
  for (const { key } of staged.files) {
    const file = objects.get(key)?.buffer
    if (file instanceof ArrayBuffer) rows.push(...(await parquetReadObjects({ file, compressors })))
  }
  return { staged, rows, objects }
}

/** The quarantined cells in the bucket, in order. */
function rejectedCells(objects: ReadonlyMap<string, Uint8Array>) {
  const text = Buffer.from(objects.get('r/rejected.ndjson') ?? []).toString()
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => rejectedRowSchema.parse(JSON.parse(line)))
    .map(({ column, value, reason }) => ({ column, value, reason }))
}

it('stages NDJSON with every value exact, and keeps the order of the source', async () => {
  const { staged, rows } = await stage(
    batch(
      [
        '{"id": 9223372036854775807, "name": "Luís", "total": 12.30, "ok": true, "ratio": 0.1, "day": "2026-02-28", "at": "2026-02-28T23:59:59.123456Z"}',
        '',
        '{"id": "-9223372036854775808", "name": "", "total": "1e2", "ok": "FALSE", "ratio": "NaN", "day": null, "at": "2026-03-01 01:00:00+01:00"}',
        '{"id": 3}',
      ].join('\n'),
    ),
  )

  expect(staged).toMatchObject({ rowCount: 3, sourceRowCount: 3, rejectedRowCount: 0 })
  expect(staged.bounds).toEqual([
    { column: 'id', type: { kind: 'bigint' }, min: '-9223372036854775808', max: '9223372036854775807' },
  ])
  expect(rows.map(row => [row.id, row.name, row.ok, row.at, row._transfer_row])).toEqual([
    [9223372036854775807n, 'Luís', true, 1772323199123456n, 0n],
    [-9223372036854775808n, '', false, 1772323200000000n, 1n],
    [3n, null, null, null, 2n],
  ])
})

it.each(['12345678901234567.890000000', '-0.100000001', '99999999999999999999999999999.999999999'])(
  'keeps every digit of %s',
  async digits => {
    const { objects } = await stage(batch(`{"id": 1, "total": ${digits}}`))
    const path = join(workDir, 'digits.parquet')
    await writeFile(path, objects.get('p/part-00000.parquet') ?? '')
    const connection = await (await DuckDBInstance.create()).connect()
    const reader = await connection.runAndReadAll(`SELECT CAST(total AS VARCHAR) FROM '${path}'`)

    expect(reader.getRows()).toEqual([[digits]])
  },
)

it.each([1000, 61, 47, 29, 7])('keeps every digit wherever a chunk of %i bytes is cut', async chunkBytes => {
  const lines = [
    '{"id":1,"total":1.5}',
    '{"id":2,"total":123456789.123456789}',
    '{"id":3,"total":987654321.987654321}',
  ]
  const { staged, objects } = await stage(batch(lines.join('\n'), 'ndjson', chunkBytes), { sliceBytes: 50 })
  const totals: unknown[] = []
  const connection = await (await DuckDBInstance.create()).connect()
  for (const { key } of staged.files) {
    const path = join(workDir, 'totals.parquet')
    await writeFile(path, objects.get(key) ?? '')
    const reader = await connection.runAndReadAll(`SELECT CAST(total AS VARCHAR) FROM '${path}' ORDER BY id`)
    totals.push(...reader.getRows().flat())
  }

  expect(totals).toEqual(['1.500000000', '123456789.123456789', '987654321.987654321'])
})

it.each([
  [
    '{"id": 1, "total": 0.1000000000000000055}',
    'column "total": "0.1000000000000000055" has more than 9 digits after the point of decimal(38,9)',
  ],
  ['{"id": 1, "total": "12,5"}', 'column "total": "12,5" is not a decimal(38,9)'],
  ['{"id": 1.5}', 'column "id": "1.5" has a fraction'],
  [
    '{"id": 9223372036854775808}',
    'column "id": "9223372036854775808" is outside of -9223372036854775808 to 9223372036854775807',
  ],
  ['{"id": "0x10"}', 'column "id": "0x10" is not a whole number'],
  ['{"name": "x"}', 'column "id": is NULL in a primary key'],
  ['{"id": 1, "name": 5}', 'column "name": "5" is a JSON number, not a string'],
  ['{"id": 1, "name": {"a":1}}', 'column "name": "{\\"a\\":1}" is a JSON object or list, not a string'],
  ['{"id": 1, "name": "\\ud800"}', 'holds half of a surrogate pair'],
  ['{"id": 1, "id": 2}', 'is not a JSON object on one line: key "id" occurs twice'],
  ['{"id": 1', 'is not a JSON object on one line'],
  ['{"id": 1, "day": "2026-02-30"}', 'is not a date YYYY-MM-DD'],
  ['{"id": 1, "day": "2026-02-28T10:00:00"}', 'is not a date YYYY-MM-DD'],
  ['{"id": 1, "at": "2026-02-28T10:00:00.1234567Z"}', 'has more than 6 digits after the second'],
  ['{"id": 1, "at": "infinity"}', 'is not an ISO 8601 timestamp'],
  ['{"id": 1, "at": "2026-02-28T24:00:00Z"}', 'is not an ISO 8601 timestamp'],
  ['{"id": 1, "ratio": 1e400}', 'is too large for a double'],
  ['{"id": 1, "ok": "yes"}', 'is not true or false'],
])('refuses %s with file, line, column, value and reason', async (line, message) => {
  await expect(stage(batch(`{"id": 7}\n${line}\n`))).rejects.toMatchObject({
    code: 'ROW_INVALID',
    message: expect.stringContaining(`rows.ndjson line 2`),
  })
  await expect(stage(batch(`{"id": 7}\n${line}\n`))).rejects.toThrow(message)
})

it('refuses bytes that are not UTF-8', async () => {
  const line = Buffer.concat([Buffer.from('{"id": 1, "name": "'), Buffer.from([0xff]), Buffer.from('"}')])
  await expect(stage(batch(line))).rejects.toThrow('rows.ndjson line 1: is not UTF-8')
})

it("quarantines rows up to the model's limit and stages the others", async () => {
  const lines = ['{"id": 1}', '{"id": 2, "total": "12,5"}', '{"id": 3}'].join('\n')
  const { staged, rows, objects } = await stage(batch(lines), {
    model: model({ rejectedRows: { maxCount: 1 } }),
  })

  expect(rows.map(row => row.id)).toEqual([1n, 3n])
  expect(staged.sourceRowCount).toBe(3)
  expect(JSON.parse(Buffer.from(objects.get('r/rejected.ndjson') ?? []).toString())).toEqual({
    file: 'rows.ndjson',
    line: 2,
    column: 'total',
    value: '12,5',
    reason: 'is not a decimal(38,9)',
  })
})

it('a window keeps rows without a cursor, and passes over none whose cursor does not fit', async () => {
  const read = (at: string) =>
    stage(batch(`{"id": 1, "at": "2026-01-05T00:00:00Z"}\n{"at": ${at}, "id": 2}`), {
      model: model({ cursor: 'at' }),
      from: '2026-01-02T00:00:00.000000Z',
    })

  expect((await read('null')).rows.map(row => row.id)).toEqual([1n, 2n])
  await expect(read('"2026-01-00T00:00:00Z"')).rejects.toThrow('line 2, column "at"')
})

it.each(['ndjson', 'csv'] as const)(
  'rows outside of the window are not looked at: none of them is rejected for another value, in %s',
  async format => {
    const header = format === 'csv' ? ['id,total,at'] : []
    const read = (rows: readonly (readonly [id: string, total: string, at: string])[]) => {
      const lines = rows.map(([id, total, at]) =>
        format === 'csv'
          ? `${id},"${total}",${at}`
          : JSON.stringify({ id, total, at: at === '' ? null : at }),
      )
      const columns = [
        { name: 'id', type: 'bigint' },
        { name: 'total', type: 'decimal(12,2)' },
        { name: 'at', type: 'timestamp' },
      ]
      const options = { model: model({ cursor: 'at', columns }), from: '2026-01-02T00:00:00.000000Z' }
      return stage(batch([...header, ...lines].join('\n'), format), options)
    }
    const [old, late] = ['2026-01-01T23:59:59.999999Z', '2026-01-02T00:00:00Z']
    const { staged, rows } = await read([
      ['1', '12,5', old],
      ['2', '12.5', late],
      ['none', '1', old],
    ])

    expect(rows.map(row => row.id)).toEqual([2n])
    expect(staged).toMatchObject({ rowCount: 1, rejectedRowCount: 0 })
    await expect(read([['1', '12,5', late]])).rejects.toThrow('line')
    await expect(read([['1', '12,5', '']])).rejects.toThrow('"12,5"')
    await expect(read([['1', '12,5', '2025-13-01T00:00:00Z']])).rejects.toThrow('column "')
  },
)

it.each([
  { type: 'bigint', old: '-10', from: '-9', late: '-9' },
  { type: 'date', old: '2026-01-01', from: '2026-01-02', late: '2026-01-02' },
])('nor are they by a cursor of type $type', async ({ type, old, from, late }) => {
  const columns = [
    { name: 'id', type: 'bigint' },
    { name: 'at', type },
    { name: 'total', type: 'decimal(3,2)' },
  ]
  const lines = [old, late].map((at, id) => JSON.stringify({ id, at, total: at === old ? '1000' : '1.00' }))
  const { rows } = await stage(batch([...lines, '{"id": 3, "at": null, "total": -0}'].join('\n')), {
    model: model({ cursor: 'at', columns }),
    from,
  })

  expect(rows.map(row => row.id)).toEqual([1n, 3n])
})

it('a share of the rows may be rejected, decided once all were read', async () => {
  const lines = Array.from({ length: 100 }, (_, id) =>
    id % 50 === 0 ? `{"id": "no ${id}"}` : `{"id": ${id}}`,
  )
  const read = (maxShare: number) =>
    stage(batch(lines.join('\n')), { model: model({ rejectedRows: { maxShare } }), sliceBytes: 200 })

  expect((await read(0.02)).staged).toMatchObject({ rowCount: 98, rejectedRowCount: 2 })
  await expect(read(0.019)).rejects.toMatchObject({
    code: 'ROW_INVALID',
    message: expect.stringContaining('(2 of 100 rows do not fit, a share of 0.019 may)'),
  })
})

it('where count and share are given, both are kept', async () => {
  const lines = ['{"id": 1}', '{"id": "a"}', '{"id": "b"}', '{"id": 2}'].join('\n')
  const read = (rejectedRows: object) => stage(batch(lines), { model: model({ rejectedRows }) })

  expect((await read({ maxCount: 2, maxShare: 0.5 })).staged.rejectedRowCount).toBe(2)
  await expect(read({ maxCount: 1, maxShare: 0.5 })).rejects.toThrow('(2 or more rows do not fit, 1 may)')
  await expect(read({ maxCount: 2, maxShare: 0.4 })).rejects.toThrow('a share of 0.4 may')
})

it('of a model that fails for its rows the first 10,000 are kept, and the message repeats three', async () => {
  const lines = Array.from({ length: 15_000 }, (_, id) => `{"id": "no ${id}"}`).join('\n')
  for (const rejectedRows of [{ maxCount: 0 }, { maxShare: 0.5 }]) {
    const store = bucket()
    const error = await stage(batch(lines), { model: model({ rejectedRows }), store }).catch(toTransferError)

    expect(rejectedCells(store.objects)).toHaveLength(10_000)
    expect(rejectedCells(store.objects).at(-1)?.value).toBe('no 9999')
    expect('code' in error && error.details.rows).toHaveLength(3)
    expect('code' in error && error.message.length).toBeLessThan(400)
  }
})

it.each(['csv', 'ndjson'] as const)(
  'tells of an empty %s file nothing, and rejects nothing',
  async format => {
    const { staged, objects } = await stage(batch(format === 'csv' ? 'id\n' : '', format), {
      model: model({ columns: COLUMNS.slice(0, 1), rejectedRows: { maxShare: 0 } }),
    })

    expect(staged).toMatchObject({ rowCount: 0, rejectedRowCount: 0 })
    expect([...objects.keys()]).toEqual([])
  },
)

it('a CSV file without a declared column fails, however many rows may be rejected', async () => {
  const lenient = model({ columns: COLUMNS.slice(0, 2), rejectedRows: { maxCount: 100 } })
  await expect(stage(batch('id,nom\n1,a\n2,b\n', 'csv'), { model: lenient })).rejects.toMatchObject({
    code: 'SOURCE_UNREADABLE',
    message: 'rows.csv line 1: no column "name"; the header has: id, nom',
  })
})

it('reads CSV with quotes, newlines in values, NULL and empty text, across slices', async () => {
  const csv = 'id,name,total\r\n1,"a ""b"",\nc",1.5\r\n2,,\r\n3,"",-0.000000001\r\n4,é,7\r\n'
  const { rows, staged } = await stage(batch(csv, 'csv', 7), {
    model: model({ columns: COLUMNS.slice(0, 3) }),
    sliceBytes: 40,
  })

  expect(rows.map(row => [row.id, row.name])).toEqual([
    [1n, 'a "b",\nc'],
    [2n, null],
    [3n, ''],
    [4n, 'é'],
  ])
  expect(staged.files.length).toBeGreaterThan(1)
})

it('names line and problem of a broken CSV row, counting the lines within values', async () => {
  const csv = 'id,name\n1,"two\nlines"\n2,a,b\n'
  const narrow = model({ columns: COLUMNS.slice(0, 2) })
  await expect(stage(batch(csv, 'csv'), { model: narrow })).rejects.toThrow(
    'rows.csv line 4: has 3 values, the header has 2',
  )
})

it('cuts the input into slices that make the same rows as one', async () => {
  const lines = Array.from({ length: 500 }, (_, id) => `{"id": ${id}, "name": "row ${id}"}`).join('\n')
  const { rows, staged } = await stage([batch(lines, 'ndjson', 100), batch('{"id": 500}')], {
    sliceBytes: 2000,
  })

  expect(staged.files.length).toBeGreaterThan(5)
  expect(rows.map(row => row._transfer_row)).toEqual(Array.from({ length: 501 }, (_, row) => BigInt(row)))
  expect(rows.map(row => row.id)).toEqual(Array.from({ length: 501 }, (_, id) => BigInt(id)))
})

it('stages only the window of the cursor, and tells the largest staged', async () => {
  const lines = [1, 2, 3].map(n => `{"id": ${n}, "at": "2026-01-0${n}T00:00:00.00000${n}Z"}`).join('\n')
  const { staged } = await stage(batch(lines), {
    model: model({ cursor: 'at' }),
    from: '2026-01-02T00:00:00.000002Z',
  })

  expect(staged).toMatchObject({ rowCount: 2, sourceRowCount: 3, maxCursor: '2026-01-03T00:00:00.000003Z' })
})

/** Cells that a type takes, and cells that are close to one: what the quick readers must not be misled by. */
const CLOSE_CELLS: Readonly<Record<string, readonly string[]>> = {
  name: [
    ...[
      '"x"',
      '"Zoë"',
      '"\\u00e9\\n"',
      '""',
      '"12.5"',
      '"-1"',
      '"true"',
      '"null"',
      '"Infinity"',
      '"{}"',
      '"[1]"',
    ],
    ...['5', '1.50', '-0', 'true', '{"a":1}', '[1]', '"nan"', '" 7"', '"\\ud83d\\ude00"'],
  ],
  total: [
    ...[
      '1',
      '-0.5',
      '12.30',
      '"12.300000000"',
      '999999.999999999',
      '1234567.123456789',
      '123456789.12',
      '0.1234567891',
    ],
    ...[
      '"1e2"',
      '1e2',
      '1E-9',
      '" 1.5"',
      '"1_0"',
      '"+1"',
      '1.5e3',
      '"0x1"',
      'true',
      '99999999999999999999',
      '-0',
      '"01.5"',
    ],
    ...['0.30000000000000004', '"123456789012345678.5"', '123456.123456789', '654321.987654321'],
  ],
  ok: ['true', 'false', '"true"', '"TRUE"', '"t"', '1', '0', '"yes"', '"1"'],
  ratio: [
    ...[
      '0.1',
      '-12',
      '1e3',
      '1.5e-7',
      '"NaN"',
      '"inf"',
      '"-Infinity"',
      '"1_0"',
      '" 1"',
      'true',
      '1e400',
      '4.9e-324',
    ],
    ...['123456789012345678', '0.1000000000000000055', '1.7976931348623157e308', '"1e3"', '"0x10"'],
    ...['0', '-0', '0.0', '-0.0', '"-0"', '-0e5', '-0.00', '-0.5', '".5"'],
  ],
  single: ['0.1', '-0', '0', '"-0.0"', '1.00000017881393432617187499', '3.5e38', '"NaN"'],
  day: [
    ...[
      '"2026-02-28"',
      '"2024-02-29"',
      '"0001-01-01"',
      '"9999-12-31"',
      '"2026-02-30"',
      '"0000-01-01"',
      '"2026/02/28"',
    ],
    ...[
      '"2026-2-28"',
      '"2026-02-1 "',
      '" 026-02-28"',
      '"2026-02-28Z"',
      '"epoch"',
      '20260228',
      '"-026-01-01"',
    ],
  ],
  at: [
    ...[
      '"2026-02-28T23:59:59Z"',
      '"2026-02-28T23:59:59.123456Z"',
      '"2026-02-28 23:59:59.1Z"',
      '"0001-01-01T00:00:00Z"',
    ],
    ...[
      '"9999-12-31T23:59:59.999999Z"',
      '"2026-02-28T24:00:00Z"',
      '"2026-02-28T23:59:60Z"',
      '"2026-02-30T00:00:00Z"',
    ],
    ...[
      '"2026-02-28T23:59:59.1234567Z"',
      '"2026-02-28T23:59:59+02:00"',
      '"2026-02-28"',
      '"2026-02-28T23:59:59 Z"',
    ],
    ...[
      '"0000-02-28T23:59:59Z"',
      '"2026-02-28T1:00:00Z"',
      '"infinity"',
      '"2026-02-28T23:59:59.Z"',
      '1772323199',
    ],
  ],
  key: [
    ...[
      '"01234567-89ab-cdef-0123-456789ABCDEF"',
      '"01234567-89ab-cdef-0123-456789ABCDEG"',
      '"0123456789abcdef0123456789abcdef"',
    ],
    ...[
      '"{1234567-89ab-cdef-0123-456789abcde}"',
      '"01234567-89ab-cdef-0123-456789abcde"',
      '"0123456-789ab-cdef-0123-456789abcdef"',
    ],
  ],
}

it.each([
  ['all in the types of their columns', { key: 'uuid', single: 'float' }],
  ['beside a column that no row template takes', { key: 'string', single: 'float', other: 'time' }],
])(
  'the quick readers stage no cell otherwise than the exact reader: cells %s',
  async (_, types) => {
    const further = Object.entries(types).map(([name, type]) => ({ name, type }))
    const wide = model({ columns: [...COLUMNS, ...further], rejectedRows: { maxCount: 1000 } })
    const fitting = Object.entries(CLOSE_CELLS).map(([name, [first = 'null']]) => [name, first] as const)
    const lines = Object.entries(CLOSE_CELLS)
      .flatMap(([name, cells]) => cells.map(cell => [...fitting, [name, cell] as const]))
      .map((cells, id) => Object.entries({ id, ...Object.fromEntries(cells) }))
      .map(members => `{${members.map(([name, text]) => `"${name}":${text}`).join(',')}}`)

    const quick = await stage(
      lines.map(line => batch(line)),
      { model: wide },
    )
    const exact = await stage(batch([...lines, '{"id":"none"}'].join('\n')), { model: wide })

    expect(quick.rows).toEqual(exact.rows)
    expect(quick.rows.length).toBeGreaterThan(30)
    expect(rejectedCells(quick.objects)).toEqual(rejectedCells(exact.objects).slice(0, -1))
  },
  240_000,
)

it.each([4, 5, 6, 7, 100])(
  'keeps the sign of a zero wherever a chunk of %i bytes is cut, beside zeros without one',
  async chunkBytes => {
    const lines = ['0', '-0', '-0.0', '-0.25', '0.0', '"-0"'].map(
      (ratio, id) => `{"id":${id},"ratio":${ratio}}`,
    )
    const { rows } = await stage(batch(lines.join('\n'), 'ndjson', chunkBytes))

    expect(rows.map(row => row.ratio)).toEqual([0, -0, -0, -0.25, 0, -0])
  },
)

it('reads a local Parquet file where it lies, and leaves nothing beside it', async () => {
  const folder = await mkdtemp(join(workDir, 'source-'))
  const path = join(folder, 'rows.parquet')
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(
    `COPY (SELECT 7::BIGINT AS id, -0.5::DECIMAL(9,9) AS total) TO '${path}' (FORMAT parquet)`,
  )
  const columns = [
    { name: 'id', type: 'bigint' },
    { name: 'total', type: 'decimal(9,9)' },
  ]
  const { rows } = await stage({ ...batch('', 'parquet'), path }, { model: model({ columns }) })

  expect(rows.map(row => [row.id, row.total])).toEqual([[7n, -0.5]])
  expect(await readdir(folder)).toEqual(['rows.parquet'])
})

it.each([
  ["'x'::BLOB", 'string', 'BLOB', 'c'],
  ['7', 'string', 'INTEGER', 'c'],
  ["'AAAA'::VARCHAR", 'list<bytes>', 'VARCHAR', 'c'],
  ["[{'b': 7}]", 'list<struct<b: string>>', 'INTEGER', 'c[].b'],
  ["MAP {'a': [1]}", 'map<string, list<bytes>>', 'INTEGER', 'c[][]'],
])('refuses a Parquet column %s that is %s in the model', async (value, type, physical, path) => {
  const file = join(workDir, 'other.parquet')
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`COPY (SELECT 7::BIGINT AS id, ${value} AS c) TO '${file}' (FORMAT parquet)`)
  const columns = [
    { name: 'id', type: 'bigint' },
    { name: 'c', type },
  ]

  await expect(
    stage({ ...batch('', 'parquet'), path: file }, { model: model({ columns }) }),
  ).rejects.toMatchObject({
    code: 'SOURCE_UNREADABLE',
    message: expect.stringContaining(`rows.parquet: "${path}" is ${physical} in the file and `),
  })
})

it('the checks in SQL and the exact reader stage the same rows', async () => {
  const cell = fc.oneof(
    fc.constantFrom(
      'null',
      'true',
      '-1',
      '0',
      '1.50',
      '1e3',
      '"2026-01-01"',
      '"2026-01-01T10:00:00Z"',
      '"x"',
      '"\\u00e9"',
      '"12.5"',
      '99999999999999999999',
    ),
    fc.integer().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => JSON.stringify(value)),
    fc.string({ unit: 'grapheme', maxLength: 5 }).map(text => JSON.stringify(text)),
  )
  const row = fc.record(Object.fromEntries(COLUMNS.slice(1).map(column => [column.name, cell])))
  const rows = fc.array(row, { minLength: 1, maxLength: 20 })
  const spell = (cells: Record<string, string>, id: number): string =>
    `{"id": ${id}, ${Object.entries(cells)
      .map(([name, text]) => `"${name}": ${text}`)
      .join(', ')}}`
  await fc.assert(
    fc.asyncProperty(rows, async cells => {
      const lines = cells.map(spell)
      const lenient = model({ rejectedRows: { maxCount: 1000 } })
      const together = await stage(batch(lines.join('\n')), { model: lenient })
      const alone = await stage(
        lines.map(line => batch(line)),
        { model: lenient },
      )
      const withoutPlace = (staged: Record<string, unknown>[]) =>
        staged.map(({ _transfer_row, ...rest }) => rest)
      expect(withoutPlace(together.rows)).toEqual(withoutPlace(alone.rows))
      expect(together.staged.sourceRowCount).toBe(lines.length)
    }),
    { numRuns: 15 },
  )
})

it('tells the partitions of the staged rows over all slices, each by the smallest value that it can have', async () => {
  const lines = [
    '{"id": -1, "name": "äöü-1", "total": -1.005, "day": "1969-12-31", "at": "1969-12-31T23:59:59.999999Z"}',
    '{"id": -9223372036854775808, "name": "äöü-2", "total": 0.004, "day": "0001-01-01", "at": "0001-01-01T00:00:00Z"}',
    '{"id": 19, "name": null, "total": 12.34, "day": "2024-02-29", "at": "2024-02-29T12:34:56Z"}',
    '{"id": 10, "name": null, "total": 12.33, "day": "2024-02-01", "at": "2024-02-29T12:00:00Z"}',
  ]
  const partitionsBy = async (...partitionedBy: PartitionField[]) => {
    const { staged } = await stage([batch(lines[0] ?? ''), batch(lines.slice(1).join('\n'))], {
      partitionedBy,
    })
    return staged.partitions.map(values => values.join()).toSorted()
  }

  expect(await partitionsBy({ transform: 'truncate', size: 10, column: 'id' })).toEqual([
    '-10',
    '-9223372036854775810',
    '10',
  ])
  expect(await partitionsBy({ transform: 'truncate', size: 3, column: 'name' })).toEqual(['', 'äöü'])
  expect(await partitionsBy({ transform: 'truncate', size: 10_000_000, column: 'total' })).toEqual([
    '-1.010000000',
    '0.000000000',
    '12.330000000',
    '12.340000000',
  ])
  expect(await partitionsBy({ transform: 'month', column: 'day' })).toEqual([
    '0001-01-01',
    '1969-12-01',
    '2024-02-01',
  ])
  expect(await partitionsBy({ transform: 'hour', column: 'at' })).toEqual([
    '0001-01-01T00:00:00.000000Z',
    '1969-12-31T23:00:00.000000Z',
    '2024-02-29T12:00:00.000000Z',
  ])
  expect(
    await partitionsBy(
      { transform: 'year', column: 'at' },
      { transform: 'bucket', size: 4, column: 'id' },
      { transform: 'identity', column: 'day' },
    ),
  ).toEqual([
    '0001-01-01T00:00:00.000000Z,0001-01-01',
    '1969-01-01T00:00:00.000000Z,1969-12-31',
    '2024-01-01T00:00:00.000000Z,2024-02-01',
    '2024-01-01T00:00:00.000000Z,2024-02-29',
  ])
})
