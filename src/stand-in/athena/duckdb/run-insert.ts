import { commitChange } from '../iceberg/commit.ts'
import { errorAt } from '../query-error.ts'
import type { DmlStatement } from '../sql/ast.ts'
import { quoteName } from '../sql/tokens.ts'
import type { IcebergTable, TableColumn } from '../table-catalog.ts'
import { duckdbType } from '../types/sql-type.ts'
import { requireAssignable, storedSql } from './assign.ts'
import { openViews, requireScanLimit } from './open-views.ts'
import { writeRows } from './partitioned-write.ts'
import { renderStatement } from './render-statement.ts'
import { lockDown } from './sandbox.ts'
import { openWriter, requireIceberg, type WriteContext, type WriteOutcome } from './write-context.ts'

type Insert = Extract<DmlStatement, { kind: 'insert' }>

/** Runs INSERT INTO … SELECT or VALUES: new data files and one snapshot; no rows, no snapshot. */
export async function runInsert(context: WriteContext, insert: Insert): Promise<WriteOutcome> {
  const { target } = insert
  const table = requireIceberg(await context.catalog.read(target.parts, target.place), 'INSERT into')
  const columns = insertedColumns(table, insert)
  const { result, reads } = await renderStatement(context.catalog, render => {
    const query = render.renderQuery(insert.query, undefined, new Map())
    for (const column of query.columns) render.markUsed(column.origins)
    return query
  })
  requireAssignable(result.columns, columns, target.place, 'Insert query has mismatched column types')
  const opened = await openViews(context.views, reads)
  requireScanLimit(opened.scannedBytes, context.query.scanLimitBytes)
  await lockDown(context.views.session, opened.paths, context.query.workDirectory)
  const values = new Map(
    columns.map((column, index) => {
      const type = result.columns[index]?.type ?? column.type
      return [column.name, storedSql({ sql: `q."c${index}"`, type }, column)]
    }),
  )
  const select = `SELECT ${table.columns.map(column => item(column, values)).join(', ')} FROM (${result.sql}) AS q`
  const { session } = context.views
  const addedData = await writeRows(session, openWriter(context, table), table.metadata, select)
  if (addedData.length > 0) {
    const change = { operation: 'append', addedData, addedDeletes: [], removed: [] } as const
    await commitChange(context.commit, table, change, undefined)
  }
  const updateCount = addedData.reduce((sum, file) => sum + Number(file.recordCount), 0)
  return { scannedBytes: opened.scannedBytes, updateCount }
}

function item(column: TableColumn, values: ReadonlyMap<string, string>): string {
  const sql = values.get(column.name) ?? `CAST(NULL AS ${duckdbType(column.type)})`
  return `${sql} AS ${quoteName(column.name)}`
}

function insertedColumns(table: IcebergTable, insert: Insert): readonly TableColumn[] {
  if (insert.columns.length === 0) return table.columns
  const names = new Set(insert.columns)
  if (names.size !== insert.columns.length) {
    throw errorAt(
      'DUPLICATE_COLUMN_NAME',
      insert.target.place,
      'Insert column name is specified more than once',
    )
  }
  return insert.columns.map(name => {
    const column = table.columns.find(one => one.name === name)
    if (column) return column
    throw errorAt(
      'COLUMN_NOT_FOUND',
      insert.target.place,
      `Insert column name does not exist in target table: ${name}`,
    )
  })
}
