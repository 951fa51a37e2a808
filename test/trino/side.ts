import { setTimeout as delay } from 'node:timers/promises'
import { Athena } from '@aws-sdk/client-athena'
import { Glue } from '@aws-sdk/client-glue'
import { S3 } from '@aws-sdk/client-s3'
import { createCustomer } from '../support/customer.ts'
import { type EngineName, startStandIn } from '../support/stand-in.ts'

/** What a statement came to, in the words that both engines must agree on. */
export interface StatementOutcome {
  readonly state: string
  /** The name that the reason begins with, and Athena's number. */
  readonly error?: string
  readonly updateCount?: number
  readonly types: readonly string[]
  /** Rows as texts, in no particular order: each as JSON, sorted. */
  readonly rows: readonly string[]
  /** The whole reason, for whoever reads a report; never compared. */
  readonly reason: string
}

/** One stand-in with one customer, and the statements run as the customer's user. */
export interface Side {
  readonly glue: Glue
  readonly s3: S3
  run(sql: string): Promise<StatementOutcome>
  /** Goes on with the same data in another engine. */
  restart(engine: EngineName): Promise<void>
  stop(): Promise<void>
}

/** The names that both sides share. */
export const PLACE = { accountId: '123456789012', bucket: 'acme-differential', schema: 'acme' } as const

/** Longest time that one statement may take, in milliseconds. */
const STATEMENT_LIMIT_MS = 60_000

/** Starts a side with the database made. */
export async function startSide(engine: EngineName): Promise<Side> {
  const standIn = await startStandIn(engine)
  const customer = await createCustomer(standIn, { ...PLACE, region: 'eu-west-1' })
  const credentials = await customer.createUser('differential')
  const shared = { region: customer.region, endpoint: standIn.url, credentials }
  const glue = new Glue(shared)
  await glue.createDatabase({ DatabaseInput: { Name: PLACE.schema } })
  const athena = new Athena(shared)
  return {
    glue,
    s3: new S3({ ...shared, forcePathStyle: true }),
    run: sql => runStatement(athena, sql),
    restart: other => standIn.restart('SIGTERM', other),
    stop: () => standIn.stop(),
  }
}

async function runStatement(athena: Athena, sql: string): Promise<StatementOutcome> {
  const failed = (name: string, reason: string): StatementOutcome => ({
    state: 'FAILED',
    error: name,
    types: [],
    rows: [],
    reason,
  })
  let id: string | undefined
  try {
    const started = await athena.startQueryExecution({
      QueryString: sql,
      QueryExecutionContext: { Database: PLACE.schema },
      ResultConfiguration: { OutputLocation: `s3://${PLACE.bucket}/results/` },
    })
    id = started.QueryExecutionId
  } catch (error) {
    return failed(error instanceof Error ? error.name : 'unknown', String(error))
  }
  const status = await finish(athena, id)
  if (status?.State !== 'SUCCEEDED') {
    const reason = status?.StateChangeReason ?? ''
    return failed(`${reason.split(':')[0]} ${status?.AthenaError?.ErrorType}`, reason)
  }
  const page = await athena.getQueryResults({ QueryExecutionId: id })
  const rows = (page.ResultSet?.Rows ?? []).map(row =>
    JSON.stringify((row.Data ?? []).map(({ VarCharValue }) => VarCharValue ?? null)),
  )
  return {
    state: 'SUCCEEDED',
    ...(page.UpdateCount === undefined ? {} : { updateCount: page.UpdateCount }),
    types: (page.ResultSet?.ResultSetMetadata?.ColumnInfo ?? []).map(
      ({ Name, Type, Precision, Scale }) => `${Name} ${Type} ${Precision} ${Scale}`,
    ),
    rows: rows.toSorted(),
    reason: '',
  }
}

async function finish(athena: Athena, id: string | undefined) {
  const limitAt = Date.now() + STATEMENT_LIMIT_MS
  while (Date.now() < limitAt) {
    const { QueryExecution } = await athena.getQueryExecution({ QueryExecutionId: id })
    const state = QueryExecution?.Status?.State
    if (state !== 'QUEUED' && state !== 'RUNNING') return QueryExecution?.Status
    await delay(15)
  }
  throw new Error(`the statement ${id} did not end within ${STATEMENT_LIMIT_MS} ms`)
}
