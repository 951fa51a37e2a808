import { afterAll, beforeAll, expect, it } from 'vitest'
import { TransferError } from '../../../src/domain/errors.ts'
import { startOperationsServer } from '../../../src/operations/http-server.ts'
import { createMetrics, METRICS, type Metrics } from '../../../src/operations/metrics.ts'
import type { TransferQueues } from '../../../src/queue/queues.ts'
import { startQueue, succeeded } from '../../support/queue-under-test.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'

let redis: RunningRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

/** Values by metric and labels, as a scrape gets them. */
async function scrape(queues: TransferQueues, metrics: Metrics): Promise<ReadonlyMap<string, number>> {
  const options = { host: '127.0.0.1', port: 0, queues, metrics, dashboard: undefined }
  const server = await startOperationsServer({ ...options, problems: async () => [] })
  const text = await (await fetch(`${server.url}/metrics`)).text()
  await server.close()
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(lines.map(line => [line.replace(/ \S+$/, ''), Number(/\S+$/.exec(line))]))
}

it('tells what models and transfers did, whose move a failure is, what was rejected, and what waits, without a customer’s name', async () => {
  const kept: { metrics?: Metrics } = {}
  let tries = 0
  const t = await startQueue(
    redis.url,
    async ({ model }) => {
      if (model === 'retried' && tries++ === 0) throw new TransferError('AWS_THROTTLED', 'slow down')
      if (model === 'refused') {
        const details = { rejectedRowCount: 7 }
        throw new TransferError('ROW_INVALID', 'too many rows do not fit', { details })
      }
      return {
        ...succeeded(model),
        rejectedRowCount: 2,
        changedRowCount: 3,
        scannedBytes: 40,
        statementCount: 1,
      }
    },
    {
      modelsOf: () => ['loaded', 'retried', 'refused'],
      onEvent: event => kept.metrics?.record(event),
    },
  )
  kept.metrics = createMetrics(t.queues, t.connection)
  const { transferId } = await t.queue.enqueue({ destination: 'acme' })
  await t.finished(transferId)
  await t.queue.enqueue({ destination: 'later', delayMs: 60_000 })
  const values = await scrape(t.queues, kept.metrics)
  await t.close()

  const told = Object.fromEntries(
    [...values].filter(([name]) => /^athena_transfer_(?!model_seconds_bucket)/.test(name)),
  )
  expect(told).toMatchObject({
    'athena_transfer_transfers_total{status="PARTIAL_FAILURE"}': 1,
    'athena_transfer_models_total{status="SUCCESS"}': 2,
    'athena_transfer_models_total{status="ERROR"}': 1,
    'athena_transfer_model_failures_total{code="ROW_INVALID",owner="operator"}': 1,
    'athena_transfer_model_retries_total{code="AWS_THROTTLED"}': 1,
    athena_transfer_unchanged_models_total: 0,
    athena_transfer_rows_read_total: 10,
    athena_transfer_rows_rejected_total: 11,
    athena_transfer_rows_changed_total: 6,
    athena_transfer_scanned_bytes_total: 80,
    athena_transfer_load_statements_total: 2,
    athena_transfer_model_seconds_count: 2,
    'athena_transfer_jobs{queue="transfers",state="delayed"}': 1,
    'athena_transfer_jobs{queue="models",state="wait"}': 0,
    'athena_transfer_oldest_job_age_seconds{queue="models"}': 0,
  })
  expect([...values.keys()].join('\n')).not.toMatch(/acme|later|loaded/)
  for (const { name } of Object.values(METRICS)) expect([...values.keys()].join('\n')).toContain(name)
  expect(values.get('process_resident_memory_bytes')).toBeGreaterThan(0)
})

it('tells the age of a job that waits, though its data was damaged', async () => {
  const t = await startQueue(redis.url, async ({ model }) => succeeded(model), {}, 0)
  await t.queue.enqueue({ destination: 'acme' })
  const { transfers } = t.queues
  const [id = ''] = await transfers.getRanges(['wait'], 0, 0, true)
  const minuteAgo = String(Date.now() - 60_000)
  await t.connection.redis.hset(transfers.toKey(id), { data: 'no JSON', timestamp: minuteAgo })
  const metrics = createMetrics(t.queues, t.connection)
  const ageOf = async () =>
    (await scrape(t.queues, metrics)).get('athena_transfer_oldest_job_age_seconds{queue="transfers"}')
  const age = await ageOf()
  await t.connection.redis.del(transfers.toKey(id))
  const ageOfLost = await ageOf()
  await t.close()

  expect(age).toBeGreaterThanOrEqual(60)
  expect(age).toBeLessThan(120)
  expect(ageOfLost).toBe(0)
})
