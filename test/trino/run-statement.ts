import { setTimeout as delay } from 'node:timers/promises'
import type { Athena, QueryExecution } from '@aws-sdk/client-athena'
import { PLACE } from './place.ts'

/** What a statement came to, in the words that both engines must agree on. */
export interface StatementOutcome {
  readonly state: string
  /** The name that the reason begins with, and Athena's number. */
  readonly error?: string
  readonly updateCount?: number
  readonly types: readonly string[]
  /** Rows as texts, in no particular order: each as JSON, sorted. */
  readonly rows: readonly string[]
  /** Whether a list of written files stands beside the result. */
  readonly hasManifest?: boolean
  /** The whole reason, for whoever reads a report; never compared. */
  readonly reason: string
}

/** Where a statement runs when not in the workgroup `primary` with results in `results/`. */
export interface StatementOptions {
  readonly workgroup?: string
  readonly resultFolder?: string
}

/** Longest time that one statement may take, in milliseconds. */
const STATEMENT_LIMIT_MS = 240_000

/** Starts a statement; gives its execution's id. */
export async function startStatement(
  athena: Athena,
  sql: string,
  { workgroup = 'primary', resultFolder = 'results/' }: StatementOptions = {},
): Promise<string> {
  const { QueryExecutionId = '' } = await athena.startQueryExecution({
    QueryString: sql,
    WorkGroup: workgroup,
    QueryExecutionContext: { Database: PLACE.schema },
    ResultConfiguration: { OutputLocation: `s3://${PLACE.bucket}/${resultFolder}` },
  })
  return QueryExecutionId
}

/** Runs a statement to its end, whatever that is. */
export async function runStatement(
  athena: Athena,
  sql: string,
  options: StatementOptions = {},
): Promise<StatementOutcome> {
  let id: string
  try {
    id = await startStatement(athena, sql, options)
  } catch (error) {
    return failed(error instanceof Error ? error.name : 'unknown', String(error))
  }
  return outcomeOf(athena, await finish(athena, id))
}

/** Waits until an execution is over. */
export async function finish(athena: Athena, id: string): Promise<QueryExecution> {
  const limitAt = Date.now() + STATEMENT_LIMIT_MS
  while (Date.now() < limitAt) {
    const { QueryExecution = {} } = await athena.getQueryExecution({ QueryExecutionId: id })
    const state = QueryExecution.Status?.State
    if (state !== 'QUEUED' && state !== 'RUNNING') return QueryExecution
    await delay(15)
  }
  throw new Error(`the statement ${id} did not end within ${STATEMENT_LIMIT_MS} ms`)
}

async function outcomeOf(athena: Athena, execution: QueryExecution): Promise<StatementOutcome> {
  const { State: state = '', StateChangeReason: reason = '', AthenaError } = execution.Status ?? {}
  if (state !== 'SUCCEEDED') {
    return { ...failed(`${reason.split(':')[0]} ${AthenaError?.ErrorType}`, reason), state }
  }
  const page = await athena.getQueryResults({ QueryExecutionId: execution.QueryExecutionId })
  const rows = (page.ResultSet?.Rows ?? []).map(row =>
    JSON.stringify((row.Data ?? []).map(({ VarCharValue }) => VarCharValue ?? null)),
  )
  return {
    state,
    hasManifest: execution.Statistics?.DataManifestLocation !== undefined,
    ...(page.UpdateCount === undefined ? {} : { updateCount: page.UpdateCount }),
    types: (page.ResultSet?.ResultSetMetadata?.ColumnInfo ?? []).map(
      ({ Name, Type, Precision, Scale }) => `${Name} ${Type} ${Precision} ${Scale}`,
    ),
    rows: rows.toSorted(),
    reason: '',
  }
}

function failed(error: string, reason: string): StatementOutcome {
  return { state: 'FAILED', error, types: [], rows: [], reason }
}
