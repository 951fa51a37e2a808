import { AwsError, type Caller, type Catalog, type GlueTable } from '../services.ts'
import { fromIcebergType } from './iceberg/iceberg-type.ts'
import { currentSchema, parseMetadata, type TableMetadata } from './iceberg/metadata.ts'
import type { TableFiles } from './iceberg/table-files.ts'
import { INFORMATION_SCHEMA, type InformationTable, readInformationTable } from './information-schema.ts'
import { errorAt, namedError, notImitated, type Place } from './query-error.ts'
import { parseHiveType } from './types/hive-type.ts'
import type { SqlType } from './types/sql-type.ts'

/** A column as statements see it. */
export interface TableColumn {
  readonly name: string
  readonly type: SqlType
}

/** A table of the catalog. */
export type CatalogTable = IcebergTable | HiveTable | InformationTable

/** An Iceberg table as its current metadata file describes it. */
export interface IcebergTable {
  readonly kind: 'iceberg'
  readonly database: string
  readonly name: string
  readonly glue: GlueTable
  readonly metadata: TableMetadata
  readonly metadataLocation: string
  readonly columns: readonly TableColumn[]
}

/** An external table over Parquet objects. */
export interface HiveTable {
  readonly kind: 'hive'
  readonly database: string
  readonly name: string
  readonly location: string
  readonly columns: readonly TableColumn[]
}

/** Reads table entries as the caller. */
export interface TableCatalog {
  /** @throws {QueryError} `SCHEMA_NOT_FOUND`, `TABLE_NOT_FOUND`, `NOT_SUPPORTED` for tables of other kinds. */
  read(parts: readonly string[], place: Place): Promise<CatalogTable>
}

/** The only data catalog there is. */
export const CATALOG_NAME = 'awsdatacatalog'

/** Splits a name into database and table, the context's database filled in. */
export function splitName(
  parts: readonly string[],
  defaultDatabase: string,
  place: Place,
): readonly [database: string, table: string] {
  const [table = '', database = defaultDatabase, catalog = CATALOG_NAME] = parts.toReversed()
  if (parts.length > 3)
    throw errorAt('SYNTAX_ERROR', place, `Too many parts in table name: ${parts.join('.')}`)
  if (catalog !== CATALOG_NAME) throw errorAt('CATALOG_NOT_FOUND', place, `Catalog '${catalog}' not found`)
  return [database, table]
}

/** Opens the catalog for one query. */
export function openTableCatalog(
  catalog: Catalog,
  files: TableFiles,
  context: { readonly caller: Caller; readonly database: string },
): TableCatalog {
  return {
    async read(parts, place) {
      const [database, name] = splitName(parts, context.database, place)
      if (database === INFORMATION_SCHEMA) return readInformationTable(catalog, context.caller, name, place)
      const glue = await getTable(catalog, context.caller, database, name, place)
      return isIceberg(glue) ? readIceberg(files, database, glue) : readHive(database, glue)
    },
  }
}

async function getTable(
  catalog: Catalog,
  caller: Caller,
  database: string,
  name: string,
  place: Place,
): Promise<GlueTable> {
  try {
    return await catalog.getTable(caller, database, name)
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'EntityNotFoundException') throw error
    await requireDatabase(catalog, caller, database, place)
    throw errorAt('TABLE_NOT_FOUND', place, `Table '${CATALOG_NAME}.${database}.${name}' does not exist`)
  }
}

async function requireDatabase(
  catalog: Catalog,
  caller: Caller,
  database: string,
  place: Place,
): Promise<void> {
  try {
    await catalog.getDatabase(caller, database)
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'EntityNotFoundException') throw error
    throw errorAt('SCHEMA_NOT_FOUND', place, `Schema '${database}' does not exist`)
  }
}

/** True for Glue entries of Iceberg tables. */
export function isIceberg(glue: GlueTable): boolean {
  return glue.Parameters?.table_type?.toUpperCase() === 'ICEBERG'
}

/** Reads the metadata file that a Glue entry points to. */
export async function readIceberg(
  files: TableFiles,
  database: string,
  glue: GlueTable,
): Promise<IcebergTable> {
  const metadataLocation = glue.Parameters?.metadata_location
  if (metadataLocation === undefined) {
    throw namedError(
      'ICEBERG_INVALID_METADATA',
      `Table is missing [metadata_location] property: ${database}.${glue.Name}`,
    )
  }
  const metadata = parseMetadata((await files.read(metadataLocation)).toString('utf8'), metadataLocation)
  const columns = currentSchema(metadata).fields.map(field => ({
    name: field.name.toLowerCase(),
    type: fromIcebergType(field.type),
  }))
  return { kind: 'iceberg', database, name: glue.Name, glue, metadata, metadataLocation, columns }
}

function readHive(database: string, glue: GlueTable): HiveTable {
  if (glue.TableType === 'VIRTUAL_VIEW') throw notImitated('A view')
  if ((glue.PartitionKeys ?? []).length > 0) throw notImitated('A Hive table with partitions')
  const descriptor = glue.StorageDescriptor
  const format = `${descriptor?.InputFormat ?? ''}`
  if (!/parquet/i.test(format)) throw notImitated(`A table of the format '${format}'`)
  const columns = (descriptor?.Columns ?? []).map(column => ({
    name: column.Name.toLowerCase(),
    type: hiveColumnType(column.Name, column.Type ?? ''),
  }))
  return { kind: 'hive', database, name: glue.Name, location: descriptor?.Location ?? '', columns }
}

function hiveColumnType(name: string, text: string): SqlType {
  const type = parseHiveType(text)
  if (!type) throw namedError('HIVE_BAD_DATA', `Unsupported type '${text}' of column '${name}'`)
  return type
}
