import { afterAll, beforeAll, expect, it } from 'vitest'
import { TransferError } from '../../../src/domain/errors.ts'
import { markEnded } from '../../../src/queue/cancellation.ts'
import { startQueue, succeeded, until } from '../../support/queue-under-test.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'

let redis: RunningRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

/** A queue on which transfers to `acme` fail for the customer's reasons until the test mends it. */
async function startDenied(options: Parameters<typeof startQueue>[2]) {
  const state = { isMended: false, started: [] as string[] }
  const t = await startQueue(
    redis.url,
    async ({ transferId, destination, model }) => {
      if (destination === 'acme') state.started.push(transferId)
      if (destination === 'acme' && !state.isMended)
        throw new TransferError('ACCESS_DENIED', 'the role may not glue:CreateTable')
      return succeeded(model)
    },
    { modelsOf: () => ['a'], ...options },
  )
  const enqueue = async (destination = 'acme') => (await t.queue.enqueue({ destination })).transferId
  const fail = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++)
      expect((await t.finished(await enqueue())).status).toBe('ERROR')
  }
  return { ...t, state, enqueue, fail }
}

it('a destination whose transfers fail for the customer’s reasons is paused, told with why, and no other is', async () => {
  const t = await startDenied({ pauseAfter: 2, pauseMs: 3_600_000 })
  await t.fail(2)
  const held = await t.enqueue()
  const other = await t.finished(await t.enqueue('other'))
  await until(async () => (await t.queue.status(held)).waiting !== undefined)

  expect(other.status).toBe('SUCCESS')
  expect(await t.queue.status(held)).toMatchObject({
    status: 'PENDING',
    waiting: {
      reason: 'paused',
      failure: { code: 'ACCESS_DENIED', hint: expect.stringContaining('policy') },
    },
  })
  expect(await t.queue.pausedDestinations()).toMatchObject([
    { destination: 'acme', failures: 2, reason: { code: 'ACCESS_DENIED' } },
  ])
  expect(t.state.started).toHaveLength(2)
  expect(await t.queues.transfers.getActiveCount()).toBe(0)
  await t.close()
})

it('after the pause one transfer tries; while it fails the others wait, and its success lets them all run', async () => {
  const t = await startDenied({ pauseAfter: 1, pauseMs: 1_500 })
  await t.fail(1)
  const ids = [await t.enqueue(), await t.enqueue(), await t.enqueue()]
  const probe = await t.finished(ids[0] ?? '')
  const startedByThen = t.state.started.length
  const [paused] = await t.queue.pausedDestinations()
  t.state.isMended = true
  const statuses = []
  for (const id of ids.slice(1)) statuses.push((await t.finished(id)).status)

  expect(probe.status).toBe('ERROR')
  expect(startedByThen).toBe(2)
  expect(paused).toMatchObject({ failures: 2 })
  expect(statuses).toEqual(['SUCCESS', 'SUCCESS'])
  expect(await t.queue.pausedDestinations()).toEqual([])
  await t.close()
})

it('an operator resumes a destination at once', async () => {
  const t = await startDenied({ pauseAfter: 1, pauseMs: 3_600_000 })
  await t.fail(1)
  const ids = [await t.enqueue(), await t.enqueue()]
  await until(async () => (await t.queue.status(ids[1] ?? '')).waiting !== undefined)
  t.state.isMended = true

  expect(await t.queue.resume('acme')).toBe(true)
  for (const id of ids) expect((await t.finished(id)).status).toBe('SUCCESS')
  expect(await t.queue.resume('acme')).toBe(false)
  await t.close()
})

it('a transfer that waited too long is EXPIRED, tells what for, and can be retried', async () => {
  const t = await startDenied({ pauseAfter: 1, pauseMs: 3_600_000, waitLimitMs: 1_000 })
  await t.fail(1)
  const held = await t.enqueue()
  const view = await t.finished(held)
  t.state.isMended = true
  await t.queue.resume('acme')
  const retry = await t.queue.retry(held)

  expect(view).toMatchObject({
    status: 'EXPIRED',
    waiting: { reason: 'paused', failure: { code: 'ACCESS_DENIED' } },
  })
  expect((await t.finished(retry.transferId)).status).toBe('SUCCESS')
  await t.close()
})

it('what merged with a transfer that waited too long is retried with it, wherever the worker that ended it died', async () => {
  const t = await startDenied({
    pauseAfter: 1,
    pauseMs: 3_600_000,
    modelsOf: ({ models }) => models ?? ['a'],
  })
  await t.fail(1)
  const { transferId } = await t.queue.enqueue({ destination: 'acme', models: ['a'] })
  await t.queue.enqueue({ destination: 'acme', models: ['b'], whenBusy: 'merge' })
  await until(async () => (await t.queue.status(transferId)).waiting !== undefined)
  // As a worker leaves it that dies once it has found that the wait was too long.
  await markEnded(t.connection, transferId, 'expired')
  const between = await t.queue.status(transferId)
  t.state.isMended = true
  await t.queue.resume('acme')
  await until(async () => (await t.queue.status(transferId)).result !== undefined)
  const retry = await t.queue.retry(transferId)
  const { result } = await t.finished(retry.transferId)

  expect(between).toMatchObject({ status: 'EXPIRED', waiting: { reason: 'paused' } })
  expect((await t.queue.status(transferId)).status).toBe('EXPIRED')
  expect(result?.models.map(({ model, status }) => `${model} ${status}`)).toEqual(['a SUCCESS', 'b SUCCESS'])
  await t.close()
})

it('failures that are the operator’s to mend pause nothing', async () => {
  const t = await startQueue(
    redis.url,
    async () => {
      throw new TransferError('ROW_INVALID', 'line 3')
    },
    { pauseAfter: 1, pauseMs: 3_600_000 },
  )
  for (let index = 0; index < 2; index++)
    expect((await t.finished((await t.queue.enqueue({ destination: 'acme' })).transferId)).status).toBe(
      'ERROR',
    )

  expect(await t.queue.pausedDestinations()).toEqual([])
  await t.close()
})
