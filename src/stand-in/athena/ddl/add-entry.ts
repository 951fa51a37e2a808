import { AwsError, type GlueTableInput } from '../../services.ts'
import { errorAt } from '../query-error.ts'
import type { CreateTable } from '../sql/ddl.ts'
import type { DdlContext } from './ddl-context.ts'

/** Adds the entry; a concurrent creation counts as existing. */
export async function addEntry(
  context: Pick<DdlContext, 'catalog' | 'caller'>,
  create: Pick<CreateTable, 'ifNotExists' | 'place'>,
  database: string,
  input: GlueTableInput,
): Promise<void> {
  try {
    await context.catalog.createTable(context.caller, database, input)
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'AlreadyExistsException') throw error
    if (create.ifNotExists) return
    throw errorAt('TABLE_ALREADY_EXISTS', create.place, `Table '${database}.${input.Name}' already exists`)
  }
}
