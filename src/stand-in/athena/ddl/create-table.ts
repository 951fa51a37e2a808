import { AwsError, type GlueTableInput } from '../../services.ts'
import { errorAt, notImitated } from '../query-error.ts'
import { parseS3Uri } from '../s3-uri.ts'
import type { CreateTable } from '../sql/ddl.ts'
import { splitName } from '../table-catalog.ts'
import { hiveType } from '../types/hive-type.ts'
import { addEntry } from './add-entry.ts'
import { declaredType } from './column-types.ts'
import { createIcebergTable } from './create-iceberg-table.ts'
import { type DdlContext, type DdlResult, NOTHING } from './ddl-context.ts'

/** Runs CREATE [EXTERNAL] TABLE, which makes an entry in Glue and, for Iceberg, a first metadata file. */
export async function createTable(context: DdlContext, create: CreateTable): Promise<DdlResult> {
  const isIceberg = create.properties.get('table_type')?.toUpperCase() === 'ICEBERG'
  requireLegal(create, isIceberg)
  const [database, table] = splitName(create.parts, context.database, create.place)
  if (await exists(context, database, table)) {
    if (create.ifNotExists) return NOTHING
    throw errorAt(
      'TABLE_ALREADY_EXISTS',
      create.place,
      `Table 'awsdatacatalog.${database}.${table}' already exists`,
    )
  }
  await requireDatabase(context, database, create)
  if (isIceberg) await (context.iceberg?.create ?? createIcebergTable)(context, create, database, table)
  else await addEntry(context, create, database, externalInput(create, table))
  return NOTHING
}

function requireLegal(create: CreateTable, isIceberg: boolean): void {
  const { place } = create
  if (isIceberg && create.isExternal) {
    throw errorAt('SYNTAX_ERROR', place, 'External keyword not supported for table type ICEBERG')
  }
  if (!isIceberg && !create.isExternal) {
    throw errorAt(
      'SYNTAX_ERROR',
      place,
      'CREATE TABLE needs EXTERNAL, or the table property table_type ICEBERG',
    )
  }
  if (create.location === undefined || !parseS3Uri(create.location)) {
    throw errorAt('SYNTAX_ERROR', place, 'CREATE TABLE needs a LOCATION in S3')
  }
  if (/\/\/|[*?]/.test(create.location.slice('s3://'.length))) {
    throw errorAt('SYNTAX_ERROR', place, `Invalid LOCATION: ${create.location}`)
  }
  const names = create.columns.map(column => column.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw errorAt('DUPLICATE_COLUMN_NAME', place, `Duplicate column name: ${twice}`)
}

async function exists(context: DdlContext, database: string, table: string): Promise<boolean> {
  try {
    await context.catalog.getTable(context.caller, database, table)
    return true
  } catch (error) {
    if (error instanceof AwsError && error.code === 'EntityNotFoundException') return false
    throw error
  }
}

async function requireDatabase(context: DdlContext, database: string, create: CreateTable): Promise<void> {
  try {
    await context.catalog.getDatabase(context.caller, database)
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'EntityNotFoundException') throw error
    throw errorAt('SCHEMA_NOT_FOUND', create.place, `Schema '${database}' does not exist`)
  }
}

/** How Glue's entries describe Parquet files. */
export const PARQUET = {
  InputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
  OutputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
  SerdeInfo: {
    SerializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
    Parameters: { 'serialization.format': '1' },
  },
}

function externalInput(create: CreateTable, table: string): GlueTableInput {
  if (!/parquet/i.test(create.storedAs ?? '')) throw notImitated('A table that is not STORED AS PARQUET')
  const partitionKeys = create.partitionedBy.map(member => {
    if (member.kind === 'column') return glueColumn(member.column)
    throw errorAt('SYNTAX_ERROR', member.place, 'Partition transforms need an Iceberg table')
  })
  return {
    Name: table,
    TableType: 'EXTERNAL_TABLE',
    ...(create.comment === undefined ? {} : { Description: create.comment }),
    Parameters: { EXTERNAL: 'TRUE', ...Object.fromEntries(create.properties) },
    PartitionKeys: partitionKeys,
    StorageDescriptor: {
      ...PARQUET,
      Columns: create.columns.map(glueColumn),
      ...(create.location === undefined ? {} : { Location: create.location }),
    },
  }
}

function glueColumn(column: CreateTable['columns'][number]) {
  const comment = column.comment === undefined ? {} : { Comment: column.comment }
  return { Name: column.name, Type: hiveType(declaredType(column)), ...comment }
}
