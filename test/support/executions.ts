import { Athena, paginateListQueryExecutions } from '@aws-sdk/client-athena'
import { z } from 'zod'
import type { Customer } from './customer.ts'
import type { TestStandIn } from './stand-in.ts'

/** All that Athena ever ran in a workgroup. */
export interface Executions {
  /** How often each MERGE SUCCEEDED, by its text; 0 for those that never did. */
  merges(): Promise<ReadonlyMap<string, number>>
}

const ALL_OF_ATHENA = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'athena:*', Resource: '*' }],
}

const keysSchema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })

/** Opens them for a user of their own, who may see everybody's. */
export async function openExecutions(
  standIn: Pick<TestStandIn, 'url' | 'admin'>,
  { accountId, region, workgroup }: Customer,
): Promise<Executions> {
  const made = await standIn.admin('PUT', `users/${accountId}/looker`, { policies: { all: ALL_OF_ATHENA } })
  const client = new Athena({ region, endpoint: standIn.url, credentials: keysSchema.parse(made) })
  return { merges: () => mergesOf(client, workgroup) }
}

async function mergesOf(client: Athena, WorkGroup: string): Promise<ReadonlyMap<string, number>> {
  const succeeded = new Map<string, number>()
  const pages = paginateListQueryExecutions({ client, pageSize: 50 }, { WorkGroup })
  for await (const { QueryExecutionIds = [] } of pages) {
    if (QueryExecutionIds.length === 0) continue
    const { QueryExecutions = [] } = await client.batchGetQueryExecution({ QueryExecutionIds })
    for (const { Query = '', Status } of QueryExecutions)
      if (Query.startsWith('MERGE'))
        succeeded.set(Query, (succeeded.get(Query) ?? 0) + (Status?.State === 'SUCCEEDED' ? 1 : 0))
  }
  return succeeded
}
