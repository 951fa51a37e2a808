/**
 * A worker process of the day: the product's queue code, with a stand-in for what a model does to AWS. It tells its parent
 * what happens, and of its memory when asked.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { TransferError } from '../../src/domain/errors.ts'
import type { ModelResult } from '../../src/domain/transfer.ts'
import { connectRedis } from '../../src/queue/connection.ts'
import { endTransfers } from '../../src/queue/janitor.ts'
import type { ModelPayload } from '../../src/queue/job-payloads.ts'
import { withLease } from '../../src/queue/lease.ts'
import { openQueues } from '../../src/queue/queues.ts'
import { createTransferWorker } from '../../src/queue/transfer-worker.ts'
import { failedModel } from '../../src/transfer/run-transfer.ts'
import { type DayDestination, destinationsOf, KEPT_TRANSFERS, LIMITS, scriptOf } from './plan.ts'
import type { Told } from './told.ts'

const setup = z
  .object({
    redisUrl: z.string(),
    prefix: z.string(),
    seed: z.number(),
    destinations: z.number(),
    concurrency: z.number(),
    lockDurationMs: z.number(),
    janitorMs: z.number(),
  })
  .parse(JSON.parse(process.argv[2] ?? ''))

/** How long a transfer may wait, and may run, in milliseconds: the product's default. */
const LIMIT_MS = 86_400_000

const destinations = destinationsOf(setup.seed, setup.destinations)
const connection = await connectRedis(setup)
const queues = openQueues(connection)

function tell(told: Told): void {
  process.send?.(told)
}

function destinationOf(name: string): DayDestination {
  const destination = destinations.get(name)
  if (destination) return destination
  throw new TransferError('CONFIG_INVALID', `no destination ${name}`)
}

/** Whether this attempt is throttled: counted in Redis, as the next one may be another worker's. */
async function isThrottled(id: string, times: number): Promise<boolean> {
  if (times === 0) return false
  const key = `${setup.prefix}-throttled:${id}`
  if ((await connection.redis.incr(key)) <= times) return true
  await connection.redis.del(key)
  return false
}

async function runModel(
  { transferId, destination: name, model, type }: ModelPayload,
  {
    signal,
    onProgress,
  }: {
    signal: AbortSignal
    onProgress: (progress: { stage: string; rowCount: number; bytes: number }) => void
  },
): Promise<ModelResult> {
  tell({ kind: 'model started', transferId, model, atMs: Date.now() })
  try {
    const destination = destinationOf(name)
    const script = scriptOf(destination, transferId, model)
    // The first transfers, which only measure the queue, are full refreshes.
    for (const stage of type === 'full-refresh' ? [] : ['staging', 'loading']) {
      onProgress({ stage, rowCount: 0, bytes: 0 })
      await sleep(script.durationMs / 2, undefined, { signal })
    }
    if (script.isDenied) throw new TransferError('ACCESS_DENIED', `the role of ${name} may not write`)
    if (await isThrottled(`${transferId} ${model}`, script.throttled))
      throw new TransferError('AWS_THROTTLED', `too many requests in the account of ${name}`)
    const { error: _, ...result } = failedModel(model, new Error('unused'), Math.round(script.durationMs))
    return { ...result, status: 'SUCCESS', rowCount: 5 }
  } finally {
    tell({ kind: 'model ended', transferId, model, atMs: Date.now() })
  }
}

const worker = await createTransferWorker({
  connection,
  concurrency: setup.concurrency,
  lockDurationMs: setup.lockDurationMs,
  // The product's defaults.
  ...{ transfersPerDestination: LIMITS.transfers, waitLimitMs: LIMIT_MS, pauseAfter: 3, pauseMs: 300_000 },
  keptTransfers: KEPT_TRANSFERS,
  scopesOf: ({ destination }) => [
    { name: `destination:${destination}`, limit: LIMITS.destination },
    { name: `workgroup:${destinationOf(destination).workgroup}`, limit: LIMITS.workgroup },
  ],
  modelsOf: ({ destination, models }) => models ?? destinationOf(destination).models,
  runModel,
  failedModel,
  finishTransfer: async ({ transferId }) => tell({ kind: 'transfer finished', transferId, atMs: Date.now() }),
  onEvent: event => {
    if (event.event === 'transfer completed' || event.event === 'transfer failed')
      tell({
        kind: 'transfer ended',
        transferId: event.jobId ?? '',
        status: event.event === 'transfer failed' ? 'FAILED' : event.status,
        atMs: Date.now(),
      })
    if (event.event === 'stalled')
      tell({ kind: 'trouble', message: `the job ${event.jobId} lost its worker` })
    if (event.event === 'error') tell({ kind: 'error', message: event.message })
  },
})

const stopped = new AbortController()

/** One look after the other, as in the product. */
async function tidy(): Promise<void> {
  for (;;) {
    await sleep(setup.janitorMs, undefined, { signal: stopped.signal })
    const ended = await withLease(connection, 'janitor', () =>
      endTransfers({ connection, queues, transferLimitMs: LIMIT_MS }),
    )
    for (const one of ended ?? []) tell({ kind: 'trouble', message: `${one.status}: ${one.transferId}` })
  }
}
tidy().catch((thrown: unknown) => {
  if (!stopped.signal.aborted) tell({ kind: 'trouble', message: String(thrown) })
})

process.on('message', async message => {
  if (message === 'memory') {
    globalThis.gc?.()
    const { heapUsed, rss } = process.memoryUsage()
    tell({ kind: 'memory', heapBytes: heapUsed, rssBytes: rss })
    return
  }
  stopped.abort()
  await worker.close({ graceMs: 0 })
  await Promise.all([queues.transfers.close(), queues.models.close()])
  connection.redis.disconnect()
  process.disconnect()
})
tell({ kind: 'ready' })
