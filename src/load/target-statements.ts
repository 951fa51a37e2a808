import { targetTypeOf } from '../domain/column-type.ts'
import type { Column } from '../domain/model.ts'
import { formatPartitionField, type PartitionField } from '../domain/partition-field.ts'
import { quoteDdlIdentifier, quoteDdlString } from './quote.ts'

const OWN_PROPERTIES = [
  ['table_type', 'ICEBERG'],
  ['format', 'parquet'],
  ['write_compression', 'zstd'],
] as const

/**
 * Creates an Iceberg target in a fresh folder. Athena allows a closed list of table properties; these two make Parquet
 * with zstd, which is what is staged.
 */
export function createTargetStatement(
  table: {
    readonly database: string
    readonly name: string
    readonly location: string
    /** Further table properties, which come before ours. */
    readonly properties?: ReadonlyMap<string, string>
  },
  columns: readonly Column[],
  partitions: readonly PartitionField[],
): string {
  const partitionedBy = partitions.map(field => formatPartitionField(field, quoteDdlIdentifier)).join(', ')
  const properties = new Map([...OWN_PROPERTIES, ...(table.properties ?? [])])
  return [
    `CREATE TABLE IF NOT EXISTS ${qualified(table)} (`,
    columns.map(column => `  ${columnDefinition(column)}`).join(',\n'),
    ')',
    ...(partitions.length === 0 ? [] : [`PARTITIONED BY (${partitionedBy})`]),
    `LOCATION ${quoteDdlString(table.location)}`,
    `TBLPROPERTIES (${[...properties].map(([name, value]) => `${quoteDdlString(name)}=${quoteDdlString(value)}`).join(', ')})`,
  ].join('\n')
}

/** Adds columns that the model has and the target has not; existing rows read NULL in them. */
export function addColumnsStatement(
  table: { readonly database: string; readonly name: string },
  columns: readonly Column[],
): string {
  const definitions = columns.map(columnDefinition).join(', ')
  return `ALTER TABLE ${qualified(table)} ADD COLUMNS (${definitions})`
}

/**
 * Gives a column another type, comment or both; data is not touched. The comment is always said, the present one too,
 * so that none is lost.
 */
export function changeColumnStatement(
  table: { readonly database: string; readonly name: string },
  column: { readonly name: string; readonly type: string; readonly comment?: string | undefined },
): string {
  const name = quoteDdlIdentifier(column.name)
  const definition = withComment(`${name} ${column.type}`, column.comment)
  return `ALTER TABLE ${qualified(table)} CHANGE COLUMN ${name} ${definition}`
}

function qualified({ database, name }: { readonly database: string; readonly name: string }): string {
  return `${quoteDdlIdentifier(database)}.${quoteDdlIdentifier(name)}`
}

/** A column as DDL declares it. A new column's comment is its description or, without one, its name in the source where the table's differs. */
export function columnDefinition({ name, tableName, type, description }: Column): string {
  const comment = description ?? (name === tableName ? undefined : shortened(name))
  return withComment(`${quoteDdlIdentifier(tableName)} ${targetTypeOf(type, quoteDdlIdentifier)}`, comment)
}

function withComment(definition: string, comment: string | undefined): string {
  return comment === undefined ? definition : `${definition} COMMENT ${quoteDdlString(comment)}`
}

/** One line of at most 63 characters, which are at most 252 bytes: Glue takes 255. */
function shortened(name: string): string {
  const characters = Array.from(name.replaceAll(/\p{Cc}/gu, ' '))
  return characters.length <= 63 ? characters.join('') : `${characters.slice(0, 62).join('')}…`
}
