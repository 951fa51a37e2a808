import { setTimeout as sleep } from 'node:timers/promises'
import { TransferError } from '../domain/errors.ts'
import type { TransferStatus, TransferType } from '../domain/transfer.ts'
import { newTransferId } from '../domain/transfer-id.ts'
import type { TransferWindow } from '../domain/transfer-window.ts'
import { isCancelled, markCancelled } from './cancellation.ts'
import { createCircuitStore, type PausedDestination } from './circuit-store.ts'
import { connectRedis, type QueueConnection } from './connection.ts'
import { createDestinationLine } from './destination-line.ts'
import { PAYLOAD_VERSION, parsePayload, type TransferPayload, transferPayloadSchema } from './job-payloads.ts'
import { createOpenRequests, type OpenRequests } from './open-requests.ts'
import { openQueues, type TransferQueues } from './queues.ts'
import { retryOf } from './retry-transfer.ts'
import { ENDED, promoteAll } from './transfer-gate.ts'
import { openStatus, type TransferJob, type TransferView, viewModel } from './transfer-view.ts'
import { waitingOf } from './waiting.ts'

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
  /**
   * When a transfer of the destination waits already. `queue`, the default: this one waits behind it. `merge`: the waiting one
   * takes this one's models in, and its id is returned, if both have the same type and neither a window, priority or delay.
   */
  readonly whenBusy?: 'queue' | 'merge'
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
    enqueue: request => enqueue(queues, requests, request),
    retry: async (transferId, { transferId: ownId = newTransferId() } = {}) => {
      const job = await jobOf(queues, transferId)
      const request = retryOf(await viewTransfer(connection, queues, job), job.data)
      return add(queues, { ...request, transferId: ownId })
    },
    list: filter => listTransfers(connection, queues, filter ?? {}),
    pausedDestinations: () => circuits.paused(),
    resume: async destination => {
      const isPaused = await circuits.resume(destination)
      await promoteAll(queues.transfers, await line.waiting(destination))
      return isPaused
    },
    cancel: async transferId => {
      const { data } = await jobOf(queues, transferId)
      await requests.close(data)
      await markCancelled(connection, transferId)
      await line.leave(data)
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
  requests: OpenRequests,
  request: TransferRequest,
): Promise<{ readonly transferId: string }> {
  const { destination, window, models, transferId = newTransferId() } = request
  const { type = window ? 'backfill' : 'incremental', priority, delayMs } = request
  const payload: Omit<TransferPayload, 'requestedAt'> = {
    ...{ version: PAYLOAD_VERSION, transferId, destination, type },
    ...(window && { window: { ...window } }),
    ...(models && { models: [...models] }),
  }
  if (window === undefined && priority === undefined && delayMs === undefined)
    return join(queues, requests, payload, request.whenBusy ?? 'queue')
  return add(queues, payload, {
    ...(priority === undefined ? {} : { priority }),
    ...(delayMs === undefined ? {} : { delay: delayMs }),
  })
}

/**
 * Enqueues a request as part of the transfer that it joins. The job is added in any case: an id that has one already changes
 * nothing, and a producer that died before adding the job loses nobody's request.
 */
async function join(
  queues: TransferQueues,
  requests: OpenRequests,
  request: Omit<TransferPayload, 'requestedAt'>,
  whenBusy: 'queue' | 'merge',
): Promise<{ readonly transferId: string }> {
  const payload = payloadOf(request)
  const transferId = await requests.join(payload, whenBusy)
  const isOwn = transferId === payload.transferId
  await addJob(queues, { ...payload, transferId })
  if (isOwn || !ENDED.has(await queues.transfers.getJobState(transferId))) return { transferId }
  await requests.close({ ...payload, transferId })
  return join(queues, requests, request, whenBusy)
}

async function add(
  queues: TransferQueues,
  request: Omit<TransferPayload, 'requestedAt'>,
  options: AddOptions = {},
): Promise<{ readonly transferId: string }> {
  await addJob(queues, payloadOf(request), options)
  return { transferId: request.transferId }
}

interface AddOptions {
  readonly priority?: number
  readonly delay?: number
}

async function addJob(
  queues: TransferQueues,
  payload: TransferPayload,
  options: AddOptions = {},
): Promise<void> {
  await queues.transfers.add(payload.destination, payload, { ...options, jobId: payload.transferId })
}

function payloadOf(request: Omit<TransferPayload, 'requestedAt'>): TransferPayload {
  return parsePayload(
    transferPayloadSchema,
    { ...request, requestedAt: new Date().toISOString() },
    request.transferId,
  )
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
  const requested = fannedOut ? undefined : await createOpenRequests(connection).modelsOf(job.data)
  const names = fannedOut?.models ?? requested ?? []
  const status = result?.status ?? (await statusWithoutResult(connection, transferId, { state, isWaiting }))
  return {
    transferId,
    retryOf: job.data.retryOf,
    destination,
    requestedAt,
    result,
    models: await Promise.all(names.map(model => viewModel(queues.models, transferId, model))),
    status,
    waiting: status === 'PENDING' || status === 'EXPIRED' ? waitingOf(job) : undefined,
    failedReason: state === 'failed' ? job.failedReason : undefined,
  }
}

async function statusWithoutResult(
  connection: QueueConnection,
  transferId: string,
  { state, isWaiting }: { readonly state: string; readonly isWaiting: boolean },
): Promise<TransferStatus> {
  if (state === 'failed') return 'ERROR'
  return isWaiting && (await isCancelled(connection, transferId)) ? 'CANCELLED' : openStatus(state)
}

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
