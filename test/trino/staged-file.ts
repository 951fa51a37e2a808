import { randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { stagingTypeOf } from '../../src/domain/column-type.ts'
import type { Model } from '../../src/domain/model.ts'
import { ROW_COLUMN } from '../../src/domain/row-identity.ts'

const DUCKDB_TYPES: Readonly<Record<string, string>> = { string: 'VARCHAR', binary: 'BLOB', int: 'INTEGER' }

/** Parquet as the product stages it: the model's columns and the row's number. */
export async function stagedFile(model: Model, rows: readonly (readonly string[])[]): Promise<Buffer> {
  const columns = model.columns.map(column => {
    const type = stagingTypeOf(column.type)
    return { name: `"${column.tableName}"`, type: DUCKDB_TYPES[type] ?? type }
  })
  const selects = rows.map(
    (row, index) =>
      `SELECT ${columns.map(({ name, type }, at) => `CAST(${row[at] ?? 'NULL'} AS ${type}) AS ${name}`).join(', ')}, CAST(${index} AS BIGINT) AS "${ROW_COLUMN}"`,
  )
  const path = join(tmpdir(), `differential-${randomUUID()}.parquet`)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    await connection.run(
      `COPY (${selects.join(' UNION ALL ')}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`,
    )
    return await readFile(path)
  } finally {
    connection.closeSync()
    instance.closeSync()
    await rm(path, { force: true })
  }
}
