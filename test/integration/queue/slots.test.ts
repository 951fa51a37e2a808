import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { connectRedis } from '../../../src/queue/connection.ts'
import { createSlots, type TakenSlots } from '../../../src/queue/slots.ts'
import { startQueue, succeeded } from '../../support/queue-under-test.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'

let redis: RunningRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

it('no more models of a destination or a workgroup run at a time than their limits, and each runs once', async () => {
  const running = new Map<string, number>()
  const most = new Map<string, number>()
  let runs = 0
  const count = (key: string, by: number): void => {
    const now = (running.get(key) ?? 0) + by
    running.set(key, now)
    most.set(key, Math.max(most.get(key) ?? 0, now))
  }
  const t = await startQueue(
    redis.url,
    async ({ destination, model }) => {
      runs++
      for (const key of [destination, 'workgroup']) count(key, 1)
      await sleep(60)
      for (const key of [destination, 'workgroup']) count(key, -1)
      return succeeded(model)
    },
    {
      concurrency: 8,
      modelsOf: () => Array.from({ length: 12 }, (_, index) => `m${index}`),
      scopesOf: ({ destination }) => [
        { name: `destination:${destination}`, limit: 2 },
        { name: 'workgroup:shared', limit: 3 },
      ],
    },
  )
  await t.addWorker()
  const ids = await Promise.all(['acme', 'beta'].map(destination => t.queue.enqueue({ destination })))
  for (const { transferId } of ids) expect((await t.finished(transferId)).status).toBe('SUCCESS')
  const jobs = await t.queues.models.getCompleted()

  expect(runs).toBe(24)
  // How many of each meet is left to chance: whoever finds no slot comes back at a time of its own.
  expect(most.get('acme')).toBeLessThanOrEqual(2)
  expect(most.get('beta')).toBeLessThanOrEqual(2)
  expect([2, 3]).toContain(most.get('workgroup'))
  expect(jobs.map(({ attemptsMade }) => attemptsMade)).toEqual(jobs.map(() => 1))
  await t.close()
})

it('a destination with many models does not keep a worker from another one’s', async () => {
  const t = await startQueue(
    redis.url,
    async ({ destination, model }, { signal }) => {
      if (destination === 'acme') await sleep(600_000, undefined, { signal })
      return succeeded(model)
    },
    {
      concurrency: 3,
      modelsOf: ({ destination }) =>
        destination === 'acme' ? Array.from({ length: 40 }, (_, i) => `m${i}`) : ['a'],
      scopesOf: ({ destination }) => [{ name: destination, limit: 2 }],
    },
  )
  const large = await t.queue.enqueue({ destination: 'acme' })
  await sleep(300)
  const small = await t.queue.enqueue({ destination: 'other' })

  expect((await t.finished(small.transferId)).status).toBe('SUCCESS')
  await t.queue.cancel(large.transferId)
  await t.close()
})

it('the slot of a worker that died is free once its lease ends, and not before', async () => {
  const prefix = `t${newTransferId()}`
  const died = await connectRedis({ redisUrl: redis.url, prefix })
  const alive = await connectRedis({ redisUrl: redis.url, prefix })
  const scopes = [{ name: 'acme', limit: 1 }]
  await createSlots(died, { leaseMs: 600 }).take('a', scopes)
  const slots = createSlots(alive, { leaseMs: 600 })
  await sleep(900)
  const whileAlive = await slots.take('b', scopes)
  died.redis.disconnect()
  await sleep(700)
  const afterwards = await slots.take('b', scopes)

  expect(whileAlive).toEqual({ crowd: 1 })
  expect(afterwards).not.toHaveProperty('crowd')
  await (afterwards as TakenSlots).release()
  alive.redis.disconnect()
})
