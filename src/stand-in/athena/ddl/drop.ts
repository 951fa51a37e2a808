import { AwsError } from '../../services.ts'
import { errorAt, QueryError } from '../query-error.ts'
import { parseS3Uri } from '../s3-uri.ts'
import type { DdlStatement } from '../sql/ddl.ts'
import { isIceberg, splitName } from '../table-catalog.ts'
import { type DdlContext, type DdlResult, NOTHING } from './ddl-context.ts'
import { getGlueTable } from './get-glue-table.ts'

/** Runs DROP TABLE: an Iceberg table loses its data too, any other just its entry. */
export async function dropTable(
  context: DdlContext,
  drop: Extract<DdlStatement, { kind: 'dropTable' }>,
): Promise<DdlResult> {
  const [database, name] = splitName(drop.parts, context.database, drop.place)
  try {
    const glue = await getGlueTable(context, database, name, drop.place)
    await context.catalog.deleteTable(context.caller, database, name)
    if (isIceberg(glue)) await deleteFolder(context, glue.StorageDescriptor?.Location)
  } catch (error) {
    if (drop.ifExists && error instanceof QueryError && error.code === 'TABLE_NOT_FOUND') return NOTHING
    throw error
  }
  return NOTHING
}

async function deleteFolder(context: DdlContext, location: string | undefined): Promise<void> {
  const place = location === undefined ? undefined : parseS3Uri(location)
  if (!place || place.key === '') return
  const prefix = `${place.key.replace(/\/+$/, '')}/`
  for (const object of await context.store.list(context.caller, place.bucket, prefix)) {
    await context.store.delete(context.caller, place.bucket, object.key)
  }
}

/** Runs DROP DATABASE; without CASCADE a database with tables stays. */
export async function dropDatabase(
  context: DdlContext,
  drop: Extract<DdlStatement, { kind: 'dropDatabase' }>,
): Promise<DdlResult> {
  const place = { line: 1, column: 1 }
  try {
    await context.catalog.getDatabase(context.caller, drop.name)
    const tables = await context.catalog.getTables(context.caller, drop.name)
    if (tables.length > 0 && !drop.cascade) {
      throw errorAt('NOT_SUPPORTED', place, `Cannot drop non-empty schema '${drop.name}'`)
    }
    await context.catalog.deleteDatabase(context.caller, drop.name)
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'EntityNotFoundException') throw error
    if (!drop.ifExists) throw errorAt('SCHEMA_NOT_FOUND', place, `Schema '${drop.name}' does not exist`)
  }
  return NOTHING
}
