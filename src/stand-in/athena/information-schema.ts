import { AwsError, type Caller, type Catalog, type GlueColumn, type GlueTable } from '../services.ts'
import { errorAt, type Place } from './query-error.ts'
import { parseHiveType } from './types/hive-type.ts'
import { printType, type SqlType } from './types/sql-type.ts'

/** The database whose tables describe all others. */
export const INFORMATION_SCHEMA = 'information_schema'

/** A table of `information_schema`; its rows are made from Glue's entries when it is read. */
export interface InformationTable {
  readonly kind: 'information'
  readonly database: string
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[]
  readonly rows: readonly (readonly (string | null)[])[]
}

interface Definition {
  readonly columns: readonly string[]
  rowsOf(entries: readonly DatabaseEntry[]): InformationTable['rows']
}

interface DatabaseEntry {
  readonly name: string
  readonly tables: readonly GlueTable[]
}

const DEFINITIONS: ReadonlyMap<string, Definition> = new Map([
  [
    'schemata',
    {
      columns: ['catalog_name', 'schema_name'],
      rowsOf: entries => entries.map(database => [CATALOG, database.name]),
    },
  ],
  [
    'tables',
    {
      columns: ['table_catalog', 'table_schema', 'table_name', 'table_type'],
      rowsOf: entries => entries.flatMap(({ name, tables }) => tables.map(table => tableRow(name, table))),
    },
  ],
  [
    'columns',
    {
      columns: [
        'table_catalog',
        'table_schema',
        'table_name',
        'column_name',
        'ordinal_position',
        'column_default',
        'is_nullable',
        'data_type',
      ],
      rowsOf: entries => entries.flatMap(({ name, tables }) => tables.flatMap(one => columnRows(name, one))),
    },
  ],
])

const CATALOG = 'awsdatacatalog'

/**
 * Reads a table of `information_schema` with the caller's Glue rights; databases that the caller may not list have no tables in it.
 *
 * @throws {QueryError} `TABLE_NOT_FOUND` for tables other than schemata, tables and columns.
 */
export async function readInformationTable(
  catalog: Catalog,
  caller: Caller,
  name: string,
  place: Place,
): Promise<InformationTable> {
  const definition = DEFINITIONS.get(name)
  if (!definition) {
    throw errorAt('TABLE_NOT_FOUND', place, `Table '${CATALOG}.${INFORMATION_SCHEMA}.${name}' does not exist`)
  }
  const databases = (await catalog.getDatabases(caller)).map(database => database.Name)
  const entries = await Promise.all(
    databases.map(async database => ({
      name: database,
      tables: name === 'schemata' ? [] : await visibleTables(catalog, caller, database),
    })),
  )
  return {
    kind: 'information',
    database: INFORMATION_SCHEMA,
    name,
    columns: definition.columns.map(column => ({
      name: column,
      type: { kind: column === 'ordinal_position' ? 'bigint' : 'varchar' },
    })),
    rows: definition.rowsOf(entries),
  }
}

async function visibleTables(
  catalog: Catalog,
  caller: Caller,
  database: string,
): Promise<readonly GlueTable[]> {
  try {
    return await catalog.getTables(caller, database)
  } catch (error) {
    // A database that the caller may not look into, or that has just gone, shows nothing.
    if (error instanceof AwsError && /AccessDenied|EntityNotFound/.test(error.code)) return []
    throw error
  }
}

function tableRow(database: string, table: GlueTable): readonly string[] {
  return [CATALOG, database, table.Name, table.TableType === 'VIRTUAL_VIEW' ? 'VIEW' : 'BASE TABLE']
}

function columnRows(database: string, table: GlueTable): InformationTable['rows'] {
  const isIceberg = table.Parameters?.table_type?.toUpperCase() === 'ICEBERG'
  const columns = [...(table.StorageDescriptor?.Columns ?? []), ...(table.PartitionKeys ?? [])]
  return columns
    .filter(column => column.Parameters?.['iceberg.field.current'] !== 'false')
    .map((column, index) => [
      CATALOG,
      database,
      table.Name,
      column.Name.toLowerCase(),
      String(index + 1),
      null,
      'YES',
      typeText(column, isIceberg),
    ])
}

/** Iceberg's timestamps have microseconds, Hive's milliseconds; a type that cannot be read is shown as it stands in Glue. */
function typeText(column: GlueColumn, isIceberg: boolean): string {
  const type = parseHiveType(column.Type ?? '')
  if (!type) return column.Type ?? ''
  return printType(isIceberg && type.kind === 'timestamp' ? { kind: 'timestamp', precision: 6 } : type)
}
