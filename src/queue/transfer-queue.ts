import { setTimeout as sleep } from 'node:timers/promises'
import { TransferError } from '../domain/errors.ts'
import { type TransferStatus, transferIdSchema } from '../domain/transfer.ts'
import { newTransferId } from '../domain/transfer-id.ts'
import { markEnded } from './cancellation.ts'
import { createCircuitStore, type PausedDestination } from './circuit-store.ts'
import { connectRedis, type QueueConnection } from './connection.ts'
import { createDestinationLine } from './destination-line.ts'
import { addTransfer, enqueueTransfer, type TransferRequest } from './enqueue-transfer.ts'
import { listTransfers, viewTransfer } from './list-transfers.ts'
import { createOpenRequests } from './open-requests.ts'
import { openQueues, type TransferQueues } from './queues.ts'
import { readJob } from './read-jobs.ts'
import { retryOf } from './retry-transfer.ts'
import { promoteAll } from './transfer-gate.ts'
import { type TransferJob, type TransferView, transferPayloadOf } from './transfer-view.ts'

/**
 * The producer's side of the queue. Jobs carry names only: `{ version: 1, transferId, destination, type, window?,
 * models?, requestedAt }`; destinations and secrets stay with the workers. A job is as durable as Redis is: with `appendonly yes`
 * what `enqueue` returned survives a restart. Ended transfers are kept 14 days, the newest 10,000 unless the workers' settings say otherwise.
 */
export interface TransferQueue {
  /** @throws {TransferError} `JOB_INVALID` for a request that workers would refuse. */
  enqueue(request: TransferRequest): Promise<{ readonly transferId: string }>
  /**
   * Enqueues a new transfer of only those models of an ended one that failed or never ran. `options.transferId` makes it
   * safe to repeat, as in `enqueue`.
   *
   * @throws {TransferError} `RETRY_REFUSED` for a transfer that has not ended or has no failed model, `TRANSFER_NOT_FOUND`.
   */
  retry(
    transferId: string,
    options?: Pick<TransferRequest, 'transferId'>,
  ): Promise<{ readonly transferId: string }>
  /** @throws {TransferError} `TRANSFER_NOT_FOUND`. */
  status(transferId: string): Promise<TransferView>
  /** The newest first; `limit` default 50, at most 1,000. */
  list(filter?: {
    readonly destination?: string
    readonly status?: TransferStatus
    readonly limit?: number
  }): Promise<readonly TransferView[]>
  /** Destinations to which no transfer is started for a while, because their last ones failed for the customer's reasons. */
  pausedDestinations(): Promise<readonly PausedDestination[]>
  /** Ends a destination's pause at once; false when it has none. */
  resume(destination: string): Promise<boolean>
  /** Ends a transfer: models that run are stopped where they are, others never start, loaded ones stay loaded. */
  cancel(transferId: string): Promise<void>
  /** The view once the status is final. @throws the signal's reason when it aborts first. */
  waitUntilFinished(
    transferId: string,
    options: { readonly signal: AbortSignal; readonly onProgress?: (view: TransferView) => void },
  ): Promise<TransferView>
  close(): Promise<void>
}

/** How often `waitUntilFinished` looks, in milliseconds. */
const LOOK_MS = 250

/**
 * Opens the queue for producing.
 *
 * @throws {TransferError} `QUEUE_UNAVAILABLE` when Redis does not answer within 5 seconds.
 */
export async function createTransferQueue(options: {
  readonly redisUrl: string
  readonly prefix?: string
}): Promise<TransferQueue> {
  const connection = await connectRedis({
    redisUrl: options.redisUrl,
    prefix: options.prefix ?? 'athena-transfer',
  })
  return transferQueueOn(connection, openQueues(connection))
}

/** The producer on a connection that is open already; `close` closes both. */
export function transferQueueOn(connection: QueueConnection, queues: TransferQueues): TransferQueue {
  const requests = createOpenRequests(connection)
  const line = createDestinationLine(connection)
  const circuits = createCircuitStore(connection)
  const status = async (transferId: string): Promise<TransferView> =>
    viewTransfer(connection, queues, await jobOf(queues, transferId))
  return {
    status,
    enqueue: request => enqueueTransfer(queues, requests, request),
    retry: async (transferId, { transferId: ownId = newTransferId() } = {}) => {
      const job = await jobOf(queues, transferId)
      const request = retryOf(await viewTransfer(connection, queues, job), transferPayloadOf(job))
      return addTransfer(queues, requests, { ...request, transferId: ownId })
    },
    list: filter => listTransfers(connection, queues, filter ?? {}),
    pausedDestinations: () => circuits.paused(),
    resume: async destination => {
      const isPaused = await circuits.resume(destination)
      await promoteAll(queues.transfers, await line.waiting(destination))
      return isPaused
    },
    cancel: async transferId => {
      const data = transferPayloadOf(await jobOf(queues, transferId))
      await requests.close(data)
      await markEnded(connection, transferId, 'cancelled')
      await line.leave(data)
      // One that waits ends now, and lets the next one start.
      await promoteAll(queues.transfers, [transferId])
    },
    waitUntilFinished: async (transferId, { signal, onProgress }) => {
      for (;;) {
        const view = await status(transferId)
        onProgress?.(view)
        if (view.status !== 'PENDING' && view.status !== 'RUNNING') return view
        await sleep(LOOK_MS, undefined, { signal })
      }
    },
    close: async () => {
      await Promise.all([queues.transfers.close(), queues.models.close()])
      connection.redis.disconnect()
    },
  }
}

/** Other keys lie beside the jobs', so what is no transfer id is not looked for. */
async function jobOf(queues: TransferQueues, transferId: string): Promise<TransferJob> {
  const asked = transferIdSchema.safeParse(transferId)
  if (!asked.success) throw new TransferError('TRANSFER_NOT_FOUND', `no transfer: ${NO_ID}`)
  const job = await readJob(queues.transfers, asked.data)
  if (job) return job
  throw new TransferError('TRANSFER_NOT_FOUND', `no transfer ${asked.data}`, {
    details: { transferId: asked.data },
  })
}

const NO_ID = 'what was asked for is no transfer id, which is 26 characters [0-9a-z]'
