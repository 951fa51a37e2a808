import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalAthena, openLocalAthena, readPage } from './local-athena.ts'

let athena: LocalAthena
beforeAll(async () => {
  athena = await openLocalAthena()
})
afterAll(() => athena.close())

async function reasonOf(sql: string): Promise<string> {
  const query = await athena.finish(sql)
  return `${query.Status.State} ${query.Status.StateChangeReason ?? ''}`
}

describe('expressions mean what they mean in Athena', () => {
  it.each([
    ['7 / 2', '3'],
    ['-7 / 2', '-3'],
    ['7 % -3', '1'],
    ['7 / 2e0', '3.5'],
    ['1e10', '1.0E10'],
    ["concat('a', NULL, 'b')", null],
    ["'a' || NULL", null],
    ["cast('abc' AS varchar(2))", 'ab'],
    ["X'00ff'", '00 ff'],
    ["DECIMAL '1.50' * 2", '3.00'],
    ['cast(2.5 AS integer)', '3'],
    ["DATE '2024-02-29'", '2024-02-29'],
    ["TIMESTAMP '2024-01-01 00:00:00.5'", '2024-01-01 00:00:00.5'],
    ["cast(TIMESTAMP '2024-01-01 00:00:00.5' AS timestamp(6))", '2024-01-01 00:00:00.500000'],
    ['nan() = nan()', 'false'],
    ['nan() IS DISTINCT FROM nan()', 'false'],
    ['NULL IS NOT DISTINCT FROM NULL', 'true'],
    ['try(1 / 0)', null],
    ["try_cast('1.7' AS integer)", null],
    ['5 BETWEEN 1 AND 5', 'true'],
    ['element_at(ARRAY[1, 2], 2)', '2'],
    [
      'cast(from_unixtime_nanos(cast(-62135596800000000 AS decimal(20,0)) * 1000) AS timestamp(6))',
      '0001-01-01 00:00:00.000000',
    ],
    [
      'cast(from_unixtime_nanos(cast(253402300799999999 AS decimal(20,0)) * 1000) AS timestamp(6))',
      '9999-12-31 23:59:59.999999',
    ],
    ["date_add('day', 1, DATE '2024-02-28')", '2024-02-29'],
    ["date_diff('month', DATE '2024-01-31', DATE '2024-02-29')", '1'],
    ['typeof(1.50)', 'decimal(3,2)'],
    ["substr('hello', -3, 2)", 'll'],
  ])('%s', async (expression, expected) => {
    expect(await athena.rows(`SELECT ${expression}`)).toEqual([[expected]])
  })
})

describe("errors have Athena's names and places", () => {
  it.each([
    ["SELECT '1' = 1", 'TYPE_MISMATCH: line 1:12: Cannot apply operator: varchar(1) = integer'],
    [
      "SELECT 'a' || 1",
      'TYPE_MISMATCH: line 1:12: Unexpected parameters (varchar(1), integer) for function concat',
    ],
    ['SELECT 1 / 0', 'DIVISION_BY_ZERO: Division by zero'],
    ["SELECT cast('1.7' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast '1.7' to INTEGER"],
    [
      'SELECT 1 FROM nowhere',
      "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.acme.nowhere' does not exist",
    ],
    ['SELECT 1 FROM no.where_', "SCHEMA_NOT_FOUND: line 1:15: Schema 'no' does not exist"],
    ['SELECT x FROM (SELECT 1 AS y)', "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved"],
    ['SELECT x FROM (SELECT 1 AS x, 2 AS x)', "AMBIGUOUS_NAME: line 1:8: Column 'x' is ambiguous"],
    [
      'SELECT (SELECT x FROM (VALUES 1, 2) AS t(x))',
      'SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows',
    ],
    ['SELECT 9223372036854775807 + 1', 'NUMERIC_VALUE_OUT_OF_RANGE: '],
    ["SELECT read_text('/etc/passwd')", 'NOT_SUPPORTED: The function read_text'],
  ])('%s', async (sql, expected) => {
    expect(await reasonOf(sql)).toContain(`FAILED ${expected}`)
  })
})

describe('queries', () => {
  it('keep names of subqueries, aliases and WITH apart', async () => {
    const sql = `
      WITH a AS (SELECT 1 AS x), b(y) AS (SELECT x + 1 FROM a) -- 'a comment'
      SELECT "a"."x", b.y, (SELECT count(*) FROM a AS b WHERE b.x = a.x) AS n FROM a CROSS JOIN b`

    expect(await athena.rows(sql)).toEqual([['1', '2', '1']])
  })

  it('sort NULL last in both directions', async () => {
    const values = '(VALUES 1, NULL, 2) AS t(x)'

    expect(await athena.rows(`SELECT x FROM ${values} ORDER BY x`)).toEqual([['1'], ['2'], [null]])
    expect(await athena.rows(`SELECT x FROM ${values} ORDER BY x DESC`)).toEqual([['2'], ['1'], [null]])
  })

  it('group, filter groups and sum decimals exactly', async () => {
    const values = "(VALUES ('a', DECIMAL '0.10'), ('a', DECIMAL '0.20'), ('b', DECIMAL '1.00')) AS t(k, v)"
    const sql = `SELECT k, sum(v), count(*) FILTER (WHERE v > 0.1) FROM ${values} GROUP BY 1 HAVING count(*) > 1`

    expect(await athena.rows(sql)).toEqual([['a', '0.30', '1']])
  })

  it('leave NaN out of max and min while there is another number', async () => {
    const of = (list: string): Promise<unknown> =>
      athena.rows(`SELECT max(x), min(x), max(x) FILTER (WHERE x > 0) FROM (VALUES ${list}) AS v(x)`)

    expect(await of("DOUBLE 'NaN', 1.5E0, -2E0")).toEqual([['1.5', '-2.0', '1.5']])
    expect(await of("REAL 'NaN', NULL")).toEqual([['NaN', 'NaN', null]])
  })

  it('bring both sides of a union to one type', async () => {
    const sql = 'SELECT 1 UNION ALL SELECT 2.5 ORDER BY 1'

    expect(await athena.rows(sql)).toEqual([['1.0'], ['2.5']])
  })

  it('take execution parameters as literals', async () => {
    const query = await athena.finish('SELECT ? || ?', { ExecutionParameters: ["'a;''b'", "'--'"] })
    const page = await readPage(athena, query.QueryExecutionId)

    expect(page.ResultSet.Rows[1]?.Data).toEqual([{ VarCharValue: "a;'b--" }])
  })
})

describe('results', () => {
  it('describe their columns, the unnamed ones by number', async () => {
    const { QueryExecutionId: id } = await athena.finish(
      "SELECT 1.50, 'abc' AS \"Name\", 1e0, DATE '2024-01-01'",
    )
    const page = await readPage(athena, id)
    const columns = page.ResultSet.ResultSetMetadata.ColumnInfo

    expect(columns.map(column => [column.Name, column.Type, column.Precision, column.Scale])).toEqual([
      ['_col0', 'decimal', 3, 2],
      ['name', 'varchar', 3, 0],
      ['_col2', 'double', 17, 0],
      ['_col3', 'date', 0, 0],
    ])
  })

  it('come in pages, the header first', async () => {
    const numbers = Array.from({ length: 2500 }, (_, index) => `(${index})`).join(',')
    const { QueryExecutionId: id } = await athena.finish(
      `SELECT x FROM (VALUES ${numbers}) AS t(x) ORDER BY x`,
    )

    const seen: string[] = []
    let token: string | undefined
    do {
      const page = await readPage(athena, id, { MaxResults: 1000, ...(token && { NextToken: token }) })
      seen.push(...page.ResultSet.Rows.map(row => row.Data[0]?.VarCharValue ?? ''))
      token = page.NextToken
    } while (token)

    expect(seen).toEqual(['x', ...Array.from({ length: 2500 }, (_, index) => String(index))])
  })

  it('lie in S3 as quoted CSV with their description beside them', async () => {
    const query = await athena.finish("SELECT 'a\"b' AS x, NULL AS y, '' AS z")
    const location = query.ResultConfiguration?.OutputLocation ?? ''

    expect(location).toBe(`s3://lake/results/${query.QueryExecutionId}.csv`)
    expect(await athena.readObject(location)).toBe('"x","y","z"\n"a""b",,""\n')
    expect(await athena.readObject(`${location}.metadata`)).toContain('varchar')
  })

  it('of utility statements are text without a header', async () => {
    const query = await athena.finish('SHOW DATABASES')
    const page = await readPage(athena, query.QueryExecutionId)

    expect(query.ResultConfiguration?.OutputLocation).toMatch(/\.txt$/)
    expect(page.ResultSet.Rows.map(row => row.Data[0]?.VarCharValue)).toEqual(['acme', 'default'])
  })
})
