import { glueArn } from '../iam/arn.ts'
import type { DetailedAuthorizer } from '../iam/authorizer.ts'
import { AwsError, type Caller } from '../services.ts'
import { entityNotFound } from './errors.ts'
import {
  type CatalogScope,
  type DatabaseRecord,
  type GlueStore,
  recordKey,
  type TableRecord,
} from './store.ts'

/** What Glue's operations work with. */
export interface GlueDeps {
  readonly store: GlueStore
  readonly authorizer: DetailedAuthorizer
}

/** One caller in one catalog. */
export interface GlueContext extends GlueDeps {
  readonly caller: Caller
  readonly scope: CatalogScope
}

/** The context of a request; a `CatalogId` other than the caller's names another account's catalog. */
export function glueContext(deps: GlueDeps, caller: Caller, catalogId: string | undefined): GlueContext {
  const scope = { catalogId: catalogId ?? caller.accountId, region: caller.region }
  if (scope.catalogId === caller.accountId) deps.store.ensureCatalog(scope)
  return { ...deps, caller, scope }
}

/** Authorises on a resource such as `table/x/y` and on all that it lies in: its database and the catalog. */
export function authorizeGlue(
  context: GlueContext,
  action: string,
  names: { readonly database?: string; readonly table?: string; readonly alsoFunctions?: 'all' },
): void {
  const { database, table, alsoFunctions } = names
  const resources = ['catalog']
  if (database !== undefined) resources.push(`database/${database}`)
  if (database !== undefined && table !== undefined) resources.push(`table/${database}/${table}`)
  if (database !== undefined && alsoFunctions === 'all') resources.push(`userDefinedFunction/${database}/*`)
  const { region, catalogId } = context.scope
  const arns = resources.map(resource => glueArn(region, catalogId, resource))
  context.authorizer.authorize(context.caller, `glue:${action}`, arns, { ownerAccountId: catalogId })
  if (database !== undefined) requireLakeFormation(context, database, action)
}

/** What Lake Formation calls the rights that Glue's writing actions need; reading ones need `Describe`. */
const LAKE_FORMATION_RIGHTS: Readonly<Record<string, string>> = {
  CreateTable: 'Create Table',
  UpdateTable: 'Alter',
  DeleteTable: 'Drop',
}

/** In a database that Lake Formation governs, IAM's rights are not enough. */
function requireLakeFormation(context: GlueContext, database: string, action: string): void {
  const grantedTo = context.store.governed.get(recordKey(context.scope, database))
  if (grantedTo === undefined || grantedTo.includes(context.authorizer.identityArn(context.caller))) return
  const right = LAKE_FORMATION_RIGHTS[action] ?? 'Describe'
  const message = `Insufficient Lake Formation permission(s): Required ${right} on ${database}`
  throw new AwsError('AccessDeniedException', 400, message)
}

/** The database of that (folded) name. @throws {AwsError} `EntityNotFoundException`. */
export function requireDatabase(context: GlueContext, name: string): DatabaseRecord {
  const database = context.store.databases.get(recordKey(context.scope, name))
  if (!database) throw entityNotFound(`Database ${name} not found.`)
  return database
}

/** The table of that (folded) name. @throws {AwsError} `EntityNotFoundException`. */
export function requireTable(context: GlueContext, database: string, name: string): TableRecord {
  requireDatabase(context, database)
  const table = context.store.tables.get(recordKey(context.scope, database, name))
  if (!table) throw entityNotFound(`Table ${name} not found.`)
  return table
}
