import { setTimeout as sleep } from 'node:timers/promises'
import {
  GetQueryExecutionCommand,
  type QueryExecutionStatus,
  StartQueryExecutionCommand,
} from '@aws-sdk/client-athena'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { createAthenaUser } from '../../support/athena-user.ts'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { type Clients, openSession } from './session.ts'

let standIn: TestStandIn
let customer: Customer
let clients: Clients

beforeAll(async () => {
  standIn = await startStandIn()
  customer = await createCustomer(standIn)
  clients = await openSession(standIn, customer)
  const user = await createAthenaUser(standIn, customer)
  await user.sql(`CREATE DATABASE ${customer.schema}`)
  await user.sql(
    `CREATE TABLE ${customer.schema}.t (a int) LOCATION 's3://${customer.bucket}/t/' TBLPROPERTIES ('table_type'='ICEBERG')`,
  )
})
afterEach(() => standIn.clearFaults())
afterAll(() => standIn.stop())

/** The states that a query is seen in, each once in a row, and its end. */
async function follow(sql: string): Promise<{ states: string[]; last: QueryExecutionStatus | undefined }> {
  const { QueryExecutionId } = await clients.athena.send(
    new StartQueryExecutionCommand({
      QueryString: sql,
      QueryExecutionContext: { Database: customer.schema },
      ResultConfiguration: { OutputLocation: `s3://${customer.bucket}/results/` },
    }),
  )
  const states: string[] = []
  const until = performance.now() + 10_000
  while (performance.now() < until) {
    const { QueryExecution } = await clients.athena.send(new GetQueryExecutionCommand({ QueryExecutionId }))
    const state = QueryExecution?.Status?.State ?? ''
    if (states.at(-1) !== state) states.push(state)
    const isAtEnd = states.at(-1) !== 'QUEUED' && states.at(-1) !== 'RUNNING'
    if (isAtEnd && (await staysSo(QueryExecutionId, state))) return { states, last: QueryExecution?.Status }
    await sleep(20)
  }
  throw new Error(`no end: ${states}`)
}

/** A FAILED query may come back: its end is believed once it lasts. */
async function staysSo(QueryExecutionId: string | undefined, state: string): Promise<boolean> {
  if (state !== 'FAILED') return true
  await sleep(800)
  const { QueryExecution } = await clients.athena.send(new GetQueryExecutionCommand({ QueryExecutionId }))
  return QueryExecution?.Status?.State === state
}

const count = async (): Promise<number> => {
  const user = await createAthenaUser(standIn, customer)
  const [[rows] = []] = await user.sql(`SELECT count(*) FROM ${customer.schema}.t`)
  return Number(rows)
}

it('stays QUEUED for a while, then runs', async () => {
  await standIn.setFault({ name: 'athena.query.queue', delayMs: 500 })
  const { states } = await follow('SELECT 1')

  expect(states[0]).toBe('QUEUED')
  expect(states.at(-1)).toBe('SUCCEEDED')
})

it('goes from RUNNING back to QUEUED and runs to its end', async () => {
  await standIn.setFault({ name: 'athena.query.requeue', delayMs: 400 })
  await standIn.setFault({ name: 'athena.query.slow', delayMs: 200 })
  const { states } = await follow('SELECT 1')

  expect(states.join(' ')).toMatch(/RUNNING QUEUED (RUNNING )?SUCCEEDED$/)
})

it('is FAILED for want of S3 requests and comes back by itself', async () => {
  await standIn.setFault({ name: 'athena.query.throttle-requeue', delayMs: 600 })
  const { states, last } = await follow('SELECT 1')

  expect(states).toContain('FAILED')
  expect(last).toMatchObject({ State: 'SUCCEEDED' })
  expect(last?.AthenaError).toBeUndefined()
})

it.each([0, 4, 8])('fails with exhausted resources (type %i)', async errorType => {
  await standIn.setFault({ name: 'athena.query.fail', errorType })
  const { last } = await follow('SELECT 1')

  expect(last).toMatchObject({
    State: 'FAILED',
    StateChangeReason: 'Query exhausted resources at this scale factor',
    AthenaError: { ErrorCategory: 2, ErrorType: errorType, Retryable: false },
  })
})

it('is cancelled by somebody', async () => {
  await standIn.setFault({ name: 'athena.query.cancel' })
  const { last } = await follow('SELECT 1')

  expect(last).toMatchObject({ State: 'CANCELLED', AthenaError: { ErrorType: 1014, Retryable: false } })
})

it('fails at its commit as often as asked and changes nothing, then commits', async () => {
  const before = await count()
  await standIn.setFault({ name: 'athena.query.iceberg-commit-error', times: 2, match: 'INSERT INTO t' })
  const insert = 'INSERT INTO t VALUES (1)'
  const ends = [await follow(insert), await follow(insert), await follow(insert)]

  expect(ends.map(({ last }) => last?.State)).toEqual(['FAILED', 'FAILED', 'SUCCEEDED'])
  expect(ends[0]?.last?.AthenaError).toMatchObject({ ErrorType: 233, Retryable: true })
  expect(await count()).toBe(before + 1)
})

it('is FAILED although it is committed', async () => {
  const before = await count()
  await standIn.setFault({ name: 'athena.query.fail-after-commit', match: 'INSERT INTO t' })
  const { last } = await follow('INSERT INTO t VALUES (2)')

  expect(last).toMatchObject({ State: 'FAILED', AthenaError: { ErrorCategory: 1, Retryable: true } })
  expect(await count()).toBe(before + 1)
})
