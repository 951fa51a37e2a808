import { z } from 'zod'
import type { Caller } from '../services.ts'
import { authorizeGlue, type GlueContext, type GlueDeps, glueContext, requireDatabase } from './access.ts'
import { createDatabase, deleteDatabase, getDatabase, getDatabases, updateDatabase } from './databases.ts'
import { catalogIdSchema, databaseInputSchema, foldedName, pageSchema, tableInputSchema } from './inputs.ts'
import { cutPage } from './paging.ts'
import { readInput } from './read-input.ts'
import { batchDeleteTable, createTable, deleteTable, getTable, getTables, updateTable } from './tables.ts'
import { deleteTableVersion, getTableVersion, getTableVersions } from './versions.ts'

/** One operation: validates its body and does it. */
export type GlueOperation = (deps: GlueDeps, caller: Caller, body: unknown) => Promise<unknown>

/** Makes an operation of a schema for the body (without `CatalogId`) and what to do with it. */
export function operation<Shape extends z.ZodRawShape>(
  shape: Shape,
  run: (context: GlueContext, input: z.output<z.ZodObject<Shape>>) => unknown,
): GlueOperation {
  const schema = z.object(shape)
  const catalogSchema = z.object({ CatalogId: catalogIdSchema })
  return async (deps, caller, body) => {
    const { CatalogId } = readInput(catalogSchema, body)
    return (await run(glueContext(deps, caller, CatalogId), readInput(schema, body))) ?? {}
  }
}

const inDatabase = { DatabaseName: foldedName }

const ofTable = { ...inDatabase, TableName: foldedName }

/** Operations on databases, tables and versions of tables. */
export const CATALOG_OPERATIONS: Readonly<Record<string, GlueOperation>> = {
  GetDatabase: operation({ Name: foldedName }, (context, input) => ({
    Database: getDatabase(context, input.Name),
  })),
  GetDatabases: operation(pageSchema, (context, input) => {
    const page = cutPage(getDatabases(context), input)
    return { DatabaseList: page.items, ...page.next }
  }),
  CreateDatabase: operation({ DatabaseInput: databaseInputSchema }, (context, input) =>
    createDatabase(context, input.DatabaseInput),
  ),
  UpdateDatabase: operation({ Name: foldedName, DatabaseInput: databaseInputSchema }, (context, input) =>
    updateDatabase(context, input.Name, input.DatabaseInput),
  ),
  DeleteDatabase: operation({ Name: foldedName }, (context, input) => deleteDatabase(context, input.Name)),
  GetTable: operation({ ...inDatabase, Name: foldedName }, (context, input) => ({
    Table: getTable(context, input.DatabaseName, input.Name),
  })),
  GetTables: operation(
    { ...inDatabase, ...pageSchema, Expression: z.string().max(2048).exactOptional() },
    (context, input) => {
      const page = cutPage(getTables(context, input.DatabaseName, input.Expression), input)
      return { TableList: page.items, ...page.next }
    },
  ),
  CreateTable: operation({ ...inDatabase, TableInput: tableInputSchema }, (context, input) =>
    createTable(context, input.DatabaseName, input.TableInput),
  ),
  UpdateTable: operation(
    {
      ...inDatabase,
      TableInput: tableInputSchema,
      VersionId: z.string().exactOptional(),
      SkipArchive: z.boolean().default(false),
    },
    (context, input) =>
      updateTable(context, input.DatabaseName, input.TableInput, {
        skipArchive: input.SkipArchive,
        ...(input.VersionId !== undefined && { versionId: input.VersionId }),
      }),
  ),
  DeleteTable: operation({ ...inDatabase, Name: foldedName }, (context, input) =>
    deleteTable(context, input.DatabaseName, input.Name),
  ),
  BatchDeleteTable: operation(
    { ...inDatabase, TablesToDelete: z.array(foldedName).max(100) },
    (context, input) => batchDeleteTable(context, input.DatabaseName, input.TablesToDelete),
  ),
  GetTableVersions: operation({ ...ofTable, ...pageSchema }, (context, input) => {
    const page = cutPage(getTableVersions(context, input.DatabaseName, input.TableName), input)
    return { TableVersions: page.items.map(toVersion), ...page.next }
  }),
  GetTableVersion: operation({ ...ofTable, VersionId: z.string().exactOptional() }, (context, input) => ({
    TableVersion: toVersion(getTableVersion(context, input.DatabaseName, input.TableName, input.VersionId)),
  })),
  DeleteTableVersion: operation({ ...ofTable, VersionId: z.string() }, (context, input) =>
    deleteTableVersion(context, input.DatabaseName, input.TableName, input.VersionId),
  ),
  GetUserDefinedFunctions: operation({ ...inDatabase, Pattern: z.string() }, (context, input) => {
    authorizeGlue(context, 'GetUserDefinedFunctions', { database: input.DatabaseName, alsoFunctions: 'all' })
    requireDatabase(context, input.DatabaseName)
    return { UserDefinedFunctions: [] }
  }),
}

function toVersion(table: { readonly VersionId: string }): unknown {
  return { Table: table, VersionId: table.VersionId }
}
