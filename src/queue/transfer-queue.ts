import { setTimeout as sleep } from 'node:timers/promises'
import { ERROR_CODES, TransferError } from '../domain/errors.ts'
import type { TransferStatus, TransferType } from '../domain/transfer.ts'
import { newTransferId } from '../domain/transfer-id.ts'
import type { TransferWindow } from '../domain/transfer-window.ts'
import { endReasonOf, markEnded } from './cancellation.ts'
import { connectRedis, type QueueConnection } from './connection.ts'
import { PAYLOAD_VERSION, parsePayload, type TransferPayload, transferPayloadSchema } from './job-payloads.ts'
import { openQueues, type TransferQueues } from './queues.ts'
import { retryOf } from './retry-transfer.ts'
import { openStatus, STATUS_OF_END, type TransferJob, type TransferView, viewModel } from './transfer-view.ts'

/** A transfer to be enqueued. */
export interface TransferRequest {
  /** Name of a destination in the workers' configuration. */
  readonly destination: string
  /** Default `incremental`: the rows since the last transfer; with a window `backfill`. `full-refresh` reads all rows. */
  readonly type?: TransferType
  /**
   * Reads the rows whose cursor lies in it alone: `from` inclusive, `to` exclusive, each in RFC 3339 with at most six
   * digits of fraction. Models without a cursor that is a time, and those that are overwritten, are refused.
   */
  readonly window?: TransferWindow
  /** Default: all models of the destination. */
  readonly models?: readonly string[]
  /** Default: a new one. The same id twice is one transfer, so a request may be repeated safely. */
  readonly transferId?: string
  /** 0 is first, 2,097,152 last; default first come, first served, before all with a priority. */
  readonly priority?: number
  /** Milliseconds before it may start; default 0. */
  readonly delayMs?: number
}

/**
 * The producer's side of the queue. Jobs carry names only: `{ version: 1, transferId, destination, type, window?,
 * models?, requestedAt }`; destinations and secrets stay with the workers. A job is as durable as Redis is: with `appendonly yes`
 * what `enqueue` returned survives a restart. Ended transfers are kept 14 days, the newest 10,000.
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
  const status = async (transferId: string): Promise<TransferView> =>
    viewTransfer(connection, queues, await jobOf(queues, transferId))
  return {
    status,
    enqueue: request => enqueue(queues, request),
    retry: async (transferId, { transferId: ownId = newTransferId() } = {}) => {
      const job = await jobOf(queues, transferId)
      const request = retryOf(await viewTransfer(connection, queues, job), job.data)
      return add(queues, { ...request, transferId: ownId })
    },
    list: filter => listTransfers(connection, queues, filter ?? {}),
    cancel: async transferId => {
      await status(transferId)
      await markEnded(connection, transferId, 'cancelled')
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

async function enqueue(
  queues: TransferQueues,
  request: TransferRequest,
): Promise<{ readonly transferId: string }> {
  const { destination, window, models, transferId = newTransferId() } = request
  const { type = window ? 'backfill' : 'incremental', priority, delayMs } = request
  return add(
    queues,
    {
      ...{ version: PAYLOAD_VERSION, transferId, destination, type },
      ...(window && { window: { ...window } }),
      ...(models && { models: [...models] }),
    },
    {
      ...(priority === undefined ? {} : { priority }),
      ...(delayMs === undefined ? {} : { delay: delayMs }),
    },
  )
}

async function add(
  queues: TransferQueues,
  request: Omit<TransferPayload, 'requestedAt'>,
  options: { readonly priority?: number; readonly delay?: number } = {},
): Promise<{ readonly transferId: string }> {
  const { transferId } = request
  const payload = parsePayload(
    transferPayloadSchema,
    { ...request, requestedAt: new Date().toISOString() },
    transferId,
  )
  await queues.transfers.add(request.destination, payload, { ...options, jobId: transferId })
  return { transferId }
}

async function jobOf(queues: TransferQueues, transferId: string): Promise<TransferJob> {
  const job: TransferJob | undefined = await queues.transfers.getJob(transferId)
  if (job) return job
  throw new TransferError('TRANSFER_NOT_FOUND', `no transfer ${transferId}`, { details: { transferId } })
}

async function viewTransfer(
  connection: QueueConnection,
  queues: TransferQueues,
  job: TransferJob,
): Promise<TransferView> {
  const state = await job.getState()
  const { transferId, destination, requestedAt, fannedOut } = job.data
  const isWaiting = state !== 'completed' && state !== 'failed' && openStatus(state) === 'PENDING'
  const result = state === 'completed' ? job.returnvalue : undefined
  const names = fannedOut?.models ?? job.data.models ?? []
  return {
    transferId,
    retryOf: job.data.retryOf,
    destination,
    requestedAt,
    result,
    models: await Promise.all(names.map(model => viewModel(queues.models, transferId, model))),
    status: result?.status ?? (await statusWithoutResult(connection, transferId, { state, isWaiting })),
    failedReason: state === 'unknown' ? LOST : state === 'failed' ? job.failedReason : undefined,
  }
}

async function statusWithoutResult(
  connection: QueueConnection,
  transferId: string,
  { state, isWaiting }: { readonly state: string; readonly isWaiting: boolean },
): Promise<TransferStatus> {
  if (state === 'failed') return 'ERROR'
  const ended = isWaiting ? await endReasonOf(connection, transferId) : undefined
  return ended ? STATUS_OF_END[ended] : openStatus(state)
}

/** Why a transfer is ORPHANED as a whole. */
const LOST = `TRANSFER_ORPHANED: no list of the queue has the transfer's job any more (operator: ${ERROR_CODES.TRANSFER_ORPHANED.hint})`

/** Most transfers in one list. */
const MAX_LISTED = 1000

async function listTransfers(
  connection: QueueConnection,
  queues: TransferQueues,
  filter: { readonly destination?: string; readonly status?: TransferStatus; readonly limit?: number },
): Promise<readonly TransferView[]> {
  const states = [
    'active',
    'waiting',
    'waiting-children',
    'delayed',
    'prioritized',
    'completed',
    'failed',
  ] as const
  const jobs = await queues.transfers.getJobs([...states], 0, MAX_LISTED)
  const newest = jobs
    .filter(job => filter.destination === undefined || job.data.destination === filter.destination)
    .sort((left, right) => right.timestamp - left.timestamp)
  const views: TransferView[] = []
  for (const job of newest) {
    if (views.length >= Math.min(filter.limit ?? 50, MAX_LISTED)) break
    const view = await viewTransfer(connection, queues, job)
    if (filter.status === undefined || view.status === filter.status) views.push(view)
  }
  return views
}
