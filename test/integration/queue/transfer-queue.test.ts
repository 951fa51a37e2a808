import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TransferError, toTransferError } from '../../../src/domain/errors.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { connectRedis } from '../../../src/queue/connection.ts'
import { createModelStateStore } from '../../../src/queue/model-state-store.ts'
import { openQueues } from '../../../src/queue/queues.ts'
import { createTransferQueue } from '../../../src/queue/transfer-queue.ts'
import { createTransferWorker, type TransferWorkerOptions } from '../../../src/queue/transfer-worker.ts'
import { failedModel } from '../../../src/transfer/run-transfer.ts'
import { succeeded } from '../../support/queue-under-test.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'

let redis: RunningRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

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
      ...{ transfersPerDestination: 1, waitLimitMs: 60_000, pauseAfter: 1000, pauseMs: 1_000 },
      keptTransfers: 10_000,
      scopesOf: () => [],
      modelsOf: ({ models }) => models ?? options.models ?? ['a', 'b'],
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

it('retry runs only the models that failed, as a new transfer that names the old one', async () => {
  const seen: string[] = []
  const t = await start(
    async ({ model, type }) => {
      seen.push(`${model} ${type}`)
      if (model !== 'a' && seen.length <= 3) throw new TransferError('ACCESS_DENIED', 'no glue:CreateTable')
      return succeeded(model)
    },
    { models: ['a', 'b', 'c'] },
  )
  const first = await t.run({ destination: 'acme', type: 'full-refresh' })
  const own = newTransferId()
  const { transferId } = await t.queue.retry(first.transferId, { transferId: own })
  await t.queue.retry(first.transferId, { transferId: own })
  const second = await t.queue.waitUntilFinished(transferId, { signal: AbortSignal.timeout(20_000) })

  expect(transferId).toBe(own)
  expect(second).toMatchObject({ status: 'SUCCESS', retryOf: first.transferId })
  expect(second.result).toMatchObject({ transferId, retryOf: first.transferId })
  expect(seen.slice(3).sort()).toEqual(['b full-refresh', 'c full-refresh'])
  await t.close()
})

it('a window reaches every model of its transfer, in UTC, and those that are tried again', async () => {
  const seen: unknown[] = []
  const t = await start(async ({ model, type, window }) => {
    seen.push([model, type, window])
    if (seen.length === 2) throw new TransferError('ACCESS_DENIED', 'no glue:CreateTable')
    return succeeded(model)
  })
  const window = { from: '2026-01-01T01:00:00+01:00', to: '2026-01-02T00:00:00.000001Z' }
  const first = await t.run({ destination: 'acme', window })
  const { transferId } = await t.queue.retry(first.transferId)
  await t.queue.waitUntilFinished(transferId, { signal: AbortSignal.timeout(20_000) })

  const utc = { from: '2026-01-01T00:00:00.000000Z', to: '2026-01-02T00:00:00.000001Z' }
  expect(seen).toHaveLength(3)
  for (const [, ...rest] of seen as unknown[][]) expect(rest).toEqual(['backfill', utc])
  await t.close()
})

it.each([
  [{ window: { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' } }, 'must begin before it ends'],
  [{ window: { from: 'yesterday', to: '2026-01-01T00:00:00Z' } }, 'window.from: "yesterday" is not a moment'],
  [
    { type: 'full-refresh', window: { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' } },
    'replaces all rows',
  ],
  [{ type: 'backfill' }, 'window: expected for the type backfill'],
] as const)('the request %j is refused before it is queued', async (request, why) => {
  const t = await start(async ({ model }) => succeeded(model))

  await expect(t.queue.enqueue({ destination: 'acme', ...request })).rejects.toMatchObject({
    code: 'JOB_INVALID',
    message: expect.stringContaining(why),
  })
  expect(await t.queue.list()).toEqual([])
  await t.close()
})

it('retry runs the models of a cancelled transfer that did not end, and all of one that never began', async () => {
  const started: string[] = []
  let isBlocked = true
  const t = await start(
    ({ model }, { signal }) => {
      started.push(model)
      if (model === 'a' || !isBlocked) return Promise.resolve(succeeded(model))
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
    },
    { models: ['a', 'b', 'c', 'd'] },
  )
  const cancelled = await t.queue.enqueue({ destination: 'acme' })
  while (started.length < 3) await sleep(20)
  await t.queue.cancel(cancelled.transferId)
  const ended = { signal: AbortSignal.timeout(20_000) }
  await t.queue.waitUntilFinished(cancelled.transferId, ended)
  const waiting = await t.queue.enqueue({ destination: 'acme', delayMs: 3_600_000, models: ['a', 'b'] })
  await t.queue.cancel(waiting.transferId)
  isBlocked = false
  const models = []
  for (const { transferId } of [cancelled, waiting]) {
    const retry = await t.queue.retry(transferId)
    const { result } = await t.queue.waitUntilFinished(retry.transferId, ended)
    models.push(result?.models.map(({ model, status }) => `${model} ${status}`))
  }

  expect(models).toEqual([
    ['b SUCCESS', 'c SUCCESS', 'd SUCCESS'],
    ['a SUCCESS', 'b SUCCESS'],
  ])
  await t.close()
})

it('an ended transfer tells what its models did, and retry runs those that failed, when their jobs are kept no longer', async () => {
  let isRepaired = false
  const t = await start(async ({ model }) => {
    if (model === 'a' || isRepaired) return succeeded(model)
    throw new TransferError('ROW_INVALID', 'not a number')
  })
  const { transferId } = await t.run()
  const { models } = openQueues(t.connection)
  for (const state of ['completed', 'failed'] as const) await models.clean(0, 0, state)
  const view = await t.queue.status(transferId)
  isRepaired = true
  const retry = await t.queue.retry(transferId)
  const retried = await t.queue.waitUntilFinished(retry.transferId, { signal: AbortSignal.timeout(20_000) })

  expect(view.models.map(({ model, status }) => [model, status])).toEqual([
    ['a', 'SUCCESS'],
    ['b', 'ERROR'],
  ])
  expect(view.models[1]?.result?.error?.code).toBe('ROW_INVALID')
  expect(retried.models.map(({ model, status }) => [model, status])).toEqual([['b', 'SUCCESS']])
  await models.close()
  await t.close()
})

it('retry is refused for a transfer that runs, one without a failed model, and one that is not known', async () => {
  let release: () => void = () => {}
  const t = await start(({ model }) => new Promise(resolve => (release = () => resolve(succeeded(model)))), {
    models: ['a'],
  })
  const { transferId } = await t.queue.enqueue({ destination: 'acme' })
  const running = await t.queue.retry(transferId).catch(toTransferError)
  while ((await t.queue.status(transferId)).models[0]?.status !== 'RUNNING') await sleep(20)
  await sleep(50)
  release()
  await t.queue.waitUntilFinished(transferId, { signal: AbortSignal.timeout(20_000) })

  expect(running).toMatchObject({
    code: 'RETRY_REFUSED',
    message: expect.stringMatching(/ is (PENDING|RUNNING): /),
  })
  await expect(t.queue.retry(transferId)).rejects.toMatchObject({
    code: 'RETRY_REFUSED',
    message: `transfer ${transferId} has no failed model: there is nothing to retry`,
  })
  await expect(t.queue.retry(newTransferId())).rejects.toMatchObject({ code: 'TRANSFER_NOT_FOUND' })
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
  expect(view.failedReason).toMatch(/^JOB_INVALID: .*is of version 9, this worker reads 1/)
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
  const store = createModelStateStore(t.connection)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.bigInt(), { minLength: 1, maxLength: 8 }),
      fc.uuid(),
      async (values, table) => {
        for (const value of values) await store.write('acme', table, { watermark: String(value) }, 'integer')
        const largest = [...values].sort((left, right) => (left < right ? 1 : -1))[0]
        expect(await store.read('acme', table)).toEqual({ watermark: String(largest) })
      },
    ),
  )
  await t.close()
})

it('remembers of a model what the latest attempt told, whenever an older one does', async () => {
  const t = await start(async ({ model }) => succeeded(model))
  const store = createModelStateStore(t.connection)
  await store.write('acme', 'list', { digest: 'newer', epoch: 3 }, 'integer')
  await store.write('acme', 'list', { digest: 'older', epoch: 2 }, 'integer')
  const kept = await store.read('acme', 'list')
  await store.write('acme', 'list', { digest: 'again', epoch: 3 }, 'integer')
  const told = await store.read('acme', 'list')
  await store.replace('acme', 'list', {})
  await store.write('acme', 'list', { digest: 'first', epoch: 1 }, 'integer')

  expect(kept?.digest).toBe('newer')
  expect(told?.digest).toBe('again')
  expect((await store.read('acme', 'list'))?.digest).toBe('first')
  await t.close()
})
