import { afterAll, beforeAll, expect, it } from 'vitest'
import { type LocalAthena, openLocalAthena } from './local-athena.ts'

let athena: LocalAthena
beforeAll(async () => {
  athena = await openLocalAthena()
})
afterAll(() => athena.close())

const QUERY = "SELECT * FROM (VALUES (BIGINT '1', 'a'), (2, NULL)) AS t (id, name)"

async function reasonOf(sql: string): Promise<string> {
  const { Status } = await athena.finish(sql)
  return Status.StateChangeReason ?? Status.State
}

it('makes a table of the rows of a query, beside the results', async () => {
  const done = await athena.finish(`CREATE TABLE "acme"."made" AS ${QUERY}`)
  expect(done.Status).toMatchObject({ State: 'SUCCEEDED' })
  expect(done).toMatchObject({ StatementType: 'DDL', SubstatementType: 'CREATE_TABLE_AS_SELECT' })
  expect(await athena.rows('SELECT id, name FROM acme.made ORDER BY id')).toEqual([
    ['1', 'a'],
    ['2', null],
  ])
  expect(await athena.rows('DESCRIBE made')).toEqual(
    expect.arrayContaining([expect.arrayContaining([expect.stringContaining('bigint')])]),
  )
  const manifest = await athena.readObject(done.Statistics.DataManifestLocation ?? '')
  expect(manifest).toMatch(new RegExp(`^s3://lake/results/tables/${done.QueryExecutionId}/`))
})

it('writes where external_location says', async () => {
  const properties =
    "external_location = 's3://lake/chosen/', format = 'PARQUET', write_compression = 'SNAPPY'"
  expect(await reasonOf(`CREATE TABLE chosen WITH (${properties}) AS ${QUERY}`)).toBe('SUCCEEDED')
  expect(await athena.rows('SELECT count(*) FROM chosen')).toEqual([['2']])
  expect(await reasonOf(`CREATE TABLE chosen2 WITH (${properties}) AS ${QUERY}`)).toMatch(
    /^HIVE_PATH_ALREADY_EXISTS/,
  )
})

it('leaves a table alone that exists', async () => {
  expect(await reasonOf(`CREATE TABLE kept AS ${QUERY}`)).toBe('SUCCEEDED')
  expect(await reasonOf('CREATE TABLE kept AS SELECT 3 AS n')).toMatch(/^TABLE_ALREADY_EXISTS/)
  expect(await reasonOf('CREATE TABLE IF NOT EXISTS kept AS SELECT 3 AS n')).toBe('SUCCEEDED')
  expect(await athena.rows('SELECT count(*) FROM kept')).toEqual([['2']])
})

it.each([
  [`WITH (table_type = 'ICEBERG')`, QUERY, /^NOT_SUPPORTED: CREATE TABLE AS SELECT of an Iceberg table/],
  [
    `WITH (partitioned_by = ARRAY['id'])`,
    QUERY,
    /^NOT_SUPPORTED: .* with partitioned_by is not supported by the stand-in$/,
  ],
  ['', 'SELECT 1', /^MISSING_COLUMN_NAME/],
  [
    '',
    "SELECT TIMESTAMP '2026-01-01 00:00:00.000001' AS at",
    /^NOT_SUPPORTED: Incorrect timestamp precision/,
  ],
])('refuses CREATE TABLE %s AS %s', async (properties, query, reason) => {
  expect(await reasonOf(`CREATE TABLE refused ${properties} AS ${query}`)).toMatch(reason)
})

it("carries Glue's own code in the message of a MetadataException", async () => {
  const request = { CatalogName: 'AwsDataCatalog', DatabaseName: 'acme', TableName: 'nowhere' }
  await expect(athena.call('GetTableMetadata', request)).rejects.toThrow(
    /\(Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException; .*\)$/,
  )
})
