import type { GlueColumn, GlueTable } from '../../services.ts'
import type { DdlStatement, NamedTable } from '../sql/ddl.ts'
import { quoteHiveText } from '../sql/tokens.ts'
import { isIceberg, splitName } from '../table-catalog.ts'
import type { DdlContext, DdlResult } from './ddl-context.ts'
import { getGlueTable } from './get-glue-table.ts'

async function tableOf(context: DdlContext, named: NamedTable): Promise<GlueTable> {
  const [database, name] = splitName(named.parts, context.database, named.place)
  return getGlueTable(context, database, name, named.place)
}

/** Columns in use; Glue also keeps those an Iceberg table has lost. */
function currentColumns(glue: GlueTable): readonly GlueColumn[] {
  const columns = glue.StorageDescriptor?.Columns ?? []
  return columns.filter(column => column.Parameters?.['iceberg.field.current'] !== 'false')
}

/** DESCRIBE. */
export async function describeTable(context: DdlContext, named: NamedTable): Promise<DdlResult> {
  const glue = await tableOf(context, named)
  const rows = [...currentColumns(glue), ...(glue.PartitionKeys ?? [])].map(column => [
    column.Name,
    column.Type ?? '',
    column.Comment ?? '',
  ])
  return { columns: ['col_name', 'data_type', 'comment'], rows }
}

/** SHOW COLUMNS. */
export async function showColumns(context: DdlContext, named: NamedTable): Promise<DdlResult> {
  const glue = await tableOf(context, named)
  return { columns: ['field'], rows: currentColumns(glue).map(column => [column.Name]) }
}

/** SHOW TABLES. */
export async function showTables(
  context: DdlContext,
  show: Extract<DdlStatement, { kind: 'showTables' }>,
): Promise<DdlResult> {
  const tables = await context.catalog.getTables(context.caller, show.database ?? context.database)
  const names = tables.map(table => table.Name).toSorted()
  return { columns: ['tab_name'], rows: names.filter(matcher(show.pattern)).map(name => [name]) }
}

/** SHOW DATABASES. */
export async function showDatabases(
  context: DdlContext,
  show: Extract<DdlStatement, { kind: 'showDatabases' }>,
): Promise<DdlResult> {
  const databases = await context.catalog.getDatabases(context.caller)
  const names = databases.map(database => database.Name).toSorted()
  return { columns: ['database_name'], rows: names.filter(matcher(show.pattern)).map(name => [name]) }
}

/** Hive's patterns: `*` for anything, `|` between choices. */
function matcher(pattern: string | undefined): (name: string) => boolean {
  if (pattern === undefined) return () => true
  const source = pattern
    .split('*')
    .map(part => part.replaceAll(/[.+?^${}()[\]\\]/g, '\\$&'))
    .join('.*')
  const expression = new RegExp(`^(?:${source})$`, 'i')
  return name => expression.test(name)
}

/** SHOW TBLPROPERTIES. */
export async function showProperties(
  context: DdlContext,
  show: Extract<DdlStatement, { kind: 'showProperties' }>,
): Promise<DdlResult> {
  const glue = await tableOf(context, show)
  const entries = Object.entries(glue.Parameters ?? {})
  if (show.property === undefined) return { columns: ['prpt_name', 'prpt_value'], rows: entries }
  const found = entries.filter(([name]) => name === show.property)
  return { columns: ['prpt_value'], rows: found.map(([, value]) => [value]) }
}

/** SHOW CREATE TABLE, one line of the statement a row. */
export async function showCreateTable(context: DdlContext, named: NamedTable): Promise<DdlResult> {
  const glue = await tableOf(context, named)
  const columns = currentColumns(glue).map(column => {
    const comment = column.Comment === undefined ? '' : ` COMMENT ${quoteHiveText(column.Comment)}`
    return `  \`${column.Name}\` ${column.Type ?? ''}${comment}`
  })
  const head = `CREATE ${isIceberg(glue) ? '' : 'EXTERNAL '}TABLE \`${glue.DatabaseName}.${glue.Name}\`(`
  const stored = isIceberg(glue) ? [] : ['STORED AS PARQUET']
  const properties = isIceberg(glue) ? ['TBLPROPERTIES (', "  'table_type'='ICEBERG')"] : []
  const location = ['LOCATION', `  ${quoteHiveText(glue.StorageDescriptor?.Location ?? '')}`]
  const lines = [head, `${columns.join(',\n')})`, ...stored, ...location, ...properties]
  return { columns: ['createtab_stmt'], rows: lines.flatMap(line => line.split('\n')).map(line => [line]) }
}
