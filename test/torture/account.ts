import { paginateGetTables } from '@aws-sdk/client-glue'
import { paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { type AthenaUser, createAthenaUser } from '../support/athena-user.ts'
import type { Customer } from '../support/customer.ts'
import { type Executions, openExecutions } from '../support/executions.ts'
import type { RowTexts } from '../support/load-problems.ts'
import type { TestStandIn } from '../support/stand-in.ts'

/** A destination's account, as its owner sees it; straight to the stand-in, by no lane. */
export interface Account {
  /** Of the destination. */
  readonly name: string
  readonly roleName: string
  /** id, value and batch of all rows of a table, by one SELECT. Fails with Athena's reason. */
  rowsOf(table: string): Promise<readonly RowTexts[]>
  readonly merges: Executions['merges']
  /** Names of all tables, staging tables and shadow tables included. */
  tables(): Promise<readonly string[]>
  /** Keys below a folder of the schema. */
  keysBelow(folder: string): Promise<readonly string[]>
}

/** Opens it for a reader with the contract's rights, and one who sees the executions of everybody. */
export async function openAccount(standIn: TestStandIn, customer: Customer, name: string): Promise<Account> {
  const { roleName, schema, bucket } = customer
  const user = await createAthenaUser(standIn, customer)
  const executions = await openExecutions(standIn, customer)
  return {
    name,
    roleName,
    rowsOf: table => user.sql(`SELECT id, value, batch FROM "${schema}"."${table}"`),
    merges: executions.merges,
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

async function tablesOf({ glue }: AthenaUser, schema: string): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { TableList = [] } of paginateGetTables({ client: glue }, { DatabaseName: schema }))
    names.push(...TableList.map(({ Name = '' }) => Name))
  return names
}
