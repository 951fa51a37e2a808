import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import {
  type Authorizer,
  AwsError,
  type Caller,
  type Catalog,
  type GlueColumn,
  type GlueTable,
} from '../../services.ts'
import { dataCatalogArn } from './athena-arn.ts'
import { invalidRequest, readBody } from './invalid-request.ts'
import { listPageSchema, pageOf } from './paging.ts'
import type { Action } from './query-actions.ts'

const CATALOG = 'AwsDataCatalog'

const catalogSchema = listPageSchema.extend({ CatalogName: z.string() })
const databaseSchema = catalogSchema.extend({ DatabaseName: z.string() })
const tablesSchema = databaseSchema.extend({ Expression: z.string().optional() })
const tableSchema = databaseSchema.extend({ TableName: z.string() })

/** The actions that show Glue's metadata through Athena, by name; they need Athena's right on the data catalog and Glue's too. */
export function catalogActions(deps: {
  readonly authorizer: Authorizer
  readonly catalog: Catalog
}): Readonly<Record<string, Action>> {
  const allow = (caller: Caller, action: string, catalog: string): void => {
    deps.authorizer.authorize(caller, `athena:${action}`, [dataCatalogArn(caller, catalog)])
    if (catalog.toLowerCase() === CATALOG.toLowerCase()) return
    throw invalidRequest(`Data catalog ${catalog} was not found`)
  }
  const { catalog } = deps
  return {
    GetDataCatalog: async (body, caller) => {
      const { Name: name } = readBody(z.looseObject({ Name: z.string() }), body)
      allow(caller, 'GetDataCatalog', name)
      return { DataCatalog: { Name: CATALOG, Type: 'GLUE', Parameters: { 'catalog-id': caller.accountId } } }
    },
    ListDataCatalogs: async (_body, caller) => {
      allow(caller, 'ListDataCatalogs', CATALOG)
      return { DataCatalogsSummary: [{ CatalogName: CATALOG, Type: 'GLUE' }] }
    },
    GetDatabase: async (body, caller) => {
      const request = readBody(databaseSchema, body)
      allow(caller, 'GetDatabase', request.CatalogName)
      const found = await metadata(catalog.getDatabase(caller, request.DatabaseName.toLowerCase()))
      return { Database: { Name: found.Name, ...described(found.Description) } }
    },
    ListDatabases: async (body, caller) => {
      const request = readBody(catalogSchema, body)
      allow(caller, 'ListDatabases', request.CatalogName)
      const { items, next } = pageOf(await metadata(catalog.getDatabases(caller)), request)
      return { DatabaseList: items.map(one => ({ Name: one.Name, ...described(one.Description) })), ...next }
    },
    GetTableMetadata: async (body, caller) => {
      const request = readBody(tableSchema, body)
      allow(caller, 'GetTableMetadata', request.CatalogName)
      const names = [request.DatabaseName.toLowerCase(), request.TableName.toLowerCase()] as const
      return { TableMetadata: describeTable(await metadata(catalog.getTable(caller, ...names))) }
    },
    ListTableMetadata: async (body, caller) => {
      const request = readBody(tablesSchema, body)
      allow(caller, 'ListTableMetadata', request.CatalogName)
      const expression = new RegExp(request.Expression ?? '', 'i')
      const tables = await metadata(catalog.getTables(caller, request.DatabaseName.toLowerCase()))
      const { items, next } = pageOf(
        tables.filter(table => expression.test(table.Name)),
        request,
      )
      return { TableMetadataList: items.map(describeTable), ...next }
    },
  }
}

/** What Glue does not have is a MetadataException here, with Glue's own code inside its message: clients look for that. */
async function metadata<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'EntityNotFoundException') throw error
    const details = `Service: AmazonDataCatalog; Status Code: 400; Error Code: ${error.code}; Request ID: ${randomUUID()}; Proxy: null`
    throw new AwsError('MetadataException', 400, `${error.message} (${details})`)
  }
}

function described(description: string | undefined): object {
  return description === undefined ? {} : { Description: description }
}

function describeTable(table: GlueTable): object {
  return {
    Name: table.Name,
    ...(table.TableType === undefined ? {} : { TableType: table.TableType }),
    Columns: (table.StorageDescriptor?.Columns ?? []).map(describeColumn),
    PartitionKeys: (table.PartitionKeys ?? []).map(describeColumn),
    Parameters: table.Parameters ?? {},
  }
}

function describeColumn(column: GlueColumn): object {
  return {
    Name: column.Name,
    Type: column.Type ?? '',
    ...(column.Comment === undefined ? {} : { Comment: column.Comment }),
  }
}
