import { type GluePort, type GlueTable, isNotFound } from './glue-port.ts'
import { STAGING_PREFIX, TARGET_PARAMETER } from './staging-table.ts'

/** A staging table that is there: some load may still read it. */
export interface OpenStagingTable {
  readonly name: string
  /** Undefined when the catalog does not tell. */
  readonly createdAt: Date | undefined
}

/** The staging tables of loads into a target, whoever made them. None where there is no database. */
export async function openStagingTables(
  glue: Pick<GluePort, 'getTables'>,
  database: string,
  target: string,
): Promise<readonly OpenStagingTable[]> {
  const found: OpenStagingTable[] = []
  let token: string | undefined
  do {
    const page = await pageOf(glue, database, token)
    for (const { Name = '', Parameters, CreateTime } of page.TableList ?? [])
      if (Parameters?.[TARGET_PARAMETER] === target) found.push({ name: Name, createdAt: CreateTime })
    token = page.NextToken
  } while (token !== undefined)
  return found
}

async function pageOf(
  glue: Pick<GluePort, 'getTables'>,
  DatabaseName: string,
  token: string | undefined,
): Promise<{ readonly TableList?: GlueTable[] | undefined; readonly NextToken?: string | undefined }> {
  const page = token === undefined ? {} : { NextToken: token }
  try {
    return await glue.getTables({ DatabaseName, Expression: `${STAGING_PREFIX}.*`, ...page })
  } catch (thrown) {
    if (isNotFound(thrown)) return {}
    throw thrown
  }
}
