import { Athena, paginateListQueryExecutions } from '@aws-sdk/client-athena'
import { paginateGetTables } from '@aws-sdk/client-glue'
import { paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { type AthenaUser, createAthenaUser } from '../support/athena-user.ts'
import type { Customer } from '../support/customer.ts'
import type { RowTexts } from '../support/load-problems.ts'
import type { TestStandIn } from '../support/stand-in.ts'

/** A destination's account, as its owner sees it; straight to the stand-in, by no lane. */
export interface Account {
  /** Of the destination. */
  readonly name: string
  readonly roleName: string
  /** id, value and batch of all rows of a table, by one SELECT. Fails with Athena's reason. */
  rowsOf(table: string): Promise<readonly RowTexts[]>
  /** How often each MERGE that Athena ever took SUCCEEDED, by its text. */
  merges(): Promise<ReadonlyMap<string, number>>
  /** Names of all tables, staging tables and shadow tables included. */
  tables(): Promise<readonly string[]>
  /** Keys below a folder of the schema. */
  keysBelow(folder: string): Promise<readonly string[]>
}

const ALL_OF_ATHENA = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'athena:*', Resource: '*' }],
}

const keysSchema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })

/** Opens it for a reader with the contract's rights, and one who sees the executions of everybody. */
export async function openAccount(standIn: TestStandIn, customer: Customer, name: string): Promise<Account> {
  const { accountId, region, roleName, schema, bucket, workgroup } = customer
  const user = await createAthenaUser(standIn, customer)
  const looker = await standIn.admin('PUT', `users/${accountId}/looker`, { policies: { all: ALL_OF_ATHENA } })
  const athena = new Athena({ region, endpoint: standIn.url, credentials: keysSchema.parse(looker) })
  return {
    name,
    roleName,
    rowsOf: table => user.sql(`SELECT id, value, batch FROM "${schema}"."${table}"`),
    merges: () => mergesOf(athena, workgroup),
    tables: () => tablesOf(user, schema),
    async keysBelow(folder) {
      const keys: string[] = []
      const pages = paginateListObjectsV2(
        { client: user.s3 },
        { Bucket: bucket, Prefix: `${schema}/${folder}` },
      )
      for await (const { Contents = [] } of pages) keys.push(...Contents.map(({ Key = '' }) => Key))
      return keys
    },
  }
}

async function mergesOf(athena: Athena, WorkGroup: string): Promise<ReadonlyMap<string, number>> {
  const succeeded = new Map<string, number>()
  const pages = paginateListQueryExecutions({ client: athena, pageSize: 50 }, { WorkGroup })
  for await (const { QueryExecutionIds = [] } of pages) {
    if (QueryExecutionIds.length === 0) continue
    const { QueryExecutions = [] } = await athena.batchGetQueryExecution({ QueryExecutionIds })
    for (const { Query = '', Status } of QueryExecutions)
      if (Query.startsWith('MERGE'))
        succeeded.set(Query, (succeeded.get(Query) ?? 0) + (Status?.State === 'SUCCEEDED' ? 1 : 0))
  }
  return succeeded
}

async function tablesOf({ glue }: AthenaUser, schema: string): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { TableList = [] } of paginateGetTables({ client: glue }, { DatabaseName: schema }))
    names.push(...TableList.map(({ Name = '' }) => Name))
  return names
}
