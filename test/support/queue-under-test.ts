import { setTimeout as sleep } from 'node:timers/promises'
import type { ModelResult } from '../../src/domain/transfer.ts'
import { newTransferId } from '../../src/domain/transfer-id.ts'
import { connectRedis } from '../../src/queue/connection.ts'
import { openQueues } from '../../src/queue/queues.ts'
import { createTransferQueue } from '../../src/queue/transfer-queue.ts'
import { createTransferWorker, type TransferWorkerOptions } from '../../src/queue/transfer-worker.ts'
import { failedModel } from '../../src/transfer/run-transfer.ts'

/** The result of a model that was loaded. */
export function succeeded(model: string): ModelResult {
  const { error, ...result } = failedModel(model, new Error('unused'), 1)
  return { ...result, status: 'SUCCESS', rowCount: 5 }
}

/** A queue with keys of its own, and `workerCount` workers on it whose models do as `runModel` says. */
export async function startQueue(
  redisUrl: string,
  runModel: TransferWorkerOptions['runModel'],
  options: Partial<TransferWorkerOptions> = {},
  workerCount = 1,
) {
  const prefix = `t${newTransferId()}`
  const connection = await connectRedis({ redisUrl, prefix })
  const queue = await createTransferQueue({ redisUrl, prefix })
  const startWorker = () =>
    createTransferWorker({
      connection,
      concurrency: 4,
      lockDurationMs: 1_000,
      ...{ transfersPerDestination: 1, waitLimitMs: 60_000, pauseAfter: 1000, pauseMs: 1_000 },
      keptTransfers: 10_000,
      scopesOf: () => [],
      modelsOf: ({ models }) => models ?? ['a', 'b'],
      runModel,
      failedModel,
      finishTransfer: async () => {},
      onEvent: () => {},
      ...options,
    })
  const workers = await Promise.all(Array.from({ length: workerCount }, startWorker))
  return {
    queue,
    connection,
    queues: openQueues(connection),
    /** Another worker, as on another machine. */
    addWorker: async () => void workers.push(await startWorker()),
    finished: (transferId: string) =>
      queue.waitUntilFinished(transferId, { signal: AbortSignal.timeout(40_000) }),
    close: async () => {
      await Promise.all(workers.map(worker => worker.close({ graceMs: 0 })))
      await queue.close()
      connection.redis.disconnect()
    },
  }
}

/** Looks until something is so. @throws when it is not within 20 seconds. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + 20_000; !(await isSo()); await sleep(20))
    if (Date.now() > endMs) throw new Error(`not within 20 seconds: ${isSo}`)
}

/** Models that wait for each other: `pass` is called by a model and returns once the test opened the gate. */
export function createBarrier() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { pass: () => promise, open: () => resolve() }
}
