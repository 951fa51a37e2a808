import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

const outcomeSchema = z.object({
  name: z.string(),
  code: z.string().optional(),
  message: z.string().optional(),
  length: z.number().optional(),
  rowCount: z.number().optional(),
})

let outcomes: ReadonlyMap<string, z.output<typeof outcomeSchema>> = new Map()
let peaks = { worker: 0, encoder: 0 }
beforeAll(async () => {
  const program = fileURLToPath(new URL('stage-hostile.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [program], { maxBuffer: 1 << 26 })
  const lines = stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
  peaks = z.object({ worker: z.number(), encoder: z.number() }).parse(lines.pop())
  outcomes = new Map(lines.map(line => outcomeSchema.parse(line)).map(one => [one.name, one]))
})

const TOO_LONG = 'on is longer than 33554432 bytes'
const BOMB = 'unpacks to more than 300 times its size'

it.each([
  ['gzip of one row of 4 GiB', 'ROW_INVALID', `a.ndjson.gz: a row from line 1 ${TOO_LONG}`],
  ['zstd of one row of 4 GiB', 'ROW_INVALID', `a.ndjson.zst: a row from line 1 ${TOO_LONG}`],
  ['gzip of 4 GiB of empty lines', 'SOURCE_UNREADABLE', `a.ndjson.gz: ${BOMB}`],
  ['zstd of 4 GiB of rows', 'SOURCE_UNREADABLE', `a.ndjson.zst: ${BOMB}`],
  ['gzip in gzip', 'CONFIG_INVALID', 'a.ndjson.gz.gz: no format has the extension "gz"'],
  ['a line of 400 MB', 'ROW_INVALID', `a.ndjson: a row from line 1 ${TOO_LONG}`],
  ['a line of 800 MB', 'ROW_INVALID', `a.ndjson: a row from line 1 ${TOO_LONG}`],
  ['CSV with a quote that is never closed, of 400 MB', 'ROW_INVALID', `a.csv: a row from line 3 ${TOO_LONG}`],
  ['CSV with a quote that is never closed', 'SOURCE_UNREADABLE', 'a.csv line 4: ends inside a quoted value'],
  ['JSON nested deep without its end', 'ROW_INVALID', 'a.ndjson line 2: is not a JSON object'],
  ['a line that is brackets alone', 'ROW_INVALID', 'a.ndjson line 2: is not a JSON object'],
  ['JSON with a member twice, of 8 MB', 'ROW_INVALID', 'a.ndjson line 1: is not a JSON object'],
  ['a number of 10,000,000 digits', 'ROW_INVALID', 'a.ndjson line 1, column "id"'],
  ['CSV of a million columns without ours', 'SOURCE_UNREADABLE', 'a.csv line 1: no column "id"'],
  ['CSV of a million columns', 'ROW_INVALID', 'a.csv line 2: has 1 values, the header has 1000002'],
  ['CSV with a column twice', 'SOURCE_UNREADABLE', 'a.csv line 1: column "id" 2 times'],
  ['CSV with its header again', 'ROW_INVALID', 'a.csv line 3, column "id": "id" is not a whole number'],
  ['bytes of no text', 'ROW_INVALID', 'a.ndjson line 1: is not UTF-8'],
  ['Parquet that is none', 'SOURCE_UNREADABLE', 'a.parquet: is not a readable Parquet file'],
])('%s is %s, by file and line and in few words', (name, code, problem) => {
  const { message = '', length, ...outcome } = outcomes.get(name) ?? {}

  expect(outcome).toEqual({ name, code })
  expect(message).toContain(problem)
  expect(length).toBeLessThan(6_000)
})

it.each([
  ['JSON nested deep, declared', 2],
  ['JSON nested deep, not declared', 1],
  ['JSON with 200,000 members', 1],
])('%s is loaded, as it is rows like any other', (name, rowCount) => {
  expect(outcomes.get(name)).toMatchObject({ rowCount })
})

it('none of the hostile files takes more than a GiB, in the worker or in the encoder', () => {
  expect(peaks.worker).toBeGreaterThan(50)
  expect(peaks.worker).toBeLessThan(1024)
  expect(peaks.encoder).toBeGreaterThan(50)
  expect(peaks.encoder).toBeLessThan(1024)
})
