import { afterAll, beforeAll, expect, it } from 'vitest'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { connectRedis } from '../../../src/queue/connection.ts'
import { createRateLimiter } from '../../../src/queue/rate-limiter.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'

let redis: RunningRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

/** Limiters of so many workers, each with a connection of its own. */
async function open(count: number) {
  const prefix = `t${newTransferId()}`
  const connections = await Promise.all(
    Array.from({ length: count }, () => connectRedis({ redisUrl: redis.url, prefix })),
  )
  return {
    connections,
    limiters: connections.map(connection => createRateLimiter(connection)),
    close: () => {
      for (const connection of connections) connection.redis.disconnect()
    },
  }
}

const RATE = { perSecond: 100, burst: 20 }

it('workers together never make more calls of an account than its rate and burst, and other accounts do not wait', async () => {
  const { limiters, close } = await open(3)
  const startedMs = performance.now()
  const sentMs: number[] = []
  const calls = Array.from({ length: 120 }, async (_, index) => {
    await limiters[index % 3]?.turn({ scope: '111:eu', rate: RATE })
    sentMs.push(performance.now())
  })
  await limiters[0]?.turn({ scope: '222:eu', rate: RATE })
  const otherMs = performance.now() - startedMs
  await Promise.all(calls)

  expect(otherMs).toBeLessThan(500)
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(990)
  for (const [first, fromMs] of sentMs.entries())
    for (let last = first; last < sentMs.length; last++) {
      // Timers of a busy machine are late together: a tenth of a second of its calls may come with the next.
      const lastedMs = (sentMs[last] ?? 0) - fromMs + 100
      expect(last - first + 1).toBeLessThanOrEqual(RATE.burst + 1 + (lastedMs / 1000) * RATE.perSecond)
    }
  close()
})

it('a wait ends when its signal aborts', async () => {
  const { limiters, close } = await open(1)
  const call = { scope: '111:eu', rate: { perSecond: 0.2, burst: 1 } }
  await limiters[0]?.turn(call)
  const startedMs = performance.now()
  await limiters[0]?.turn(call, AbortSignal.timeout(100))

  expect(performance.now() - startedMs).toBeLessThan(2_000)
  close()
})

it('a Redis that does not answer holds up no call for long, and each worker counts for itself', async () => {
  const { connections, limiters, close } = await open(2)
  const call = { scope: '111:eu', rate: { perSecond: 10, burst: 2 } }
  await connections[1]?.redis.call('CLIENT', 'PAUSE', '4000', 'ALL')
  const startedMs = performance.now()
  await Promise.all([limiters[0]?.turn(call), limiters[0]?.turn(call)])
  const burstMs = performance.now() - startedMs
  await Promise.all(Array.from({ length: 5 }, () => limiters[0]?.turn(call)))
  const allMs = performance.now() - startedMs

  expect(burstMs).toBeLessThan(2_000)
  expect(allMs).toBeGreaterThanOrEqual(burstMs + 200)
  expect(allMs).toBeLessThan(5_000)
  close()
})
