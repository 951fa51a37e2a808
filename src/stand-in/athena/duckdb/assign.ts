import { errorAt, type Place } from '../query-error.ts'
import type { TableColumn } from '../table-catalog.ts'
import { isAssignable, printType } from '../types/sql-type.ts'
import { castSql } from './render-cast.ts'
import type { Rendered } from './scope.ts'

/**
 * Insists that values may be stored in columns without an explicit cast.
 *
 * @throws {QueryError} `TYPE_MISMATCH` with both lists of types.
 */
export function requireAssignable(
  values: readonly Pick<Rendered, 'type'>[],
  columns: readonly TableColumn[],
  place: Place,
  what: string,
): void {
  const isFine =
    values.length === columns.length &&
    values.every((value, index) => isAssignable(value.type, columns[index]?.type ?? value.type))
  if (isFine) return
  const table = columns.map(column => printType(column.type)).join(', ')
  const given = values.map(value => printType(value.type)).join(', ')
  throw errorAt('TYPE_MISMATCH', place, `${what}: Table: [${table}], Query: [${given}]`)
}

/** DuckDB's text of a value as a column stores it. */
export function storedSql(value: Pick<Rendered, 'sql' | 'type'>, column: TableColumn): string {
  return castSql(value.sql, value.type, column.type)
}
