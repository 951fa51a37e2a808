import type { ErrorReport } from '../domain/errors.ts'
import type { ModelResult, TransferStatus } from '../domain/transfer.ts'
import { onEnded } from './cancellation.ts'
import { QUEUES, type QueueConnection } from './connection.ts'
import { type ModelWork, processModel } from './model-processor.ts'
import { createOpenRequests } from './open-requests.ts'
import { openQueues } from './queues.ts'
import { JobWorker } from './read-jobs.ts'
import { createRunningModels } from './running-models.ts'
import { createSlots } from './slots.ts'
import { createTransferGate, type GateOptions } from './transfer-gate.ts'
import { processTransfer, type TransferWork } from './transfer-processor.ts'
import { type ModelJob, progressOf, type TransferJob } from './transfer-view.ts'

/** What a worker does for its jobs, and how. */
export interface TransferWorkerOptions extends TransferWork, ModelWork, GateOptions {
  readonly connection: QueueConnection
  /** How long a transfer may wait for its start, in milliseconds; then it is EXPIRED. */
  readonly waitLimitMs: number
  /** Models at a time. */
  readonly concurrency: number
  /** How long a job may go without a sign of life before another worker takes it, in milliseconds; its slots twice as long. Default 30 s. */
  readonly lockDurationMs?: number
  /** Ended transfers that are kept for 14 days, of those that completed and of those that failed each, and as many models. */
  readonly keptTransfers: number
  /** News for the log. */
  readonly onEvent: (event: WorkerEvent) => void
}

/** Something that happened to a job. */
export type WorkerEvent =
  | { readonly event: 'model completed'; readonly jobId: string | undefined; readonly result: ModelResult }
  | {
      readonly event: 'model failed'
      readonly jobId: string | undefined
      readonly message: string
      /** Of the last attempt. */
      readonly result?: ModelResult | undefined
      /** While another attempt is awaited. */
      readonly retrying?: ErrorReport | undefined
    }
  | {
      readonly event: 'transfer completed'
      readonly jobId: string | undefined
      readonly status: TransferStatus
    }
  | {
      readonly event: 'transfer failed'
      readonly jobId: string | undefined
      readonly message: string
      /** True when no other attempt is made. */
      readonly isLast: boolean
    }
  | { readonly event: 'stalled'; readonly jobId: string }
  | { readonly event: 'error'; readonly message: string }

/** A running worker. */
export interface TransferWorker {
  /** True while it takes jobs. */
  isRunning(): boolean
  /** Takes no new job from now on; done once none runs any more. */
  drain(): Promise<void>
  /** Ends what runs so that another worker goes on with it: queries are left running. Wait for `drain` to see it done. */
  handOver(): void
  /** Drains for `graceMs`, then hands the rest over and waits for it, and closes its connections. */
  close(options: { readonly graceMs: number }): Promise<void>
}

/** How long ended jobs are kept, in seconds: 14 days. */
const RETENTION_S = 14 * 24 * 3600

/** Times that a job may lose its worker before it fails: as often as deploys and crashes may hit one job. */
const MAX_STALLED_COUNT = 10

/** A dead worker's slots are free once its jobs have gone to others: they are taken up after one to two locks' time. */
const LOCKS_PER_SLOT_LEASE = 2

/** How long a worker waits after a failure to take a job before it takes the next, in milliseconds. */
const RUN_RETRY_MS = 1_000

/** Transfers at a time: fanning out and collecting take milliseconds, and waiting takes no place. */
const TRANSFER_CONCURRENCY = 10

/** Starts taking transfer and model jobs. */
export async function createTransferWorker(options: TransferWorkerOptions): Promise<TransferWorker> {
  const { connection, onEvent } = options
  const queues = openQueues(connection)
  const running = createRunningModels()
  const ends = await onEnded(connection, (transferId, reason) => running.abort(reason, transferId))
  const gate = createTransferGate(connection, queues, options)
  const requests = createOpenRequests(connection)
  const lockDuration = options.lockDurationMs ?? 30_000
  const slots = createSlots(connection, { leaseMs: lockDuration * LOCKS_PER_SLOT_LEASE })
  const retention = { age: RETENTION_S, count: options.keptTransfers }
  const common = {
    connection: connection.redis,
    prefix: connection.prefix,
    lockDuration,
    stalledInterval: lockDuration,
    maxStalledCount: MAX_STALLED_COUNT,
    runRetryDelay: RUN_RETRY_MS,
    removeOnComplete: retention,
    removeOnFail: retention,
  }
  const transfers = new JobWorker(
    QUEUES.transfers,
    (job: TransferJob, token) => processTransfer({ ...options, queues, gate, requests }, job, token),
    { ...common, concurrency: TRANSFER_CONCURRENCY },
  )
  const models = new JobWorker(
    QUEUES.models,
    (job: ModelJob, token) => processModel({ ...options, running, slots }, job, token),
    { ...common, concurrency: options.concurrency },
  )
  transfers.on('completed', job =>
    onEvent({ event: 'transfer completed', jobId: job.id, status: job.returnvalue.status }),
  )
  transfers.on('failed', (job, error) =>
    onEvent({
      event: 'transfer failed',
      jobId: job?.id,
      message: error.message,
      isLast: job?.finishedOn !== undefined,
    }),
  )
  models.on('completed', job => onEvent({ event: 'model completed', jobId: job.id, result: job.returnvalue }))
  models.on('failed', (job, error) => {
    const told = job && progressOf(job)
    const news = told?.failure ? { result: told.failure } : { retrying: told?.retrying }
    onEvent({ event: 'model failed', jobId: job?.id, message: error.message, ...news })
  })
  for (const worker of [transfers, models]) {
    worker.on('stalled', jobId => onEvent({ event: 'stalled', jobId }))
    worker.on('error', error => onEvent({ event: 'error', message: error.message }))
  }
  let drained: Promise<unknown> | undefined
  const drain = async (): Promise<void> => {
    drained ??= Promise.all([transfers.close(), models.close()])
    await drained
  }
  return {
    isRunning: () => transfers.isRunning() && models.isRunning(),
    drain,
    handOver: () => running.abort('shutdown'),
    close: async ({ graceMs }) => {
      const handOver = setTimeout(() => running.abort('shutdown'), graceMs)
      await drain()
      clearTimeout(handOver)
      ends.close()
      await Promise.all([queues.transfers.close(), queues.models.close()])
    },
  }
}
