import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { modelSchema } from '../../../src/domain/model.ts'
import { pythonWith } from '../../support/python.ts'
import { type StraightLine, startStraightLine } from '../../support/straight-line.ts'

const run = promisify(execFile)
const SCRIPT = fileURLToPath(new URL('read_partitions.py', import.meta.url))
const PACKAGES = ['pyiceberg[glue,pyarrow]==0.12.0', 'boto3==1.44.8']

const COLUMNS = {
  marker: 'integer',
  i: 'integer',
  l: 'bigint',
  d: 'decimal(20,3)',
  s: 'string',
  b: 'bytes',
  ok: 'boolean',
  day: 'date',
  at: 'timestamp',
}

/** Values near the borders and around zero; every column is NULL once. Truncating the smallest itself is what libraries disagree about. */
const ROWS = [
  { i: 0, l: 0, d: 0, s: '', b: '', ok: true, day: '1970-01-01', at: '1970-01-01T00:00:00Z' },
  {
    i: -1,
    l: -1,
    d: -0.001,
    s: 'a',
    b: 'AA==',
    ok: false,
    day: '1969-12-31',
    at: '1969-12-31T23:59:59.999999Z',
  },
  {
    i: 2147483647,
    l: '9223372036854775807',
    d: '99999999999999999.999',
    s: 'iceberg',
    b: 'AAECAw==',
    ok: true,
    day: '9999-12-31',
    at: '9999-12-31T23:59:59.999999Z',
  },
  {
    i: -2147483640,
    l: '-9223372036854775800',
    d: '-99999999999999999.999',
    s: 'ünï 🦆 cödé',
    b: '/wD/AP8=',
    ok: false,
    day: '0001-01-01',
    at: '0001-01-01T00:00:00Z',
  },
  {
    i: 34,
    l: 34,
    d: 14.2,
    s: 'icebergs',
    b: '/w==',
    ok: true,
    day: '2017-11-16',
    at: '2017-11-16T22:31:08Z',
  },
  {
    i: 41,
    l: 1_000_003,
    d: 12.345,
    s: 'ice',
    b: 'AQ==',
    ok: null,
    day: '2024-02-29',
    at: '2024-02-29T12:34:56.789Z',
  },
  { i: null, l: null, d: null, s: null, b: null, ok: null, day: null, at: null },
]

let world: StraightLine
beforeAll(async () => {
  world = await startStraightLine()
})
afterAll(() => world.stop())

it.each([
  [['bucket(7, i)', 'truncate(10, l)', 'day(at)', 'month(day)']],
  [['bucket(13, l)', 'truncate(10, i)', 'month(at)', 'year(day)', 's']],
  [['bucket(5, d)', 'truncate(3, s)', 'year(at)', 'day(day)', 'i']],
  [['bucket(11, s)', 'truncate(50, d)', 'hour(at)', 'l', 'ok']],
  [['bucket(3, b)', 'bucket(9, day)', 'd', 'at']],
  [['bucket(9, at)', 'day']],
])(
  'PyIceberg finds the rows of %j in the partitions that it would put them into',
  { timeout: 300_000 },
  async partitionBy => {
    const python = await pythonWith(PACKAGES)
    const name = `parted ${partitionBy.join(' ')}`
    const columns = Object.entries(COLUMNS).map(([column, type]) => ({ name: column, type }))
    const key = [
      { name: 'id', type: 'integer' },
      { name: 'seen', type: 'integer' },
    ]
    const model = modelSchema.parse({
      name,
      source: 'files',
      files: { path: 'parted.ndjson' },
      primaryKey: ['id'],
      cursor: 'seen',
      partitionBy,
      columns: [...key, ...columns],
    })
    const line = (row: object, id: number, seen: number): string =>
      JSON.stringify({ id, seen, marker: 1, ...row })
    await world.writeSource(
      model,
      ROWS.map((row, id) => line(row, id, 1)),
    )
    await world.transfer(model)
    // Each row takes the values, and so the partition, of the next one.
    await world.writeSource(
      model,
      ROWS.map((row, id) => line(row, (id + 1) % ROWS.length, 2)),
    )
    await world.transfer(model)
    const { url, region, accessKeyId, secretAccessKey } = world.reader
    const args = [SCRIPT, url, region, accessKeyId, secretAccessKey, `${world.schema}.${model.tableName}`]
    const { stdout } = await run(python, args, { timeout: 120_000 })
    const seen = z
      .object({ rows: z.number(), partitions: z.number(), wrong: z.array(z.string()) })
      .parse(JSON.parse(stdout))

    expect(seen.wrong).toEqual([])
    expect(seen.rows).toBe(ROWS.length)
    expect(seen.partitions).toBeGreaterThan(4)
  },
)
