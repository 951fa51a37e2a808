import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OperationsServer, startOperationsServer } from '../../../src/operations/http-server.ts'
import { createMetrics } from '../../../src/operations/metrics.ts'
import { connectRedis, type QueueConnection } from '../../../src/queue/connection.ts'
import { openQueues, type TransferQueues } from '../../../src/queue/queues.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'

let redis: RunningRedis
let connection: QueueConnection
let queues: TransferQueues
beforeAll(async () => {
  redis = await startRedis()
  connection = await connectRedis({ redisUrl: redis.url, prefix: 'operations' })
  queues = openQueues(connection)
})
afterAll(async () => {
  await Promise.all([queues.transfers.close(), queues.models.close()])
  connection.redis.disconnect()
  await redis.stop()
})

async function serve<Result>(
  options: { dashboard?: { user: string; password: string }; problems?: string[] },
  use: (server: OperationsServer) => Promise<Result>,
): Promise<Result> {
  const server = await startOperationsServer({
    host: '127.0.0.1',
    port: 0,
    queues,
    metrics: createMetrics(queues, connection),
    dashboard: options.dashboard,
    problems: async () => options.problems ?? [],
  })
  try {
    return await use(server)
  } finally {
    await server.close()
  }
}

const statusOf = async (url: string, headers: Record<string, string> = {}): Promise<number> =>
  (await fetch(url, { headers })).status
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

it('shows the dashboard to whoever knows user and password, and to nobody else', async () => {
  await serve({ dashboard: { user: 'operator', password: 'pass' } }, async ({ url }) => {
    expect(await statusOf(`${url}/dashboard`)).toBe(401)
    expect(await statusOf(`${url}/dashboard/api/queues`)).toBe(401)
    expect(await statusOf(`${url}/dashboard`, basic('operator:wrong'))).toBe(401)
    const page = await fetch(`${url}/dashboard`, { headers: basic('operator:pass') })
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<html')])
    const list = await fetch(`${url}/dashboard/api/queues`, { headers: basic('operator:pass') })
    expect(await list.text()).toContain('transfers')
  })
})

it('has no dashboard without a password', async () => {
  await serve({}, async ({ url }) => expect(await statusOf(`${url}/dashboard`)).toBe(404))
})

it('is ready when nothing keeps it from working, and says what does', async () => {
  await serve({}, async ({ url }) => expect(await statusOf(`${url}/health/ready`)).toBe(200))
  await serve({ problems: ['Redis does not answer'] }, async ({ url }) => {
    const answer = await fetch(`${url}/health/ready`)
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { status: 'not ready', problems: ['Redis does not answer'] },
    ])
    expect(await statusOf(`${url}/health/live`)).toBe(200)
  })
})
