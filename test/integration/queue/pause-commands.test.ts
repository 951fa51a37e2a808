import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { createTransferQueue } from '../../../src/queue/transfer-queue.ts'
import { createCustomer } from '../../support/customer.ts'
import { until } from '../../support/queue-under-test.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { startWorkerProcess } from '../../support/worker-process.ts'
import { createWorkspace } from '../../support/workspace.ts'

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

const pausedSchema = z.array(
  z.object({
    destination: z.string(),
    pausedUntil: z.iso.datetime(),
    reason: z.object({ code: z.string(), hint: z.string() }),
  }),
)

it('a customer who takes our rights away is paused; `paused` and `list` tell why, and `resume` goes on at once', async () => {
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer, { redisUrl: redis.url })
  await workspace.writeModel('rows', {
    files: { path: 'rows.csv' },
    primaryKey: ['id'],
    columns: [{ name: 'id', type: 'bigint' }],
  })
  await workspace.writeData('rows.csv', 'id\n1\n')
  const deny = { Sid: 'No', Effect: 'Deny', Action: ['s3:*', 'glue:*', 'athena:*'], Resource: ['*'] }
  await customer.setPolicy({ Version: '2012-10-17', Statement: [deny] })
  const worker = await startWorkerProcess(workspace, { ATHENA_TRANSFER_PAUSE_AFTER: '1' })
  const queue = await createTransferQueue({ redisUrl: redis.url })
  const ended = { signal: AbortSignal.timeout(60_000) }
  const failed = await queue.waitUntilFinished(
    (await queue.enqueue({ destination: 'acme' })).transferId,
    ended,
  )
  const held = await queue.enqueue({ destination: 'acme' })
  await until(async () => (await queue.status(held.transferId)).waiting !== undefined)
  const paused = pausedSchema.parse(JSON.parse((await workspace.cli('paused')).stdout))
  const list = await workspace.cli('list', '--status', 'PENDING')
  await customer.setPolicy(customer.policy)
  const resumed = await workspace.cli('resume', 'acme')
  const view = await queue.waitUntilFinished(held.transferId, ended)
  await worker.stop()
  await queue.close()

  const error = failed.result?.models[0]?.error
  expect(error?.owner).toBe('customer')
  expect(paused).toMatchObject([{ destination: 'acme', reason: { code: error?.code, hint: error?.hint } }])
  expect(JSON.parse(list.stdout)).toMatchObject([
    { transferId: held.transferId, waiting: { reason: 'paused', failure: { code: error?.code } } },
  ])
  expect(JSON.parse(resumed.stdout)).toEqual({ destination: 'acme', resumed: true })
  expect(view.status).toBe('SUCCESS')
  expect((await workspace.cli('paused')).stdout.trim()).toBe('[]')
  await workspace.remove()
})
