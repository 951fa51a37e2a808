import { setTimeout as sleep } from 'node:timers/promises'
import { Athena, paginateGetQueryResults } from '@aws-sdk/client-athena'
import { Glue } from '@aws-sdk/client-glue'
import { S3 } from '@aws-sdk/client-s3'
import type { Customer } from './customer.ts'
import type { TestStandIn } from './stand-in.ts'

/** The customer himself at work in his account: Athena, Glue and S3 with keys of his own. */
export interface AthenaUser {
  readonly glue: Glue
  readonly s3: S3
  /** Runs a statement in the schema's database; rows of a SELECT, without the header. Fails with Athena's reason. */
  sql(text: string): Promise<readonly (readonly (string | null)[])[]>
}

/** Makes a user with the contract's policy. */
export async function createAthenaUser(
  standIn: Pick<TestStandIn, 'url'>,
  customer: Customer,
): Promise<AthenaUser> {
  const credentials = await customer.createUser('somebody')
  const common = { region: customer.region, endpoint: standIn.url, credentials }
  const athena = new Athena(common)
  return {
    glue: new Glue(common),
    s3: new S3({ ...common, forcePathStyle: true }),
    async sql(text) {
      const { QueryExecutionId } = await athena.startQueryExecution({
        QueryString: text,
        QueryExecutionContext: { Database: customer.schema },
        ResultConfiguration: { OutputLocation: `s3://${customer.bucket}/${customer.database}/mine/` },
      })
      await untilSucceeded(athena, QueryExecutionId)
      if (!/^\s*SELECT/i.test(text)) return []
      return readRows(athena, QueryExecutionId)
    },
  }
}

/** All pages; the first row of the first is the header. */
async function readRows(
  client: Athena,
  QueryExecutionId: string | undefined,
): Promise<readonly (readonly (string | null)[])[]> {
  const rows: (readonly (string | null)[])[] = []
  for await (const { ResultSet } of paginateGetQueryResults({ client }, { QueryExecutionId })) {
    for (const { Data = [] } of ResultSet?.Rows ?? []) rows.push(Data.map(cell => cell.VarCharValue ?? null))
  }
  return rows.slice(1)
}

/** First and longest wait between two looks at a query, in milliseconds. */
const POLL_MS = { first: 20, longest: 320 }

async function untilSucceeded(athena: Athena, id: string | undefined): Promise<void> {
  for (let waitMs: number = POLL_MS.first; ; waitMs = Math.min(waitMs * 2, POLL_MS.longest)) {
    const { QueryExecution } = await athena.getQueryExecution({ QueryExecutionId: id })
    const { State, StateChangeReason } = QueryExecution?.Status ?? {}
    if (State === 'SUCCEEDED') return
    if (State === 'FAILED' || State === 'CANCELLED') throw new Error(StateChangeReason)
    await sleep(waitMs)
  }
}
