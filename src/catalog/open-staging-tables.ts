import type { GluePort } from './glue-port.ts'
import { listTables } from './list-tables.ts'
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
  for await (const table of listTables(glue, database, `${STAGING_PREFIX}.*`)) {
    const { Name = '', Parameters, CreateTime } = table
    if (Parameters?.[TARGET_PARAMETER] === target) found.push({ name: Name, createdAt: CreateTime })
  }
  return found
}
