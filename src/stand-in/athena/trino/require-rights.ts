import { glueArn, s3Arn } from '../../iam/arn.ts'
import type { Authorizer, Caller, Catalog, ObjectStore } from '../../services.ts'
import { splitMetadataName } from '../duckdb/metadata-tables.ts'
import { loadSnapshot } from '../iceberg/load-snapshot.ts'
import { currentSnapshot } from '../iceberg/metadata.ts'
import { openTableFiles } from '../iceberg/table-files.ts'
import { requireMergeWidth } from '../merge-width.ts'
import { namedError } from '../query-error.ts'
import { parseS3Uri } from '../s3-uri.ts'
import type { DmlStatement } from '../sql/ast.ts'
import { type HiveTable, type IcebergTable, openTableCatalog } from '../table-catalog.ts'
import type { Maintenance } from './maintenance.ts'
import type { PlannedTables } from './planned-tables.ts'
import { type TableName, tablesRead } from './touched-tables.ts'

/** What the caller's rights are asked of. */
export interface RightsContext {
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly authorizer: Authorizer
  readonly caller: Caller
  readonly database: string
}

/**
 * Insists that the caller may do what a statement does, before Trino does it under its own identity: every table's entry
 * and every object under it that may be read, and for a change the table's folder and its entry.
 *
 * @returns the table that is changed, if any.
 * @throws {AwsError} for a missing right, {@link QueryError} for tables that are not there.
 */
export async function requireRights(
  context: RightsContext,
  statement: DmlStatement,
): Promise<IcebergTable | undefined> {
  for (const name of tablesRead(statement)) await requireReadable(context, name)
  if (statement.kind === 'select') return undefined
  if (statement.kind === 'unload' || statement.kind === 'ctas')
    throw onlyOnDuckDb(statement.kind.toUpperCase())
  const target = await requireTarget(context, statement.target)
  if (statement.kind === 'merge') requireMergeWidth(statement, target)
  return target
}

async function requireTarget(context: RightsContext, name: TableName): Promise<IcebergTable> {
  const target = await requireReadable(context, name)
  if (target.kind === 'hive') throw namedError('NOT_SUPPORTED', 'Modifying Hive table rows is not supported')
  requireWritable(context, target)
  return target
}

/** The same for a statement whose tables only Trino's plan tells. */
export async function requirePlannedRights(
  context: RightsContext,
  { inputs, output }: PlannedTables,
): Promise<IcebergTable | undefined> {
  const place = { line: 1, column: 1 }
  for (const parts of inputs) await requireReadable(context, { parts, place })
  return output && requireTarget(context, { parts: output, place })
}

/**
 * The same for OPTIMIZE, which reads and writes the table, and for VACUUM, which deletes below it.
 *
 * @returns the table.
 */
export async function requireMaintenanceRights(
  context: RightsContext,
  { kind, parts, place }: Maintenance,
): Promise<IcebergTable> {
  const table = await requireReadable(context, { parts, place })
  if (table.kind === 'hive') throw namedError('NOT_SUPPORTED', `${kind} of anything but an Iceberg table`)
  requireWritable(context, table)
  if (kind === 'vacuum') requireDeletable(context, table)
  return table
}

async function requireReadable(context: RightsContext, name: TableName): Promise<IcebergTable | HiveTable> {
  const files = openTableFiles(context.store, context.caller)
  const catalog = openTableCatalog(context.catalog, files, context)
  const table = await catalog.read(splitMetadataName(name.parts).parts, name.place)
  if (table.kind !== 'hive' && table.kind !== 'iceberg') throw onlyOnDuckDb('information_schema')
  if (table.kind === 'hive') {
    await readFolder(context, table.location)
    return table
  }
  const snapshot = await loadSnapshot(files, currentSnapshot(table.metadata))
  for (const { file } of [...snapshot.data, ...snapshot.positionDeletes]) await files.locate(file.filePath)
  return table
}

/** What Trino would do under its own identity beyond the rights that can be asked here. */
function onlyOnDuckDb(what: string): Error {
  return namedError('NOT_SUPPORTED', `${what} on this engine of the stand-in: start it with --engine duckdb`)
}

async function readFolder({ store, caller }: RightsContext, location: string): Promise<void> {
  const place = parseS3Uri(location)
  if (!place) throw namedError('HIVE_BAD_DATA', `Not an S3 location: ${location}`)
  for (const object of await store.list(caller, place.bucket, place.key)) {
    await store.get(caller, place.bucket, object.key)
  }
}

/** Where Trino puts a table's objects. */
const WRITTEN_FOLDERS = ['data', 'metadata']

/** Asks for writing into the table's folder and for switching its entry. */
function requireWritable({ authorizer, caller }: RightsContext, table: IcebergTable): void {
  const { bucket, prefix } = folderOf(table)
  const folders = WRITTEN_FOLDERS.map(folder => s3Arn(caller.region, bucket, `${prefix}${folder}/*`))
  authorizer.authorize(caller, 's3:PutObject', folders)
  const entry = ['catalog', `database/${table.database}`, `table/${table.database}/${table.name}`]
  authorizer.authorize(
    caller,
    'glue:UpdateTable',
    entry.map(resource => glueArn(caller.region, caller.accountId, resource)),
  )
}

/** Asks for looking through the table's folder and for deleting in it. */
function requireDeletable({ authorizer, caller }: RightsContext, table: IcebergTable): void {
  const { bucket, prefix } = folderOf(table)
  authorizer.authorize(caller, 's3:ListBucket', [s3Arn(caller.region, bucket)])
  const folders = WRITTEN_FOLDERS.map(folder => s3Arn(caller.region, bucket, `${prefix}${folder}/*`))
  authorizer.authorize(caller, 's3:DeleteObject', folders)
}

function folderOf({ metadata: { location } }: IcebergTable): {
  readonly bucket: string
  readonly prefix: string
} {
  const place = parseS3Uri(location)
  if (!place) throw namedError('ICEBERG_FILESYSTEM_ERROR', `Not an S3 location: ${location}`)
  return { bucket: place.bucket, prefix: `${place.key.replace(/\/+$/, '')}/` }
}
