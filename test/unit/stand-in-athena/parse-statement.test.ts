import { describe, expect, it } from 'vitest'
import { describeStatement, parseStatement } from '../../../src/stand-in/athena/sql/classify.ts'

function kindOf(sql: string): string {
  const { type, subtype } = describeStatement(parseStatement(sql, []))
  return `${type} ${subtype}`
}

describe('statement kinds', () => {
  it.each([
    ['SELECT 1', 'DML SELECT'],
    ['WITH a AS (SELECT 1) SELECT * FROM a', 'DML SELECT'],
    ['(SELECT 1) UNION ALL (SELECT 2)', 'DML SELECT'],
    ['INSERT INTO t VALUES (1)', 'DML INSERT'],
    ['MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE', 'DML MERGE'],
    ['UPDATE t SET a = 1', 'DML UPDATE'],
    ['DELETE FROM t', 'DML DELETE'],
    ['DROP TABLE IF EXISTS `a`.`b`;', 'DDL DROP_TABLE'],
    ['CREATE DATABASE IF NOT EXISTS acme', 'DDL CREATE_DATABASE'],
    ['ALTER TABLE t ADD COLUMNS (a int)', 'DDL ALTER_TABLE_ADD_COLUMN'],
    ["SHOW TABLES IN acme 'a*'", 'UTILITY SHOW_TABLES'],
    ['DESCRIBE acme.t', 'UTILITY DESCRIBE_TABLE'],
  ])('%s', (sql, expected) => {
    expect(kindOf(sql)).toBe(expected)
  })
})

describe('what Athena refuses', () => {
  it.each([
    ['a cast with colons', 'SELECT a::int FROM t'],
    ['QUALIFY', 'SELECT a FROM t QUALIFY row_number() OVER () = 1'],
    ['EXCLUDE', 'SELECT * EXCLUDE (a) FROM t'],
    ['ON CONFLICT', 'INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING'],
    ['several statements', 'SELECT 1; SELECT 2'],
    ['a doubled quote in a text of DDL', "CREATE TABLE t (a int COMMENT 'it''s') LOCATION 's3://a/b/'"],
    ['a text of DDL that ends in a backslash', "CREATE TABLE t (a int COMMENT 'a\\') LOCATION 's3://a/b/'"],
    ['backquotes in DML', 'SELECT `a` FROM t'],
    ['double quotes in DDL', 'DROP TABLE "a"'],
    ['comments in DDL', 'DROP TABLE a -- gone'],
    ['NOT MATCHED BY SOURCE', 'MERGE INTO t USING s ON t.a = s.a WHEN NOT MATCHED BY SOURCE THEN DELETE'],
    ['SET with a prefix', 'MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET t.a = 1'],
    ['a reserved word as a name', 'SELECT order FROM t'],
    ['an unclosed text', "SELECT 'a"],
    ['an odd number of hexadecimal digits', "SELECT X'abc'"],
  ])('refuses %s', (_what, sql) => {
    expect(() => parseStatement(sql, [])).toThrow('SYNTAX_ERROR')
  })

  it('reads texts of DDL by Hive’s spelling, where a backslash goes before a quote', () => {
    const parsed = parseStatement("ALTER TABLE t ADD COLUMNS (a int COMMENT 'it\\'s \\\\')", [])

    expect(parsed).toMatchObject({ statement: { columns: [{ comment: "it's \\" }] } })
  })

  it('takes reserved words of DDL in DML and the other way round', () => {
    expect(kindOf('SELECT date, timestamp FROM t')).toBe('DML SELECT')
    expect(kindOf("CREATE EXTERNAL TABLE t (`order` int) LOCATION 's3://a/b/'")).toBe('DDL CREATE_TABLE')
  })
})

describe('what the engine leaves out', () => {
  it.each([
    'OPTIMIZE t REWRITE DATA USING BIN_PACK',
    'VACUUM t',
    'SELECT * FROM UNNEST(ARRAY[1]) WITH ORDINALITY',
    'SELECT transform(ARRAY[1], x -> x)',
  ])('names the other engine, which runs %s', sql => {
    expect(() => parseStatement(sql, [])).toThrow(
      /NOT_SUPPORTED: .* is not supported by the DuckDB engine of the stand-in; start with --engine trino/,
    )
  })

  it.each(['CREATE VIEW v AS SELECT 1', 'SHOW PARTITIONS t', 'PREPARE p FROM SELECT 1', 'EXPLAIN SELECT 1'])(
    'names no other engine where neither runs %s',
    sql => {
      expect(() => parseStatement(sql, [])).toThrow(/^NOT_SUPPORTED: .* is not supported by the stand-in$/)
    },
  )
})
