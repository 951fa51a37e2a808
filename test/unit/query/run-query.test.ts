import { expect, it } from 'vitest'
import { type ErrorCode, TransferError } from '../../../src/domain/errors.ts'
import type { AthenaPort, QueryExecution } from '../../../src/query/athena-port.ts'
import { runQuery } from '../../../src/query/run-query.ts'
import { runStatement } from '../../../src/query/run-statement.ts'

type Status = NonNullable<QueryExecution['Status']>

/** An Athena whose executions go through the given states, the last one for ever; one list a started execution. */
function athenaGoingThrough(...executions: readonly (readonly Status[])[]) {
  const started: string[] = []
  const tokens: string[] = []
  const stopped: string[] = []
  const looks = new Map<string, number>()
  const athena: AthenaPort = {
    startQueryExecution: async input => {
      tokens.push(input.ClientRequestToken)
      started.push(`q-${started.length}`)
      return { QueryExecutionId: started.at(-1) }
    },
    getQueryExecution: async ({ QueryExecutionId: id }) => {
      const look = looks.get(id) ?? 0
      looks.set(id, look + 1)
      const states = executions[Number(id.slice(2))] ?? []
      const Status = states[Math.min(look, states.length - 1)]
      return { QueryExecution: { QueryExecutionId: id, Status, Statistics: { DataScannedInBytes: 7 } } }
    },
    getQueryResults: async () => ({}),
    getWorkGroup: async () => ({}),
    stopQueryExecution: async ({ QueryExecutionId: id }) => {
      stopped.push(id)
    },
  }
  return { athena, started, tokens, stopped }
}

const options = {
  name: 'acme',
  region: 'eu-west-1',
  workgroup: 'primary',
  bucket: 'b',
  schema: 's',
  outputLocation: 's3://b/db/athena_output/',
  timeoutMs: 5_000,
  signal: new AbortController().signal,
}
const request = { sql: 'SELECT 1', clientRequestToken: 'x'.repeat(64) }
const statement = { transferId: 't', model: 'm', step: 'load', sql: 'SELECT 1' }
const conflict: Status = {
  State: 'FAILED',
  StateChangeReason: 'ICEBERG_COMMIT_ERROR: Failed to commit',
  AthenaError: { ErrorCategory: 2, ErrorType: 233, Retryable: false },
}

it('waits through QUEUED and RUNNING, also back again', async () => {
  const { athena } = athenaGoingThrough([
    { State: 'QUEUED' },
    { State: 'RUNNING' },
    { State: 'QUEUED' },
    { State: 'SUCCEEDED' },
  ])

  expect(await runQuery(athena, request, options)).toMatchObject({ queryExecutionId: 'q-0', scannedBytes: 7 })
})

it('opens a new token group after a commit conflict', async () => {
  const { athena, tokens } = athenaGoingThrough([conflict], [{ State: 'SUCCEEDED' }])

  expect(await runStatement(athena, statement, options)).toMatchObject({ queryExecutionId: 'q-1' })
  expect(new Set(tokens).size).toBe(2)
})

it('runs a statement that is our bug once only', async () => {
  const syntax: Status = {
    State: 'FAILED',
    StateChangeReason: 'SYNTAX_ERROR',
    AthenaError: { ErrorType: 1006 },
  }
  const { athena, started } = athenaGoingThrough([syntax])

  await expect(runStatement(athena, statement, options)).rejects.toMatchObject({
    code: 'QUERY_FAILED',
    owner: 'operator',
  })
  expect(started).toEqual(['q-0'])
})

it.each([
  ["SCHEMA_NOT_FOUND: line 1:15: Schema 'nowhere' does not exist", 1301, 'TABLE_NOT_FOUND'],
  ["TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.s.gone' does not exist", 1301, 'TABLE_NOT_FOUND'],
  ['Entity Not Found', 1110, 'TABLE_NOT_FOUND'],
  ['DIVISION_BY_ZERO: Division by zero', 1301, 'QUERY_FAILED'],
  ['MERGE_TARGET_ROW_MULTIPLE_MATCHES: One MERGE target table row matched more', 1301, 'QUERY_FAILED'],
])('tells "%s" of type %i as %s, and not as the work of another writer', async (reason, type, code) => {
  const { athena, started } = athenaGoingThrough([
    { State: 'FAILED', StateChangeReason: reason, AthenaError: { ErrorType: type } },
  ])

  await expect(runStatement(athena, statement, options)).rejects.toMatchObject({ code })
  expect(started).toEqual(['q-0'])
})

it('looks once more at a throttled failure, which Athena may requeue by itself', async () => {
  const throttled: Status = {
    State: 'FAILED',
    StateChangeReason: 'SlowDown',
    AthenaError: { ErrorType: 1401, Retryable: true },
  }
  const { athena, started } = athenaGoingThrough([throttled, { State: 'RUNNING' }, { State: 'SUCCEEDED' }])

  await runStatement(athena, statement, options)
  expect(started).toEqual(['q-0'])
})

it('asks Athena to stop an aborted query and waits for its end', async () => {
  const { athena, stopped } = athenaGoingThrough([
    { State: 'RUNNING' },
    { State: 'RUNNING' },
    { State: 'CANCELLED' },
  ])
  const signal = AbortSignal.timeout(5)

  await expect(runQuery(athena, request, { ...options, signal })).rejects.toMatchObject({
    code: 'CANCELLED',
    details: { terminal: true },
  })
  expect(stopped).toEqual(['q-0'])
})

it('survives a policy that does not allow to stop', async () => {
  const { athena } = athenaGoingThrough([{ State: 'RUNNING' }, { State: 'RUNNING' }, { State: 'SUCCEEDED' }])
  const denied = { ...athena, stopQueryExecution: () => Promise.reject(new Error('AccessDenied')) }

  expect(await runQuery(denied, request, { ...options, signal: AbortSignal.timeout(5) })).toMatchObject({
    queryExecutionId: 'q-0',
  })
})

it("names the missing action, the customer's move and the statement to paste when a query is not permitted", async () => {
  const reason =
    'Insufficient permissions to execute the query. User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: glue:GetTable on resource: arn:aws:glue:eu-west-1:123456789012:table/s/t because no identity-based policy allows the glue:GetTable action'
  const { athena } = athenaGoingThrough([
    { State: 'FAILED', StateChangeReason: reason, AthenaError: { ErrorType: 1500 } },
  ] as const)

  await expect(runStatement(athena, statement, options)).rejects.toMatchObject({
    code: 'ACCESS_DENIED',
    owner: 'customer',
    message: expect.stringContaining('glue:GetTable on arn:aws:glue:eu-west-1:123456789012:table/s/t'),
    hint: expect.stringContaining('"Sid":"AllowGlueAccessToDestinationDatabaseAndTables"'),
  })
})

it('names the right that is missing when Athena cannot verify the bucket for results', async () => {
  const { athena } = athenaGoingThrough()
  const refused = Object.assign(new Error('Unable to verify/create output bucket b'), {
    name: 'InvalidRequestException',
  })
  const startQueryExecution = () => Promise.reject(refused)

  await expect(runQuery({ ...athena, startQueryExecution }, request, options)).rejects.toMatchObject({
    code: 'ACCESS_DENIED',
    details: { action: 's3:GetBucketLocation', resource: 'arn:aws:s3:::b' },
  })
})

const refusal = (code: ErrorCode) => new TransferError(code, 'refused')

it('looks again after a look that failed, whatever the passing failure', async () => {
  const { athena } = athenaGoingThrough([{ State: 'SUCCEEDED' }])
  const failures: unknown[] = [
    refusal('AWS_THROTTLED'),
    refusal('AWS_UNAVAILABLE'),
    new SyntaxError('half a body'),
  ]
  const getQueryExecution: AthenaPort['getQueryExecution'] = async input => {
    const failure = failures.shift()
    if (failure) throw failure
    return athena.getQueryExecution(input)
  }

  expect(await runQuery({ ...athena, getQueryExecution }, request, options)).toMatchObject({
    queryExecutionId: 'q-0',
  })
})

it('says that a query may still run when it may no longer be looked at', async () => {
  const { athena } = athenaGoingThrough([{ State: 'RUNNING' }])
  const getQueryExecution = () => Promise.reject(refusal('ROLE_NOT_ASSUMABLE'))

  await expect(runQuery({ ...athena, getQueryExecution }, request, options)).rejects.toMatchObject({
    code: 'ROLE_NOT_ASSUMABLE',
    details: { queryExecutionId: 'q-0', terminal: false },
  })
})

it('says that a statement whose start got no answer may run', async () => {
  const { athena } = athenaGoingThrough()
  const startQueryExecution = () => Promise.reject(refusal('AWS_UNAVAILABLE'))

  await expect(runQuery({ ...athena, startQueryExecution }, request, options)).rejects.toMatchObject({
    code: 'AWS_UNAVAILABLE',
    details: { terminal: false },
  })
})

it('waits its turn while as many queries are active as may be, under one token', async () => {
  const { athena } = athenaGoingThrough([{ State: 'SUCCEEDED' }])
  const asked: string[] = []
  const startQueryExecution: AthenaPort['startQueryExecution'] = async input => {
    asked.push(input.ClientRequestToken)
    if (asked.length < 3) throw refusal('AWS_THROTTLED')
    return athena.startQueryExecution(input)
  }

  await runQuery({ ...athena, startQueryExecution }, request, { ...options, timeoutMs: 30_000 })
  expect(asked).toEqual([request.clientRequestToken, request.clientRequestToken, request.clientRequestToken])
}, 30_000)

it('gives up waiting for its turn when the time is over', async () => {
  const { athena } = athenaGoingThrough()
  const startQueryExecution = () => Promise.reject(refusal('AWS_THROTTLED'))
  const startedMs = performance.now()

  await expect(
    runQuery({ ...athena, startQueryExecution }, request, { ...options, timeoutMs: 300 }),
  ).rejects.toMatchObject({ code: 'AWS_THROTTLED', details: { terminal: false } })
  expect(performance.now() - startedMs).toBeLessThan(2_000)
})

it('opens no further group past the time limit of the statement', async () => {
  const { athena, started } = athenaGoingThrough([conflict], [conflict], [conflict], [conflict], [conflict])
  const startedMs = performance.now()

  await expect(runStatement(athena, statement, { ...options, timeoutMs: 200 })).rejects.toMatchObject({
    code: 'COMMIT_CONFLICT',
  })
  expect(performance.now() - startedMs).toBeLessThan(1_500)
  expect(started.length).toBeLessThan(5)
})

it.each([
  ['MERGE_TARGET_ROW_MULTIPLE_MATCHES: One MERGE target table row matched more than one source row', 1301],
  ['HIVE_BAD_DATA: Error reading from Parquet', 1301],
])('calls a statement of ours that cannot succeed our bug: %s', async (reason, ErrorType) => {
  const { athena, started } = athenaGoingThrough([
    { State: 'FAILED', StateChangeReason: reason, AthenaError: { ErrorType } },
  ])

  await expect(runStatement(athena, statement, options)).rejects.toMatchObject({
    code: 'QUERY_FAILED',
    retryable: false,
  })
  expect(started).toEqual(['q-0'])
})
