import { targetTypeOf } from '../domain/column-type.ts'
import type { Column } from '../domain/model.ts'
import { quoteDdlIdentifier, quoteString } from './quote.ts'

/**
 * Creates an Iceberg target in a fresh folder. Athena allows a closed list of table properties; these two make Parquet
 * with zstd, which is what is staged.
 */
export function createTargetStatement(
  table: { readonly database: string; readonly name: string; readonly location: string },
  columns: readonly Column[],
): string {
  return [
    `CREATE TABLE IF NOT EXISTS ${quoteDdlIdentifier(table.database)}.${quoteDdlIdentifier(table.name)} (`,
    columns.map(column => `  ${columnDefinition(column)}`).join(',\n'),
    ')',
    `LOCATION ${quoteString(table.location)}`,
    "TBLPROPERTIES ('table_type'='ICEBERG', 'format'='parquet', 'write_compression'='zstd')",
  ].join('\n')
}

/** Adds columns that the model has and the target has not; existing rows read NULL in them. */
export function addColumnsStatement(
  table: { readonly database: string; readonly name: string },
  columns: readonly Column[],
): string {
  const definitions = columns.map(columnDefinition).join(', ')
  return `ALTER TABLE ${quoteDdlIdentifier(table.database)}.${quoteDdlIdentifier(table.name)} ADD COLUMNS (${definitions})`
}

function columnDefinition(column: Column): string {
  const definition = `${quoteDdlIdentifier(column.tableName)} ${targetTypeOf(column.type, quoteDdlIdentifier)}`
  return column.description === undefined
    ? definition
    : `${definition} COMMENT ${quoteString(column.description)}`
}
