import { afterAll, beforeAll, expect, it } from 'vitest'
import { type LocalAthena, openLocalAthena } from './local-athena.ts'

let athena: LocalAthena
beforeAll(async () => {
  athena = await openLocalAthena()
  const columns = '`id` bigint, `at` timestamp, `tags` array<string>'
  const location = "LOCATION 's3://lake/described/' TBLPROPERTIES ('table_type'='ICEBERG')"
  expect((await athena.finish(`CREATE TABLE acme.described (${columns}) ${location}`)).Status.State).toBe(
    'SUCCEEDED',
  )
})
afterAll(() => athena.close())

it('lists schemas and tables of the catalogue', async () => {
  expect(await athena.rows('SELECT schema_name FROM information_schema.schemata ORDER BY 1')).toEqual([
    ['acme'],
    ['default'],
  ])
  const tables = "SELECT * FROM information_schema.tables WHERE table_schema = 'acme'"
  expect(await athena.rows(tables)).toEqual([['awsdatacatalog', 'acme', 'described', 'BASE TABLE']])
})

it("shows columns with Trino's types, an Iceberg timestamp in microseconds", async () => {
  const sql = `SELECT column_name, ordinal_position, data_type
    FROM awsdatacatalog.information_schema.columns WHERE table_name = 'described' ORDER BY ordinal_position`
  expect(await athena.rows(sql)).toEqual([
    ['id', '1', 'bigint'],
    ['at', '2', 'timestamp(6)'],
    ['tags', '3', 'array(varchar)'],
  ])
})

it('shows no tables of a database that the caller may not look into', async () => {
  athena.denied.add('glue:GetTables')
  expect(await athena.rows('SELECT table_name FROM information_schema.tables')).toEqual([])
  athena.denied.delete('glue:GetTables')
})

it('knows no other table of information_schema', async () => {
  const { Status } = await athena.finish('SELECT * FROM information_schema.routines')
  expect(Status.StateChangeReason).toBe(
    "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.information_schema.routines' does not exist",
  )
})

it('refuses to write into information_schema', async () => {
  const { Status } = await athena.finish("INSERT INTO information_schema.schemata VALUES ('a', 'b')")
  expect(Status.State).toBe('FAILED')
  expect(Status.StateChangeReason).toMatch(/^NOT_SUPPORTED/)
})
