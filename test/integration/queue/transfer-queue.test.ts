import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TransferError, toTransferError } from '../../../src/domain/errors.ts'
import type { ModelResult } from '../../../src/domain/transfer.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { connectRedis } from '../../../src/queue/connection.ts'
import { openQueues } from '../../../src/queue/queues.ts'
import { createTransferQueue } from '../../../src/queue/transfer-queue.ts'
import { createTransferWorker, type TransferWorkerOptions } from '../../../src/queue/transfer-worker.ts'
import { createWatermarkStore } from '../../../src/queue/watermark-store.ts'
import { failedModel } from '../../../src/transfer/run-transfer.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'

let redis: RunningRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

function succeeded(model: string): ModelResult {
  const { error, ...result } = failedModel(model, new Error('unused'), 1)
  return { ...result, status: 'SUCCESS', rowCount: 5 }
}

type RunModel = TransferWorkerOptions['runModel']

/** A queue and a worker of their own, whose models do as told. */
async function start(runModel: RunModel, options: { models?: string[] } = {}) {
  const prefix = `t${newTransferId()}`
  const finished: string[] = []
  const connection = await connectRedis({ redisUrl: redis.url, prefix })
  const startWorker = () =>
    createTransferWorker({
      connection,
      concurrency: 2,
      lockDurationMs: 1_000,
      modelsOf: () => options.models ?? ['a', 'b'],
      runModel,
      failedModel,
      finishTransfer: async ({ transferId }) => {
        finished.push(transferId)
      },
      onEvent: () => {},
    })
  const queue = await createTransferQueue({ redisUrl: redis.url, prefix })
  const worker = await startWorker()
  const run = async (request: Parameters<typeof queue.enqueue>[0] = { destination: 'acme' }) => {
    const { transferId } = await queue.enqueue(request)
    return queue.waitUntilFinished(transferId, { signal: AbortSignal.timeout(20_000) })
  }
  const close = async () => {
    await worker.close({ graceMs: 0 })
    await queue.close()
    connection.redis.disconnect()
  }
  return { queue, worker, run, finished, connection, startWorker, close, prefix }
}

it('runs every model of a transfer and tells rows and status', async () => {
  const t = await start(async ({ model }) => succeeded(model))
  const view = await t.run()

  expect(view).toMatchObject({
    status: 'SUCCESS',
    result: { models: [{ model: 'a', rowCount: 5 }, { model: 'b' }] },
  })
  expect(t.finished).toEqual([view.transferId])
  await t.close()
})

it('one model failing leaves the others loaded: PARTIAL_FAILURE, with the error and whose move it is', async () => {
  const t = await start(async ({ model }) => {
    if (model === 'b') throw new TransferError('ACCESS_DENIED', 'no glue:CreateTable')
    return succeeded(model)
  })
  const view = await t.run()

  expect(view.status).toBe('PARTIAL_FAILURE')
  expect(view.result?.models[1]).toMatchObject({
    status: 'ERROR',
    error: { code: 'ACCESS_DENIED', owner: 'customer' },
  })
  await t.close()
})

it('tries a retryable failure again, and a final one once', async () => {
  const tries: Record<string, number> = { a: 0, b: 0 }
  const t = await start(async ({ model }) => {
    tries[model] = (tries[model] ?? 0) + 1
    if (model === 'b') throw new TransferError('ROW_INVALID', 'line 3')
    if (tries[model] === 1) throw new TransferError('AWS_THROTTLED', 'slow down')
    return succeeded(model)
  })

  expect((await t.run()).status).toBe('PARTIAL_FAILURE')
  expect(tries).toEqual({ a: 2, b: 1 })
  await t.close()
})

it('the same transfer id twice is one transfer', async () => {
  let runs = 0
  const t = await start(async ({ model }) => {
    runs++
    return succeeded(model)
  })
  const transferId = newTransferId()
  await t.run({ destination: 'acme', transferId })
  await t.run({ destination: 'acme', transferId })

  expect(runs).toBe(2)
  expect(await t.queue.list()).toHaveLength(1)
  await t.close()
})

it('cancel ends models that run and keeps others from starting', async () => {
  const started: string[] = []
  const t = await start(
    ({ model }, { signal }) => {
      started.push(model)
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
    },
    { models: ['a', 'b', 'c'] },
  )
  const { transferId } = await t.queue.enqueue({ destination: 'acme' })
  while (started.length < 2) await sleep(20)
  await t.queue.cancel(transferId)
  const view = await t.queue.waitUntilFinished(transferId, { signal: AbortSignal.timeout(20_000) })

  expect(view.status).toBe('CANCELLED')
  expect(started).toHaveLength(2)
  await t.close()
})

it('a model that runs at shutdown is handed to another worker', async () => {
  let runs = 0
  const t = await start(
    ({ model }, { signal }) =>
      runs++ === 0
        ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
        : Promise.resolve(succeeded(model)),
    { models: ['a'] },
  )
  const { transferId } = await t.queue.enqueue({ destination: 'acme' })
  while (runs === 0) await sleep(20)
  await t.worker.close({ graceMs: 50 })
  const second = await t.startWorker()
  const view = await t.queue.waitUntilFinished(transferId, { signal: AbortSignal.timeout(20_000) })

  expect(view.status).toBe('SUCCESS')
  expect(runs).toBe(2)
  await second.close({ graceMs: 0 })
  await t.close()
})

it('a payload that is none of ours is kept as failed, with what was expected', async () => {
  const t = await start(async ({ model }) => succeeded(model))
  const queues = openQueues(t.connection)
  const jobId = newTransferId()
  const bad: unknown = { version: 9, transferId: jobId, destination: 'acme' }
  await Reflect.apply(queues.transfers.add, queues.transfers, ['bad', bad, { jobId }])
  const view = await t.queue.waitUntilFinished(jobId, { signal: AbortSignal.timeout(20_000) })

  expect(view.status).toBe('ERROR')
  expect(view.failedReason).toMatch(/^JOB_INVALID: .*version: .*expected 1/)
  await queues.transfers.close()
  await queues.models.close()
  await t.close()
})

it('says which Redis cannot be reached, and never its password', async () => {
  const error = toTransferError(
    await createTransferQueue({ redisUrl: 'redis://:s3cret@127.0.0.1:1' }).catch((thrown: unknown) => thrown),
  )
  expect(error).toMatchObject({
    code: 'QUEUE_UNAVAILABLE',
    message: 'Redis at 127.0.0.1:1 cannot be reached',
  })
})

it('never moves a watermark back', async () => {
  const t = await start(async ({ model }) => succeeded(model))
  const store = createWatermarkStore(t.connection)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.bigInt(), { minLength: 1, maxLength: 8 }),
      fc.uuid(),
      async (values, table) => {
        for (const value of values) await store.write('acme', table, String(value), 'integer')
        const largest = [...values].sort((left, right) => (left < right ? 1 : -1))[0]
        expect(await store.read('acme', table)).toBe(String(largest))
      },
    ),
  )
  await t.close()
})
