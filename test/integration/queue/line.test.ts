import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TransferError } from '../../../src/domain/errors.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { createDestinationLine } from '../../../src/queue/destination-line.ts'
import { viewTransfer } from '../../../src/queue/list-transfers.ts'
import { createOpenRequests } from '../../../src/queue/open-requests.ts'
import { modelJobId, type TransferJob } from '../../../src/queue/transfer-view.ts'
import type { TransferWorkerOptions } from '../../../src/queue/transfer-worker.ts'
import { createBarrier, startQueue, succeeded, until } from '../../support/queue-under-test.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'

let redis: RunningRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

/** A queue whose models of `acme` wait until the test lets them go on, and what was started. */
async function startBlocked(...[options]: [Parameters<typeof startQueue>[2]?]) {
  const started: string[] = []
  const barrier = createBarrier()
  const t = await startQueue(
    redis.url,
    async ({ transferId, destination, model }) => {
      started.push(`${transferId} ${model}`)
      if (destination === 'acme') await barrier.pass()
      return succeeded(model)
    },
    options,
  )
  return { ...t, started, release: barrier.open }
}

it('transfers of one destination run one after the other, in their order, while others go on', async () => {
  const t = await startBlocked()
  const ids: string[] = []
  for (let index = 0; index < 4; index++)
    ids.push((await t.queue.enqueue({ destination: 'acme', models: ['a'] })).transferId)
  const [first = '', second = ''] = ids
  await until(async () => (await t.queue.status(ids[3] ?? '')).waiting !== undefined)
  const other = await t.queue.enqueue({ destination: 'other' })
  const otherView = await t.finished(other.transferId)
  const waiting = await t.queue.status(second)
  const startedMeanwhile = t.started.filter(text => !text.startsWith(other.transferId))
  t.release()
  for (const id of ids) await t.finished(id)

  expect(otherView.status).toBe('SUCCESS')
  expect(startedMeanwhile).toEqual([`${first} a`])
  expect(waiting).toMatchObject({ status: 'PENDING', waiting: { reason: 'busy', transferIds: [first] } })
  expect(t.started.filter(text => ids.includes(text.slice(0, 26)))).toEqual(ids.map(id => `${id} a`))
  await t.close()
})

it('so many at a time as the setting says', async () => {
  const t = await startBlocked({ transfersPerDestination: 2 })
  const ids: string[] = []
  for (let index = 0; index < 3; index++)
    ids.push((await t.queue.enqueue({ destination: 'acme', models: ['a'] })).transferId)
  await until(async () => (await t.queue.status(ids[2] ?? '')).waiting !== undefined)
  await until(() => t.started.length === 2)

  expect((await t.queue.status(ids[2] ?? '')).waiting?.transferIds?.toSorted()).toEqual(
    ids.slice(0, 2).toSorted(),
  )
  t.release()
  for (const id of ids) expect((await t.finished(id)).status).toBe('SUCCESS')
  await t.close()
})

it('whoever asks first, the one that was enqueued first comes first', async () => {
  const { connection, close } = await startQueue(redis.url, async ({ model }) => succeeded(model), {}, 0)
  const line = createDestinationLine(connection)
  const enter = (transferId: string, enqueuedMs: number) =>
    line.enter({ destination: 'acme', transferId, enqueuedMs }, 1)

  expect(await enter('a', 1)).toEqual([])
  expect(await enter('c', 3)).toEqual(['a'])
  expect(await enter('b', 2)).toEqual(['a'])
  await line.leave({ destination: 'acme', transferId: 'a' })
  expect(await line.next('acme', 1)).toEqual(['b'])
  expect(await enter('c', 3)).toEqual(['b'])
  expect(await enter('b', 2)).toEqual([])
  expect(await line.next('acme', 1)).toEqual([])
  await line.stepBack({ destination: 'acme', transferId: 'b', enqueuedMs: 2 })
  expect(await line.waiting('acme')).toEqual(['b', 'c'])
  await close()
})

it('a transfer that is gone without a word holds up nobody', async () => {
  const t = await startBlocked()
  const line = createDestinationLine(t.connection)
  await line.enter({ destination: 'other', transferId: newTransferId(), enqueuedMs: 1 }, 1)
  await line.enter({ destination: 'other', transferId: newTransferId(), enqueuedMs: 2 }, 1)
  const { transferId } = await t.queue.enqueue({ destination: 'other' })

  expect((await t.finished(transferId)).status).toBe('SUCCESS')
  await t.close()
})

it('a transfer whose worker died while it started it is started again, with all models that joined', async () => {
  const seen: string[] = []
  const runModel = async ({ model }: { readonly model: string }) => {
    seen.push(model)
    return succeeded(model)
  }
  const t = await startQueue(redis.url, runModel, {}, 0)
  const { transferId } = await t.queue.enqueue({ destination: 'acme', models: ['a'] })
  await t.queue.enqueue({ destination: 'acme', models: ['b'], whenBusy: 'merge' })
  const request = { destination: 'acme', transferId, type: 'incremental', models: ['a'] }
  await createDestinationLine(t.connection).enter({ ...request, enqueuedMs: Date.now() }, 1)
  await createOpenRequests(t.connection).close(request)
  await t.addWorker()

  expect((await t.finished(transferId)).status).toBe('SUCCESS')
  expect(seen.toSorted()).toEqual(['a', 'b'])
  await t.close()
})

it('a transfer that was cancelled while it waited holds up nobody', async () => {
  const t = await startBlocked()
  const ids: string[] = []
  for (let index = 0; index < 3; index++)
    ids.push((await t.queue.enqueue({ destination: 'acme', models: ['a'] })).transferId)
  const [, second = '', third = ''] = ids
  await until(async () => (await t.queue.status(third)).waiting !== undefined)
  await t.queue.cancel(second)
  t.release()

  expect((await t.finished(third)).status).toBe('SUCCESS')
  expect((await t.queue.status(second)).status).toBe('CANCELLED')
  expect(t.started).not.toContain(`${second} a`)
  await t.close()
})

it('a request merges with the transfer that waits: one id, the models of both, each run once', async () => {
  const t = await startBlocked()
  const first = await t.queue.enqueue({ destination: 'acme', models: ['a'] })
  await until(() => t.started.length === 1)
  const second = await t.queue.enqueue({ destination: 'acme', models: ['b'] })
  const joined = await t.queue.enqueue({ destination: 'acme', models: ['c', 'b'], whenBusy: 'merge' })
  const full = await t.queue.enqueue({ destination: 'acme', type: 'full-refresh', whenBusy: 'merge' })
  const view = await t.queue.status(second.transferId)
  t.release()
  await t.finished(first.transferId)
  const { result } = await t.finished(second.transferId)
  await t.finished(full.transferId)

  expect(joined.transferId).toBe(second.transferId)
  expect(full.transferId).not.toBe(second.transferId)
  expect(view.models.map(({ model }) => model)).toEqual(['b', 'c'])
  expect(result?.models.map(({ model }) => model)).toEqual(['b', 'c'])
  expect(t.started.filter(text => text.startsWith(second.transferId))).toHaveLength(2)
  await t.close()
})

it('a request does not merge with a transfer that was cancelled', async () => {
  const t = await startBlocked()
  await t.queue.enqueue({ destination: 'acme', models: ['a'] })
  await until(() => t.started.length === 1)
  const second = await t.queue.enqueue({ destination: 'acme', models: ['a'] })
  await t.queue.cancel(second.transferId)
  const third = await t.queue.enqueue({ destination: 'acme', models: ['a'], whenBusy: 'merge' })
  t.release()

  expect(third.transferId).not.toBe(second.transferId)
  expect((await t.finished(third.transferId)).status).toBe('SUCCESS')
  await t.close()
})

it('the longer the line of a destination, the more rarely each in it asks, so that a long one does not busy the workers', async () => {
  const t = await startBlocked({ waitLimitMs: 86_400_000 })
  const count = 120
  const ids: string[] = []
  for (let index = 0; index < count; index++)
    ids.push((await t.queue.enqueue({ destination: 'acme', models: ['a'] })).transferId)
  await until(async () => (await t.queues.transfers.getDelayedCount()) === count - 1)
  const delaysMs = (await t.queues.transfers.getDelayed()).map(({ delay }) => delay)
  const asksAMinute = delaysMs.reduce((sum, delayMs) => sum + 60_000 / delayMs, 0)
  const last = ids.at(-1) ?? ''
  for (const id of ids.slice(1, -1)) await t.queue.cancel(id)
  t.release()

  expect(asksAMinute).toBeLessThan(30)
  expect(Math.max(...delaysMs)).toBeLessThanOrEqual(600_000)
  // Whoever leaves the line wakes the next one, however long it would have waited.
  expect((await t.finished(last)).status).toBe('SUCCESS')
  await t.close()
})

it('a transfer that has ended leaves nothing in Redis but its kept jobs', async () => {
  const t = await startBlocked()
  const first = await t.queue.enqueue({ destination: 'acme', models: ['a'] })
  await until(() => t.started.length === 1)
  const second = await t.queue.enqueue({ destination: 'acme', models: ['b'] })
  await t.queue.enqueue({ destination: 'acme', models: ['c'], whenBusy: 'merge' })
  t.release()
  const ids = [first.transferId, second.transferId]
  for (const id of ids) await t.finished(id)
  const { redis: client, prefix } = t.connection
  const isOfJob = (key: string) =>
    key.startsWith(`${prefix}:transfers:`) || key.startsWith(`${prefix}:models:`)
  const left = (await client.keys(`${prefix}:*`)).filter(key => !isOfJob(key))
  const seconds = await Promise.all(left.map(key => client.ttl(key)))

  // Whose an id is stays for an hour.
  expect(left.filter(key => !key.startsWith(`${prefix}:transfer-of:`))).toEqual([])
  expect(seconds.filter(ttl => ttl <= 0 || ttl > 3600)).toEqual([])
  await t.close()
})

/** A transfer whose worker died when it had made the job of model a, and not yet that of b. */
async function startHalfMade(runModel: TransferWorkerOptions['runModel']) {
  const troubles: string[] = []
  const onEvent: TransferWorkerOptions['onEvent'] = event => {
    if (event.event === 'error' || event.event === 'stalled') troubles.push(JSON.stringify(event))
  }
  const t = await startQueue(redis.url, runModel, { onEvent }, 0)
  const { transferId } = await t.queue.enqueue({ destination: 'acme' })
  const { transfers, models } = t.queues
  await models.add(
    'a',
    { version: 1, transferId, destination: 'acme', type: 'incremental', model: 'a' },
    {
      jobId: modelJobId(transferId, 'a'),
      parent: { id: transferId, queue: transfers.qualifiedName },
      ignoreDependencyOnFailure: true,
    },
  )
  await transfers.pause()
  return {
    ...t,
    transferId,
    troubles,
    /** Has a worker run a, and then go on with the transfer. */
    goOn: async (between: () => Promise<void> = async () => {}) => {
      await t.addWorker()
      await until(async () => (await models.getJobCountByTypes('completed', 'failed')) === 1)
      await between()
      await transfers.resume()
      const { status, models: ended } = await t.finished(transferId)
      return { status, models: ended.map(one => `${one.model} ${one.status}`) }
    },
  }
}

it('a model that ended before the worker came back that was making the jobs holds up nobody', async () => {
  const t = await startHalfMade(async ({ model }) => {
    if (model === 'a') throw new TransferError('ROW_INVALID', 'does not fit')
    return succeeded(model)
  })
  const told = await t.goOn()
  await t.close()

  expect(told).toEqual({ status: 'PARTIAL_FAILURE', models: ['a ERROR', 'b SUCCESS'] })
  expect(t.troubles).toEqual([])
})

it('a transfer that is cancelled while its models’ jobs are made tells of all of them', async () => {
  const [early, late] = [
    await startHalfMade(async ({ model }) => succeeded(model)),
    await startHalfMade(async ({ model }) => succeeded(model)),
  ]
  await early.queue.cancel(early.transferId)
  const [toldEarly, toldLate] = [
    await early.goOn(),
    await late.goOn(() => late.queue.cancel(late.transferId)),
  ]
  await Promise.all([early.close(), late.close()])

  expect(toldEarly).toEqual({ status: 'CANCELLED', models: ['a CANCELLED', 'b CANCELLED'] })
  expect(toldLate).toEqual({ status: 'CANCELLED', models: ['a SUCCESS', 'b CANCELLED'] })
  expect([...early.troubles, ...late.troubles]).toEqual([])
})

it('telling what a transfer did is tried again when AWS would not have it just then', async () => {
  const tries = { throttled: 0, denied: 0 }
  const t = await startQueue(redis.url, async ({ model }) => succeeded(model), {
    finishTransfer: async ({ destination }) => {
      if (destination === 'denied' && ++tries.denied > 0)
        throw new TransferError('ACCESS_DENIED', 'no glue:UpdateTable')
      if (destination === 'throttled' && ++tries.throttled < 3)
        throw new TransferError('AWS_THROTTLED', 'slow down')
    },
  })
  const [throttled, denied] = [
    await t.queue.enqueue({ destination: 'throttled' }),
    await t.queue.enqueue({ destination: 'denied' }),
  ]
  const [told, untold] = [await t.finished(throttled.transferId), await t.finished(denied.transferId)]
  await t.close()

  expect(told).toMatchObject({ status: 'SUCCESS', failedReason: undefined })
  expect(tries).toEqual({ throttled: 3, denied: 1 })
  expect(untold.failedReason).toContain('ACCESS_DENIED')
  expect(untold.models.map(({ status }) => status)).toEqual(['SUCCESS', 'SUCCESS'])
})

it('as many ended transfers are kept as is set, the newest', async () => {
  const t = await startQueue(redis.url, async ({ model }) => succeeded(model), { keptTransfers: 2 })
  const ids: string[] = []
  for (let count = 0; count < 4; count++) {
    const { transferId } = await t.queue.enqueue({ destination: 'acme' })
    await t.finished(transferId)
    ids.push(transferId)
  }
  const kept = await t.queues.transfers.getRanges(['completed'], 0, -1)
  const modelCount = await t.queues.models.getJobCountByTypes('completed')

  expect(kept.toSorted()).toEqual(ids.slice(2).toSorted())
  expect(modelCount).toBe(2)
  await t.close()
})

it('a transfer that was cancelled runs until what its models did is collected, though its job waits for that', async () => {
  const t = await startBlocked()
  const { transferId } = await t.queue.enqueue({ destination: 'acme', models: ['a'] })
  await until(() => t.started.length === 1)
  await until(async () => (await t.queues.transfers.getJobState(transferId)) === 'waiting-children')
  await t.queues.transfers.pause()
  await t.queue.cancel(transferId)
  t.release()
  await until(async () => (await t.queues.transfers.getJobState(transferId)) !== 'waiting-children')
  const before = await t.queue.status(transferId)
  await t.queues.transfers.resume()
  const after = await t.finished(transferId)

  expect(before).toMatchObject({ status: 'RUNNING', result: undefined })
  expect(after.result?.models).toMatchObject([{ model: 'a' }])
  await t.close()
})

it('a transfer that ends while it is looked at is told with what it left, its models too', async () => {
  const t = await startBlocked()
  const { transferId } = await t.queue.enqueue({ destination: 'acme', models: ['a'] })
  await until(() => t.started.length === 1)
  const job: TransferJob | undefined = await t.queues.transfers.getJob(transferId)
  t.release()
  await t.finished(transferId)
  if (!job) throw new Error('the job is not there')
  const view = await viewTransfer(t.connection, t.queues, job)

  expect(view).toMatchObject({ status: 'SUCCESS', failedReason: undefined, result: { status: 'SUCCESS' } })
  expect(view.models).toMatchObject([{ model: 'a', status: 'SUCCESS', result: { status: 'SUCCESS' } }])
  await t.close()
})

it('no request that merges is lost, whenever workers start the transfer that it joins', async () => {
  const t = await startQueue(redis.url, async ({ model }) => {
    await sleep(20)
    return succeeded(model)
  })
  await t.addWorker()
  const request = fc.record({
    destination: fc.constantFrom('acme', 'other'),
    models: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 }),
    whenBusy: fc.constantFrom('merge', 'merge', 'queue'),
    afterMs: fc.integer({ min: 0, max: 300 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 5, maxLength: 25 }), async requests => {
      const enqueued = await Promise.all(
        requests.map(async ({ afterMs, ...one }) => {
          await sleep(afterMs)
          return t.queue.enqueue(one)
        }),
      )
      for (const [index, { transferId }] of enqueued.entries()) {
        const { result } = await t.finished(transferId)
        const loaded = result?.models.map(({ model }) => model)
        expect(loaded).toEqual(expect.arrayContaining(requests[index]?.models ?? []))
      }
    }),
    { numRuns: 8 },
  )
  await t.close()
})
