import { AwsError } from '../../services.ts'
import { errorAt } from '../query-error.ts'
import type { DdlStatement } from '../sql/ddl.ts'
import { alterTable } from './alter-table.ts'
import { createTable } from './create-table.ts'
import { type DdlContext, type DdlResult, NOTHING } from './ddl-context.ts'
import { dropDatabase, dropTable } from './drop.ts'
import {
  describeTable,
  showColumns,
  showCreateTable,
  showDatabases,
  showProperties,
  showTables,
} from './show.ts'

/** Runs a DDL or utility statement on Glue and S3 alone. */
export function runDdl(context: DdlContext, statement: DdlStatement): Promise<DdlResult> {
  switch (statement.kind) {
    case 'createTable':
      return createTable(context, statement)
    case 'createDatabase':
      return createDatabase(context, statement)
    case 'dropDatabase':
      return dropDatabase(context, statement)
    case 'dropTable':
      return dropTable(context, statement)
    case 'addColumns':
    case 'dropColumn':
    case 'changeColumn':
      return alterTable(context, statement)
    case 'describe':
      return describeTable(context, statement)
    case 'showColumns':
      return showColumns(context, statement)
    case 'showCreateTable':
      return showCreateTable(context, statement)
    case 'showProperties':
      return showProperties(context, statement)
    case 'showTables':
      return showTables(context, statement)
    case 'showDatabases':
      return showDatabases(context, statement)
  }
}

async function createDatabase(
  context: DdlContext,
  create: Extract<DdlStatement, { kind: 'createDatabase' }>,
): Promise<DdlResult> {
  const description = create.comment === undefined ? {} : { Description: create.comment }
  try {
    await context.catalog.createDatabase(context.caller, { Name: create.name, ...description })
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'AlreadyExistsException') throw error
    if (!create.ifNotExists) {
      const place = { line: 1, column: 1 }
      throw errorAt('TABLE_ALREADY_EXISTS', place, `Schema '${create.name}' already exists`)
    }
  }
  return NOTHING
}
