import { authorizeGlue, type GlueContext, requireDatabase, requireTable } from './access.ts'
import { alreadyExists, concurrentModification, entityNotFound, invalidInput } from './errors.ts'
import type { TableInput } from './inputs.ts'
import { epochSeconds, recordKey, recordsUnder, type TableRecord } from './store.ts'

/** GetTable. */
export function getTable(context: GlueContext, database: string, name: string): TableRecord {
  authorizeGlue(context, 'GetTable', { database, table: name })
  return requireTable(context, database, name)
}

/** GetTables, by name; `expression` is a regular expression that the whole name must fit. */
export function getTables(
  context: GlueContext,
  database: string,
  expression?: string,
): readonly TableRecord[] {
  authorizeGlue(context, 'GetTables', { database, table: '*' })
  requireDatabase(context, database)
  const fits = expression === undefined || expression === '' ? undefined : compileExpression(expression)
  return recordsUnder(context.store.tables, context.scope, database)
    .map(([, table]) => table)
    .filter(table => fits?.test(table.Name) ?? true)
}

function compileExpression(expression: string): RegExp {
  try {
    return new RegExp(`^(?:${expression})$`, 'iu')
  } catch {
    throw invalidInput(`Invalid expression: ${expression}`)
  }
}

/** CreateTable: the first version is "0". @throws {AwsError} `AlreadyExistsException`. */
export async function createTable(context: GlueContext, database: string, input: TableInput): Promise<void> {
  authorizeGlue(context, 'CreateTable', { database, table: input.Name })
  requireDatabase(context, database)
  const key = recordKey(context.scope, database, input.Name)
  if (context.store.tables.has(key)) throw alreadyExists('Table')
  const now = epochSeconds()
  await context.store.tables.set(key, {
    ...input,
    DatabaseName: database,
    VersionId: '0',
    CreateTime: now,
    UpdateTime: now,
    CreatedBy: context.caller.arn,
    CatalogId: context.scope.catalogId,
    IsRegisteredWithLakeFormation: false,
  })
}

/** What UpdateTable says beside the new entry. */
export interface UpdateOptions {
  /** The version that the update builds on; without it the last writer wins. */
  readonly versionId?: string
  /** True: the replaced version is not kept. */
  readonly skipArchive: boolean
}

/**
 * UpdateTable replaces the whole entry: what the input leaves out is gone. The version goes up by one.
 * @throws {AwsError} `ConcurrentModificationException` for a version that is not the current one.
 */
export async function updateTable(
  context: GlueContext,
  database: string,
  input: TableInput,
  options: UpdateOptions,
): Promise<void> {
  authorizeGlue(context, 'UpdateTable', { database, table: input.Name })
  const current = requireTable(context, database, input.Name)
  if (options.versionId !== undefined && options.versionId !== current.VersionId)
    throw concurrentModification()
  const { CreateTime, CreatedBy, CatalogId, DatabaseName, IsRegisteredWithLakeFormation } = current
  const updated: TableRecord = {
    ...input,
    DatabaseName,
    VersionId: String(Number(current.VersionId) + 1),
    CreateTime,
    UpdateTime: epochSeconds(),
    CreatedBy,
    CatalogId,
    IsRegisteredWithLakeFormation,
  }
  const names = [database, input.Name] as const
  const saved = context.store.tables.set(recordKey(context.scope, ...names), updated)
  if (!options.skipArchive)
    await context.store.versions.set(recordKey(context.scope, ...names, current.VersionId), current)
  await saved
}

/** DeleteTable: the entry with its versions, partitions and statistics; the objects stay. */
export async function deleteTable(context: GlueContext, database: string, name: string): Promise<void> {
  authorizeGlue(context, 'DeleteTable', { database, table: name })
  requireTable(context, database, name)
  await removeTable(context, database, name)
}

/** BatchDeleteTable: authorised as itself, table by table; a missing one is reported, not thrown. */
export async function batchDeleteTable(
  context: GlueContext,
  database: string,
  names: readonly string[],
): Promise<{ Errors: unknown[] }> {
  for (const name of names) authorizeGlue(context, 'BatchDeleteTable', { database, table: name })
  requireDatabase(context, database)
  const errors: unknown[] = []
  for (const name of names) {
    if (context.store.tables.has(recordKey(context.scope, database, name))) {
      await removeTable(context, database, name)
      continue
    }
    const { code, message } = entityNotFound(`Table ${name} not found.`)
    errors.push({ TableName: name, ErrorDetail: { ErrorCode: code, ErrorMessage: message } })
  }
  return { Errors: errors }
}

/** Removes a table and all that hangs on it, without asking who calls. */
export async function removeTable(context: GlueContext, database: string, name: string): Promise<void> {
  const { store, scope } = context
  await store.tables.delete(recordKey(scope, database, name))
  for (const log of [store.versions, store.partitions, store.statistics]) {
    const hanging = recordsUnder<unknown>(log, scope, database, name)
    await Promise.all(hanging.map(([key]) => log.delete(key)))
  }
}
