import { AwsError, type GlueTable } from '../../services.ts'
import { errorAt, type Place } from '../query-error.ts'
import { CATALOG_NAME } from '../table-catalog.ts'
import type { DdlContext } from './ddl-context.ts'

/** @throws {QueryError} `TABLE_NOT_FOUND` at the table's place in the statement. */
export async function getGlueTable(
  context: DdlContext,
  database: string,
  name: string,
  place: Place,
): Promise<GlueTable> {
  try {
    return await context.catalog.getTable(context.caller, database, name)
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'EntityNotFoundException') throw error
    throw errorAt('TABLE_NOT_FOUND', place, `Table '${CATALOG_NAME}.${database}.${name}' does not exist`)
  }
}
