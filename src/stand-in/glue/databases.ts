import { authorizeGlue, type GlueContext, requireDatabase } from './access.ts'
import { alreadyExists, invalidInput } from './errors.ts'
import type { DatabaseInput } from './inputs.ts'
import { type DatabaseRecord, epochSeconds, recordKey, recordsUnder } from './store.ts'
import { removeTable } from './tables.ts'

/** GetDatabase. */
export function getDatabase(context: GlueContext, name: string): DatabaseRecord {
  authorizeGlue(context, 'GetDatabase', { database: name })
  return requireDatabase(context, name)
}

/** GetDatabases, by name. Authorised on the catalog. */
export function getDatabases(context: GlueContext): readonly DatabaseRecord[] {
  authorizeGlue(context, 'GetDatabases', {})
  return recordsUnder(context.store.databases, context.scope).map(([, database]) => database)
}

/** CreateDatabase. @throws {AwsError} `AlreadyExistsException`. */
export async function createDatabase(context: GlueContext, input: DatabaseInput): Promise<void> {
  authorizeGlue(context, 'CreateDatabase', { database: input.Name })
  const key = recordKey(context.scope, input.Name)
  if (context.store.databases.has(key)) throw alreadyExists('Database')
  await context.store.databases.set(key, {
    ...input,
    CreateTime: epochSeconds(),
    CatalogId: context.scope.catalogId,
  })
}

/** UpdateDatabase replaces all but the name; AWS renames, the stand-in does not. */
export async function updateDatabase(
  context: GlueContext,
  name: string,
  input: DatabaseInput,
): Promise<void> {
  authorizeGlue(context, 'UpdateDatabase', { database: name })
  const current = requireDatabase(context, name)
  if (input.Name !== name) throw invalidInput('Renaming a database is not supported (local stand-in).')
  const { CreateTime, CatalogId } = current
  await context.store.databases.set(recordKey(context.scope, name), { ...input, CreateTime, CatalogId })
}

/** DeleteDatabase, with its tables; the objects stay. */
export async function deleteDatabase(context: GlueContext, name: string): Promise<void> {
  authorizeGlue(context, 'DeleteDatabase', { database: name, table: '*', alsoFunctions: 'all' })
  requireDatabase(context, name)
  const tables = recordsUnder(context.store.tables, context.scope, name)
  await context.store.databases.delete(recordKey(context.scope, name))
  await Promise.all(tables.map(([, table]) => removeTable(context, name, table.Name)))
}
