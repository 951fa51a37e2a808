import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CALLER, type LocalAthena, openLocalAthena } from './local-athena.ts'

let athena: LocalAthena
beforeAll(async () => {
  athena = await openLocalAthena()
})
afterAll(() => athena.close())

const ICEBERG = "TBLPROPERTIES ('table_type'='ICEBERG')"

async function reasonOf(sql: string): Promise<string> {
  const query = await athena.finish(sql)
  return query.Status.StateChangeReason ?? query.Status.State
}

describe('CREATE TABLE for Iceberg', () => {
  it('makes a Glue entry with the ids of its columns', async () => {
    await athena.rows(
      `CREATE TABLE \`acme\`.\`made\` (\`ID\` bigint COMMENT 'the key', \`tags\` array<string>) LOCATION 's3://lake/made/' ${ICEBERG}`,
    )

    const table = await athena.catalog.getTable(CALLER, 'acme', 'made')
    expect(table.TableType).toBe('EXTERNAL_TABLE')
    expect(table.Parameters?.table_type).toBe('ICEBERG')
    expect(table.Parameters?.metadata_location).toMatch(
      /^s3:\/\/lake\/made\/metadata\/00000-.*\.metadata\.json$/,
    )
    expect(table.StorageDescriptor?.Columns?.[0]).toEqual({
      Name: 'id',
      Type: 'bigint',
      Comment: 'the key',
      Parameters: {
        'iceberg.field.current': 'true',
        'iceberg.field.id': '1',
        'iceberg.field.optional': 'true',
      },
    })
  })

  it('does nothing when the table is there and may be', async () => {
    expect(
      await reasonOf(`CREATE TABLE IF NOT EXISTS made (x int) LOCATION 's3://lake/made2/' ${ICEBERG}`),
    ).toBe('SUCCEEDED')
    expect(await reasonOf(`CREATE TABLE made (x int) LOCATION 's3://lake/made2/' ${ICEBERG}`)).toContain(
      'TABLE_ALREADY_EXISTS',
    )
  })

  it.each([
    [
      'EXTERNAL',
      `CREATE EXTERNAL TABLE x (a int) LOCATION 's3://lake/x/' ${ICEBERG}`,
      'External keyword not supported for table type ICEBERG',
    ],
    [
      'no table type',
      "CREATE TABLE x (a int) LOCATION 's3://lake/x/'",
      'needs EXTERNAL, or the table property table_type ICEBERG',
    ],
    ['no location', `CREATE TABLE x (a int) ${ICEBERG}`, 'needs a LOCATION in S3'],
    [
      'tinyint',
      `CREATE TABLE x (a tinyint) LOCATION 's3://lake/x/' ${ICEBERG}`,
      "Type 'tinyint' of column 'a' is not supported",
    ],
    [
      'a type that does not exist',
      `CREATE TABLE x (a text) LOCATION 's3://lake/x/' ${ICEBERG}`,
      "Unsupported type 'text'",
    ],
    [
      'an unknown property',
      "CREATE TABLE x (a int) LOCATION 's3://lake/x/' TBLPROPERTIES ('table_type'='ICEBERG','my'='x')",
      'Unsupported table property key: my',
    ],
    [
      'a location in use',
      `CREATE TABLE x (a int) LOCATION 's3://lake/made/' ${ICEBERG}`,
      'ICEBERG_FILESYSTEM_ERROR: Cannot create a table on a non-empty location',
    ],
    [
      'a database that is not there',
      `CREATE TABLE nope.x (a int) LOCATION 's3://lake/x/' ${ICEBERG}`,
      "SCHEMA_NOT_FOUND: line 1:14: Schema 'nope' does not exist",
    ],
    [
      'one name twice',
      `CREATE TABLE x (a int, A int) LOCATION 's3://lake/x/' ${ICEBERG}`,
      'Duplicate column name: a',
    ],
  ])('refuses %s', async (_what, sql, reason) => {
    expect(await reasonOf(sql)).toContain(reason)
  })
})

describe('ALTER TABLE for Iceberg', () => {
  it('adds, renames, widens and drops columns without touching data', async () => {
    await athena.rows(
      `CREATE TABLE changing (id int, old string, gone double) LOCATION 's3://lake/changing/' ${ICEBERG}`,
    )
    await athena.rows("INSERT INTO changing VALUES (1, 'a', 1.5e0)")
    await athena.rows('ALTER TABLE changing ADD COLUMNS (`added` decimal(10,2), `at` timestamp)')
    await athena.rows('ALTER TABLE changing CHANGE COLUMN old new string')
    await athena.rows('ALTER TABLE changing CHANGE COLUMN id id bigint')
    await athena.rows('ALTER TABLE changing DROP COLUMN gone')
    await athena.rows("INSERT INTO changing VALUES (5000000000, 'b', 2.5, TIMESTAMP '2024-01-01 00:00:00')")

    expect(await athena.rows('SELECT * FROM changing ORDER BY id')).toEqual([
      ['1', 'a', null, null],
      ['5000000000', 'b', '2.50', '2024-01-01 00:00:00.000000'],
    ])
    const table = await athena.catalog.getTable(CALLER, 'acme', 'changing')
    const dropped = table.StorageDescriptor?.Columns?.find(column => column.Name === 'gone')
    expect(dropped?.Parameters?.['iceberg.field.current']).toBe('false')
  })

  it('gives a column that is added again a new, empty life', async () => {
    await athena.rows('ALTER TABLE changing ADD COLUMNS (gone double)')

    expect(await athena.rows('SELECT gone FROM changing')).toEqual([[null], [null]])
  })

  it.each([
    [
      'a narrower type',
      'ALTER TABLE changing CHANGE COLUMN id id int',
      'Cannot change column type: id: bigint -> integer',
    ],
    [
      'another scale',
      'ALTER TABLE changing CHANGE COLUMN added added decimal(12,3)',
      'Cannot change column type',
    ],
    ['a column that is there', 'ALTER TABLE changing ADD COLUMNS (new int)', 'COLUMN_ALREADY_EXISTS'],
    ['a column that is not there', 'ALTER TABLE changing DROP COLUMN nope', 'COLUMN_NOT_FOUND'],
  ])('refuses %s', async (_what, sql, reason) => {
    expect(await reasonOf(sql)).toContain(reason)
  })

  it('keeps foreign parameters and other fields of the entry', async () => {
    const {
      DatabaseName: _database,
      VersionId: versionId,
      ...table
    } = await athena.catalog.getTable(CALLER, 'acme', 'changing')
    const input = {
      ...table,
      Name: 'changing',
      Description: 'Ours',
      Parameters: { ...table.Parameters, owner: 'ops' },
    }
    await athena.catalog.updateTable(CALLER, 'acme', input, { versionId, skipArchive: true })
    await athena.rows('INSERT INTO changing (id) VALUES (2)')

    const after = await athena.catalog.getTable(CALLER, 'acme', 'changing')
    expect(after.Description).toBe('Ours')
    expect(after.Parameters).toMatchObject({
      owner: 'ops',
      previous_metadata_location: table.Parameters?.metadata_location,
    })
  })
})

describe('DROP TABLE', () => {
  it('removes an Iceberg table with its data, and only the entry of an external one', async () => {
    await athena.putParquet('kept/part.parquet', 'SELECT 1 AS a')
    await athena.addExternalTable('kept', 's3://lake/kept/', [{ Name: 'a', Type: 'int' }])
    await athena.rows('DROP TABLE kept')
    await athena.rows('DROP TABLE changing')
    await athena.rows('DROP TABLE IF EXISTS changing')

    expect(await athena.store.list(CALLER, 'lake', 'kept/')).toHaveLength(1)
    expect(await athena.store.list(CALLER, 'lake', 'changing/')).toEqual([])
    expect(await reasonOf('DROP TABLE changing')).toContain('TABLE_NOT_FOUND')
  })
})

describe('databases', () => {
  it('are made and removed', async () => {
    await athena.rows("CREATE DATABASE IF NOT EXISTS other COMMENT 'a note'")
    await athena.rows('CREATE SCHEMA IF NOT EXISTS other')
    expect(await athena.rows("SHOW DATABASES LIKE 'o*'")).toEqual([['other']])
    await athena.rows('DROP DATABASE other')
    expect(await reasonOf('SHOW TABLES IN other')).not.toBe('FAILED')
  })
})

it('takes the name of the catalogue before the name of a database', async () => {
  const reason = async (sql: string) => (await athena.finish(sql)).Status.StateChangeReason ?? 'SUCCEEDED'
  expect(await reason('CREATE DATABASE IF NOT EXISTS `awsdatacatalog`.`scratch`')).toBe('SUCCEEDED')
  expect(await athena.rows("SHOW DATABASES 'scratch'")).toEqual([['scratch']])
  expect(await reason('DROP DATABASE awsdatacatalog.scratch')).toBe('SUCCEEDED')
  expect(await reason('DROP DATABASE elsewhere.scratch')).toMatch(/^CATALOG_NOT_FOUND/)
})
