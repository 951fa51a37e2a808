import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CALLER, type LocalAthena, openLocalAthena } from './local-athena.ts'

let athena: LocalAthena
beforeAll(async () => {
  athena = await openLocalAthena()
})
afterAll(() => athena.close())

function unload(query: string, folder: string, properties = "format = 'PARQUET'"): string {
  return `UNLOAD (${query}) TO 's3://lake/${folder}' WITH (${properties})`
}

it('writes the rows of a query as Parquet and lists the object in the manifest', async () => {
  const query = "SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS t (id, name)"
  const done = await athena.finish(unload(query, 'unloaded/', "format = 'PARQUET', compression = 'snappy'"))
  expect(done.Status).toMatchObject({ State: 'SUCCEEDED' })
  expect(done).toMatchObject({ StatementType: 'DML', SubstatementType: 'UNLOAD' })
  const [uri = ''] = (await athena.readObject(done.Statistics.DataManifestLocation ?? '')).trim().split('\n')
  expect(uri).toMatch(new RegExp(`^s3://lake/unloaded/${done.QueryExecutionId}`))
  const { path } = await athena.store.get(CALLER, 'lake', uri.slice('s3://lake/'.length))
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors })
  expect(rows).toEqual([
    { id: 1, name: 'a' },
    { id: 2, name: null },
  ])
})

it.each([
  [
    'SELECT 1 AS n',
    "format = 'JSON'",
    /^NOT_SUPPORTED: UNLOAD in the format JSON is not supported by the stand-in$/,
  ],
  ['SELECT 1', "format = 'PARQUET'", /^MISSING_COLUMN_NAME/],
  [
    "SELECT TIMESTAMP '2026-01-01 00:00:00.000001' AS at",
    "format = 'PARQUET'",
    /^NOT_SUPPORTED: Incorrect timestamp precision for timestamp\(6\)/,
  ],
])('refuses UNLOAD (%s) WITH (%s)', async (query, properties, reason) => {
  const { Status } = await athena.finish(unload(query, 'refused/', properties))
  expect(Status.StateChangeReason).toMatch(reason)
})

it('refuses a folder that holds objects', async () => {
  expect((await athena.finish(unload('SELECT 1 AS n', 'twice/'))).Status.State).toBe('SUCCEEDED')
  const { Status } = await athena.finish(unload('SELECT 1 AS n', 'twice/'))
  expect(Status.StateChangeReason).toMatch(/^HIVE_PATH_ALREADY_EXISTS/)
})
