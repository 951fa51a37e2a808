import type { Job, Queue } from 'bullmq'
import { z } from 'zod'
import type { ErrorReport } from '../domain/errors.ts'
import type { ModelResult, TransferResult, TransferStatus } from '../domain/transfer.ts'
import type { EndReason } from './cancellation.ts'
import {
  type ModelPayload,
  parsePayload,
  type TransferPayload,
  transferPayloadSchema,
} from './job-payloads.ts'
import { readModelResult } from './job-results.ts'
import { readJob } from './read-jobs.ts'
import type { Waiting } from './waiting.ts'

/** What a model job tells while it runs, and once it failed for good. */
export interface ModelJobProgress {
  readonly stage: string
  readonly rowCount: number
  readonly bytes: number
  /** Set with the failure of the last attempt. */
  readonly failure?: ModelResult
  /** Set while another attempt is awaited. */
  readonly retrying?: ErrorReport
}

/** A transfer's job. */
export type TransferJob = Job<TransferPayload, TransferResult>
/** A model's job. */
export type ModelJob = Job<ModelPayload, ModelResult>
/** The queue of transfers. */
export type TransferJobQueue = Queue<TransferPayload, TransferResult>
/** The queue of models. */
export type ModelJobQueue = Queue<ModelPayload, ModelResult>

/** One model of a transfer as it stands. */
export interface ModelView {
  readonly model: string
  readonly status: TransferStatus
  readonly progress: ModelJobProgress | undefined
  readonly result: ModelResult | undefined
}

/** A transfer as it stands. */
export interface TransferView {
  readonly transferId: string
  /** The transfer whose failed models are run again; undefined for one that is no retry. */
  readonly retryOf: string | undefined
  readonly destination: string
  readonly status: TransferStatus
  readonly requestedAt: string
  /** What it waits for; undefined once it was started. Of one that is EXPIRED without a start what it waited for. */
  readonly waiting: Waiting | undefined
  readonly models: readonly ModelView[]
  /** Once it has ended. */
  readonly result: TransferResult | undefined
  /** Why the transfer as a whole failed, before any model ran. */
  readonly failedReason: string | undefined
}

const progressSchema = z.object({ stage: z.string(), rowCount: z.number(), bytes: z.number() }).loose()

/** What a model job last told; undefined before it told anything. */
export function progressOf(job: ModelJob): ModelJobProgress | undefined {
  const parsed = progressSchema.safeParse(job.progress)
  return parsed.success ? parsed.data : undefined
}

/** Id of the job of one model of a transfer: the same however often the transfer is fanned out. */
export function modelJobId(transferId: string, model: string): string {
  return `${transferId}.${Buffer.from(model).toString('base64url')}`
}

/** What a transfer is that was ended before any model ran. */
export const STATUS_OF_END = {
  cancelled: 'CANCELLED',
  expired: 'EXPIRED',
} as const satisfies Record<EndReason, TransferStatus>

/** What a transfer's job is to do. @throws {TransferError} `JOB_INVALID` for one that was put into the queue by hand. */
export function transferPayloadOf(job: TransferJob): TransferPayload {
  return parsePayload(transferPayloadSchema, job.data, {
    jobId: job.id ?? '',
    idOf: ({ transferId }) => transferId,
  })
}

/** A job's state in the words of transfers; `completed` and `failed` are read from their results instead. One that no list of the
 * queue has is lost: no worker will ever take it. */
export function openStatus(state: string): TransferStatus {
  if (state === 'unknown') return 'ORPHANED'
  return state === 'active' || state === 'waiting-children' ? 'RUNNING' : 'PENDING'
}

/** A job with its state. One that ended after it was read is read again, so that it has what it left. */
export async function withState<Found extends TransferJob | ModelJob>(
  queue: Parameters<typeof readJob<Found>>[0],
  read: Found,
): Promise<{ readonly job: Found; readonly state: string }> {
  const state = await read.getState()
  const hasEnded = state === 'completed' || state === 'failed'
  if (!hasEnded || read.finishedOn !== undefined) return { job: read, state }
  return { job: (await readJob<Found>(queue, read.id ?? '')) ?? read, state }
}

/**
 * A model of a transfer as its job tells, ERROR without a result when it left none that can be read. Once there is no job
 * any more, as those of models are kept for a shorter time, as the transfer's own result tells; PENDING before either.
 */
export async function viewModel(
  models: ModelJobQueue,
  transferId: string,
  model: string,
  ended?: ModelResult,
): Promise<ModelView> {
  const read = await readJob(models, modelJobId(transferId, model))
  if (!read) return { model, status: ended?.status ?? 'PENDING', progress: undefined, result: ended }
  const { job, state } = await withState(models, read)
  const progress = progressOf(job)
  const left = state === 'completed' ? job.returnvalue : state === 'failed' ? progress?.failure : undefined
  const result = readModelResult(left)
  const hasEnded = state === 'completed' || state === 'failed'
  return { model, status: result?.status ?? (hasEnded ? 'ERROR' : openStatus(state)), progress, result }
}
