import { afterAll, beforeAll, expect, it } from 'vitest'
import type { GlueColumn } from '../../../src/stand-in/services.ts'
import { type LocalAthena, openLocalAthena } from './local-athena.ts'

let athena: LocalAthena
beforeAll(async () => {
  athena = await openLocalAthena()
})
afterAll(() => athena.close())

const TYPES: Readonly<Record<string, string>> = {
  total: 'decimal(38,9)',
  name: 'string',
  email: 'string',
  quantity: 'int',
  price: 'double',
  active: 'boolean',
  born: 'date',
  note: 'string',
  region: 'string',
  code: 'string',
}
const NAMES = [...Object.keys(TYPES), 'updated_at']

function stagedRows(rowCount: number, version: number, step: number): string {
  return `SELECT (range * ${step})::BIGINT AS id, (range * 1.25 + ${version})::DECIMAL(38,9) AS total, 'name ' || range AS name,
    md5(range::VARCHAR) AS email, (range % 1000)::INTEGER AS quantity, range * 0.5::DOUBLE AS price, range % 2 = 0 AS active,
    DATE '2000-01-01' + (range % 9000)::INTEGER AS born, md5((range * 7)::VARCHAR) AS note, 'eu-' || (range % 5) AS region,
    'c' || range AS code, (1700000000000000 + range * 1000 + ${version})::BIGINT AS updated_at, range::BIGINT AS _transfer_row
    FROM range(${rowCount})`
}

async function stage(name: string, rows: string): Promise<void> {
  await athena.putParquet(`staging/${name}/part.parquet`, rows)
  const plain = Object.entries(TYPES).map(([Name, Type]): GlueColumn => ({ Name, Type }))
  const numbers = ['id', 'updated_at', '_transfer_row'].map((Name): GlueColumn => ({ Name, Type: 'bigint' }))
  await athena.addExternalTable(name, `s3://lake/staging/${name}/`, [...plain, ...numbers])
}

function merge(staging: string): string {
  const list = (write: (name: string) => string, between: string): string => NAMES.map(write).join(between)
  const plain = Object.keys(TYPES)
    .map(name => `"${name}"`)
    .join(', ')
  return `MERGE INTO "acme"."invoices" AS t
    USING (SELECT "id", ${plain}, CAST(from_unixtime_nanos(CAST("updated_at" AS decimal(20,0)) * 1000) AS timestamp(6)) AS "updated_at"
      FROM (SELECT *, row_number() OVER (PARTITION BY "id" ORDER BY "updated_at" DESC, "_transfer_row" DESC) AS "_transfer_rank" FROM "acme"."${staging}")
      WHERE "_transfer_rank" = 1) AS s
    ON t."id" = s."id" AND t."id" BETWEEN 0 AND 1000000
    WHEN MATCHED AND s."updated_at" >= t."updated_at" AND (${list(name => `t."${name}" IS DISTINCT FROM s."${name}"`, ' OR ')})
      THEN UPDATE SET ${list(name => `"${name}" = s."${name}"`, ', ')}
    WHEN NOT MATCHED THEN INSERT ("id", ${list(name => `"${name}"`, ', ')}) VALUES (s."id", ${list(name => `s."${name}"`, ', ')})`
}

it('merges 200,000 rows of 12 columns into an empty table, then 20,000 updates, and makes a snapshot for each', async () => {
  const columns = Object.entries(TYPES).map(([name, type]) => `\`${name}\` ${type}`)
  await athena.rows(
    `CREATE TABLE invoices (\`id\` bigint, ${columns.join(', ')}, \`updated_at\` timestamp) LOCATION 's3://lake/invoices/' TBLPROPERTIES ('table_type'='ICEBERG')`,
  )
  await stage('first', stagedRows(200_000, 0, 1))
  await stage('second', stagedRows(20_000, 1, 10))

  const first = await athena.finish(merge('first'))
  const second = await athena.finish(merge('second'))
  const third = await athena.finish(merge('second'))

  for (const query of [first, second, third]) {
    expect(query.Status.StateChangeReason).toBeUndefined()
  }
  expect(await athena.rows('SELECT count(*), count(DISTINCT id) FROM invoices')).toEqual([
    ['200000', '200000'],
  ])
  expect(await athena.rows('SELECT snapshot_id FROM "invoices$snapshots"')).toHaveLength(2)
})
