import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalAthena, openLocalAthena } from './local-athena.ts'

let athena: LocalAthena
beforeAll(async () => {
  athena = await openLocalAthena()
  await athena.rows(`CREATE TABLE borders (k int, i int, l bigint, f float, d double, m decimal(38,9), s string, b binary,
    o boolean, day date, at timestamp, tags array<string>, place struct<city:string,zip:int>, sizes map<string,bigint>)
    PARTITIONED BY (truncate(2, k)) LOCATION 's3://lake/acme/borders/' TBLPROPERTIES ('table_type'='ICEBERG')`)
})
afterAll(() => athena.close())

describe('values at the borders of their types', () => {
  it.each([
    ['l', '9223372036854775807', '9223372036854775807'],
    ['l', '-9223372036854775808', '-9223372036854775808'],
    ['i', '-2147483648', '-2147483648'],
    ['m', "DECIMAL '99999999999999999999999999999.999999999'", '99999999999999999999999999999.999999999'],
    ['m', "DECIMAL '-99999999999999999999999999999.999999999'", '-99999999999999999999999999999.999999999'],
    ['m', "DECIMAL '0.000000001'", '0.000000001'],
    ['d', 'nan()', 'NaN'],
    ['d', '-infinity()', '-Infinity'],
    ['d', '1.7976931348623157E308', '1.7976931348623157E308'],
    ['d', '2.2250738585072014e-308', '2.2250738585072014E-308'],
    ['f', "REAL '1.1'", '1.1'],
    ['day', "DATE '0001-01-01'", '0001-01-01'],
    ['day', "DATE '9999-12-31'", '9999-12-31'],
    ['at', "TIMESTAMP '0001-01-01 00:00:00.000001'", '0001-01-01 00:00:00.000001'],
    ['at', "TIMESTAMP '9999-12-31 23:59:59.999999'", '9999-12-31 23:59:59.999999'],
    ['s', "''", ''],
    ['s', 'NULL', null],
    ['s', "'Ünïcödé 🦆 \"quoted\", ''single'' and a\nline'", 'Ünïcödé 🦆 "quoted", \'single\' and a\nline'],
    ['b', "X''", ''],
    ['b', "X'005cff'", '00 5c ff'],
    ['o', 'false', 'false'],
    ['tags', "ARRAY['a', NULL]", '[a, null]'],
    ['place', "CAST(ROW('Oslo', 150) AS ROW(city varchar, zip integer))", '{city=Oslo, zip=150}'],
  ])('%s keeps %s', async (column, literal, expected) => {
    await athena.rows(`DELETE FROM borders`)
    await athena.rows(`INSERT INTO borders (k, ${column}) VALUES (1, ${literal})`)

    expect(await athena.rows(`SELECT ${column} FROM borders`)).toEqual([[expected]])
  })

  it('finds the same rows by their values, whatever files are left alone', async () => {
    await athena.rows('DELETE FROM borders')
    await athena.rows(
      "INSERT INTO borders (k, l, at, s) VALUES (1, -5, TIMESTAMP '1969-12-31 23:59:59.999999', 'aaaaaaaaaaaaaaaaaaaaaaab')",
    )
    await athena.rows(
      "INSERT INTO borders (k, l, at, s) VALUES (2, 5, TIMESTAMP '2024-01-01 00:00:00', NULL)",
    )

    expect(await athena.rows('SELECT k FROM borders WHERE l < 0')).toEqual([['1']])
    expect(await athena.rows("SELECT k FROM borders WHERE at < TIMESTAMP '1970-01-01 00:00:00'")).toEqual([
      ['1'],
    ])
    expect(await athena.rows("SELECT k FROM borders WHERE at >= DATE '2024-01-01'")).toEqual([['2']])
    expect(await athena.rows("SELECT k FROM borders WHERE s > 'aaaaaaaaaaaaaaaaaaaaaaaa'")).toEqual([['1']])
    expect(await athena.rows("SELECT k FROM borders WHERE 'aaaaaaaaaaaaaaaaaaaaaaab' = s")).toEqual([['1']])
  })

  it('keeps both zeros of a floating number apart, beside each other and ranked by a window', async () => {
    await athena.rows('DELETE FROM borders')
    await athena.rows(`INSERT INTO borders (k, d) SELECT k, d FROM (
      SELECT k, d, row_number() OVER (PARTITION BY k ORDER BY k) AS rank
      FROM (VALUES (1, 0e0), (2, -0e0), (3, 0e0)) AS v(k, d)) WHERE rank = 1`)

    expect(await athena.rows('SELECT d FROM borders ORDER BY k')).toEqual([['0.0'], ['-0.0'], ['0.0']])
  })

  it('casts the parts of arrays and rows, to fields of other names too', async () => {
    const rows = await athena.rows(`SELECT
      CAST(ARRAY[CAST(ROW('0001-01-01 00:00:00.000001', 1) AS ROW(at varchar, n integer)), NULL] AS array(row("when" timestamp(6), n bigint))),
      CAST(NULL AS array(varchar))`)

    expect(rows).toEqual([['[{when=0001-01-01 00:00:00.000001, n=1}, null]', null]])
  })

  it('refuses a value that its column cannot hold', async () => {
    const query = await athena.finish('INSERT INTO borders (k, i) SELECT 1, 3000000000')

    expect(query.Status.StateChangeReason).toContain('TYPE_MISMATCH')
  })
})

describe('partitions', () => {
  it('refuses more than a hundred in one statement', async () => {
    const values = Array.from({ length: 101 }, (_, index) => `(${index * 2})`).join(',')
    const query = await athena.finish(`INSERT INTO borders (k) VALUES ${values}`)

    expect(query.Status.StateChangeReason).toBe(
      'HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers for partitions/buckets',
    )
  })
})
