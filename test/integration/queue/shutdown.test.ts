import { Athena } from '@aws-sdk/client-athena'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { runPhases } from '../../../src/cli/shutdown.ts'
import { createTransferQueue } from '../../../src/queue/transfer-queue.ts'
import { createAthenaUser } from '../../support/athena-user.ts'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { until } from '../../support/queue-under-test.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { startWorkerProcess, type WorkerProcess } from '../../support/worker-process.ts'
import { createWorkspace, type Workspace } from '../../support/workspace.ts'

let standIn: TestStandIn
let redis: RunningRedis
beforeAll(async () => {
  standIn = await startStandIn()
  redis = await startRedis()
})
afterAll(async () => {
  await redis.stop()
  await standIn.stop()
})

async function startWorker(workspace: Workspace, settings: Record<string, string>): Promise<WorkerProcess> {
  const worker = await startWorkerProcess(workspace, settings)
  await until(() => worker.log().includes('worker started'))
  return worker
}

const phaseSchema = z.object({ phase: z.string(), outcome: z.string(), durationMs: z.number() })

function phasesOf(worker: WorkerProcess) {
  const lines = worker
    .log()
    .split('\n')
    .filter(line => line.includes('"phase"'))
  return lines.map(line => phaseSchema.parse(JSON.parse(line)))
}

const ALL_OF_ATHENA = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'athena:*', Resource: '*' }],
}

const keysSchema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })

/** Lists the executions of MERGE in a customer's account: their ids and states. */
async function createMergeList({ accountId, region }: Customer) {
  const user = await standIn.admin('PUT', `users/${accountId}/looker`, { policies: { all: ALL_OF_ATHENA } })
  const athena = new Athena({ region, endpoint: standIn.url, credentials: keysSchema.parse(user) })
  return async (): Promise<readonly string[]> => {
    const { QueryExecutionIds = [] } = await athena.listQueryExecutions({ MaxResults: 50 })
    if (QueryExecutionIds.length === 0) return []
    const { QueryExecutions = [] } = await athena.batchGetQueryExecution({ QueryExecutionIds })
    const merges = QueryExecutions.filter(({ Query = '' }) => Query.startsWith('MERGE'))
    return merges.map(({ QueryExecutionId, Status }) => `${QueryExecutionId} ${Status?.State}`)
  }
}

it('a load that runs at SIGTERM is left running, and the next worker ends it by the same execution', async () => {
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer, { redisUrl: redis.url })
  await workspace.writeModel('rows', {
    files: { path: 'rows.csv' },
    primaryKey: ['id'],
    columns: [{ name: 'id', type: 'bigint' }],
  })
  await workspace.writeData('rows.csv', 'id\n1\n2\n3\n')
  await standIn.setFault({ name: 'athena.query.slow', match: 'MERGE', times: 1, delayMs: 12_000 })
  const merges = await createMergeList(customer)
  const queue = await createTransferQueue({ redisUrl: redis.url })
  const first = await startWorker(workspace, { ATHENA_TRANSFER_SHUTDOWN_GRACE_MS: '300' })
  const { transferId } = await queue.enqueue({ destination: 'acme' })
  await until(async () => (await merges())[0]?.endsWith('RUNNING') ?? false)
  const before = await merges()
  await first.stop()
  const between = { merges: await merges(), view: await queue.status(transferId) }
  const second = await startWorker(workspace, {})
  const ended = await queue.waitUntilFinished(transferId, { signal: AbortSignal.timeout(60_000) })
  const after = await merges()
  await second.stop()
  await queue.close()
  const user = await createAthenaUser(standIn, customer)
  const rows = await user.sql(`SELECT id FROM "${customer.schema}"."rows" ORDER BY id`)

  expect(before).toHaveLength(1)
  expect(between).toMatchObject({ merges: before, view: { status: 'RUNNING' } })
  expect(ended.status).toBe('SUCCESS')
  expect(after).toEqual([before[0]?.replace('RUNNING', 'SUCCEEDED')])
  expect(rows).toEqual([['1'], ['2'], ['3']])
  expect(phasesOf(first)).toMatchObject([
    { phase: 'no new jobs, short work ends', outcome: 'out of time' },
    { phase: 'long work is handed over', outcome: 'done' },
    { phase: 'connections are closed', outcome: 'done' },
    { phase: 'encoders end', outcome: 'done' },
  ])
  expect(phasesOf(second)[0]).toMatchObject({ outcome: 'done' })
  await workspace.remove()
})

it('a phase that fails or takes too long keeps no other from its turn', async () => {
  const told: string[] = []
  const ended = await runPhases(
    [
      { name: 'hangs', limitMs: 50, run: () => new Promise(() => {}) },
      { name: 'fails', limitMs: 50, run: () => Promise.reject(new Error('no')) },
      { name: 'ends', limitMs: 50, run: async () => {} },
    ],
    ({ phase, outcome }) => told.push(`${phase}: ${outcome}`),
  )

  expect(told).toEqual(['hangs: out of time', 'fails: failed', 'ends: done'])
  expect(ended.every(({ durationMs }) => durationMs < 2_000)).toBe(true)
})
