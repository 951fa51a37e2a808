import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalAthena, openLocalAthena } from './local-athena.ts'

let athena: LocalAthena
beforeAll(async () => {
  athena = await openLocalAthena()
})
afterAll(() => athena.close())

describe('an external Parquet table', () => {
  it('reads all visible objects, columns by name in any case, absent ones as NULL', async () => {
    await athena.putParquet('a/part-1.parquet', `SELECT 1::BIGINT AS "ID", 'x' AS name`)
    await athena.putParquet('a/part-2.parquet', `SELECT 'y' AS name, 2::INTEGER AS id, 'z' AS more`)
    await athena.putParquet('a/_hidden.parquet', `SELECT 3::BIGINT AS id`)
    await athena.putParquet('a/.hidden.parquet', `SELECT 4::BIGINT AS id`)
    await athena.putParquet('ab/other.parquet', `SELECT 5::BIGINT AS id`)
    await athena.addExternalTable('a', 's3://lake/a', [
      { Name: 'id', Type: 'bigint' },
      { Name: 'more', Type: 'string' },
    ])

    expect(await athena.rows('SELECT * FROM a ORDER BY id')).toEqual([
      ['1', null],
      ['2', 'z'],
    ])
  })

  it('cuts timestamps to milliseconds and keeps microseconds in bigint columns', async () => {
    const micros = [-62135596799999999n, -1n, 1700000000123456n, 253402300799999999n]
    await athena.putParquet(
      'b/part.parquet',
      `SELECT x::BIGINT AS us, make_timestamp(x::BIGINT) AS at FROM (VALUES ${micros.map(one => `(${one})`).join(',')}) AS v(x)`,
    )
    await athena.addExternalTable('b', 's3://lake/b/', [
      { Name: 'us', Type: 'bigint' },
      { Name: 'at', Type: 'timestamp' },
    ])
    const exact = 'CAST(from_unixtime_nanos(CAST("us" AS decimal(20,0)) * 1000) AS timestamp(6))'

    expect(await athena.rows(`SELECT ${exact}, at FROM b ORDER BY us`)).toEqual([
      ['0001-01-01 00:00:00.000001', '0001-01-01 00:00:00.000'],
      ['1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999'],
      ['2023-11-14 22:13:20.123456', '2023-11-14 22:13:20.123'],
      ['9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999'],
    ])
  })

  it.each([
    ['int', "'text'"],
    ['int', '5::BIGINT'],
    ['bigint', '1.5::DOUBLE'],
    ['string', '5::INTEGER'],
    ['date', "TIMESTAMP '2024-01-01 00:00:00'"],
    ['decimal(10,2)', '1.5::DECIMAL(10,3)'],
    ['decimal(10,2)', '1.5::DECIMAL(12,2)'],
    ['array<string>', '[1, 2]'],
  ])('fails where a column of type %s meets %s', async (type, value) => {
    const name = `bad_${Buffer.from(`${type} ${value}`).toString('hex')}`
    await athena.putParquet(`${name}/part.parquet`, `SELECT ${value} AS v`)
    await athena.addExternalTable(name, `s3://lake/${name}/`, [{ Name: 'v', Type: type }])

    const query = await athena.finish(`SELECT v FROM ${name}`)

    expect(query.Status.StateChangeReason).toMatch(
      /^HIVE_BAD_DATA: Field v's type .* is incompatible with type/,
    )
  })

  it('counts the bytes of the columns that are read alone', async () => {
    await athena.putParquet(
      'c/part.parquet',
      'SELECT range AS id, md5(range::VARCHAR) AS text FROM range(10000)',
    )
    await athena.addExternalTable('c', 's3://lake/c/', [
      { Name: 'id', Type: 'bigint' },
      { Name: 'text', Type: 'string' },
    ])
    const scanned = async (sql: string): Promise<number> =>
      (await athena.finish(sql)).Statistics.DataScannedInBytes

    const one = await scanned('SELECT sum(id) FROM c')
    expect(await scanned('SELECT max(x) FROM (SELECT *, id AS x FROM c) AS s')).toBe(one)
    expect(await scanned('SELECT max(id), max(text) FROM c')).toBeGreaterThan(one)
    expect(await scanned('SELECT count(*) FROM c')).toBe(0)
  })

  it('is made and described by DDL', async () => {
    await athena.rows(
      "CREATE EXTERNAL TABLE IF NOT EXISTS `e` (`id` bigint COMMENT 'the key', `order` tinyint) STORED AS PARQUET LOCATION 's3://lake/e/'",
    )

    expect(await athena.rows('SELECT * FROM e')).toEqual([])
    expect(await athena.rows('DESCRIBE e')).toEqual([
      ['id', 'bigint', 'the key'],
      ['order', 'tinyint', ''],
    ])
  })
})
