import { randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { Model } from '../../src/domain/model.ts'
import { boundColumnsOf, identityOf, ROW_COLUMN } from '../../src/domain/row-identity.ts'
import type { KeyBounds } from '../../src/load/key-bounds.ts'
import { canonicalText, type EncodedColumn, withRowHash } from '../../src/staging/encode-sql.ts'
import { stagedTypeOf } from './literals.ts'

/** A batch as the product stages it. */
export interface StagedBatch {
  /** Parquet: the model's columns, the row's number and, where content tells rows apart, its hash. Absent without rows. */
  readonly bytes?: Buffer
  readonly bounds: readonly KeyBounds[]
}

/** Stages rows of DuckDB's literals; hash and bounds come from the product's own SQL. */
export async function stagedBatch(model: Model, rows: readonly (readonly string[])[]): Promise<StagedBatch> {
  if (rows.length === 0) return { bounds: [] }
  const columns = model.columns.map(column => ({
    ...column,
    isKey: model.primaryKey.includes(column.name),
    isBounded: boundColumnsOf(model).includes(column),
  }))
  const selects = rows.map(
    (row, index) =>
      `SELECT ${columns.map(({ tableName, type }, at) => `CAST(${row[at] ?? 'NULL'} AS ${stagedTypeOf(type)}) AS "${tableName}"`).join(', ')}, CAST(${index} AS BIGINT) AS "${ROW_COLUMN}"`,
  )
  const plain = selects.join(' UNION ALL ')
  const staged = identityOf(model) === 'content' ? withRowHash(plain, columns) : plain
  const path = join(tmpdir(), `differential-${randomUUID()}.parquet`)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    await connection.run(`COPY (${staged}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`)
    const bounds = await Promise.all(
      columns.filter(({ isBounded }) => isBounded).map(column => boundsOf(connection, path, column)),
    )
    return { bytes: await readFile(path), bounds: bounds.flat() }
  } finally {
    connection.closeSync()
    instance.closeSync()
    await rm(path, { force: true })
  }
}

/** None for a column that is NULL somewhere. */
async function boundsOf(
  connection: DuckDBConnection,
  path: string,
  column: EncodedColumn,
): Promise<readonly KeyBounds[]> {
  const name = `"${column.tableName}"`
  const [low, high] = ['min', 'max'].map(extreme => canonicalText(column, `${extreme}(${name})`))
  const reader = await connection.runAndReadAll(
    `SELECT ${low}, ${high} FROM '${path}' HAVING count(*) = count(${name})`,
  )
  return reader.getRows().map(([min, max]) => ({
    column: column.tableName,
    type: column.type,
    min: String(min),
    max: String(max),
  }))
}
