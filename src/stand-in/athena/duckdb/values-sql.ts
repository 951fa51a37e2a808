import { quoteName } from '../sql/tokens.ts'
import type { TableColumn } from '../table-catalog.ts'
import { duckdbType } from '../types/sql-type.ts'

/** A SELECT that gives these rows, each value an SQL literal, in the columns' types. */
export function valuesSql(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const names = columns.map(column => quoteName(column.name))
  if (rows.length === 0) {
    return `SELECT ${columns.map((column, index) => `CAST(NULL AS ${duckdbType(column.type)}) AS ${names[index]}`).join(', ')} WHERE false`
  }
  const casts = columns.map(
    (column, index) => `CAST(${names[index]} AS ${duckdbType(column.type)}) AS ${names[index]}`,
  )
  return `SELECT ${casts.join(', ')} FROM (VALUES ${rows.map(row => `(${row.join(', ')})`).join(', ')}) AS rows(${names.join(', ')})`
}
