import { DelayedError, UnrecoverableError } from 'bullmq'
import { TransferError, toTransferError } from '../domain/errors.ts'
import type { ModelResult } from '../domain/transfer.ts'
import { type EndReason, endedError, endReasonOf } from './cancellation.ts'
import type { QueueConnection } from './connection.ts'
import { type ModelPayload, modelPayloadSchema, parsePayload } from './job-payloads.ts'
import type { RunningModels } from './running-models.ts'
import type { SlotScope, Slots, TakenSlots } from './slots.ts'
import { type ModelJob, type ModelJobProgress, modelJobId, progressOf } from './transfer-view.ts'

/** What is done for a model job. */
export interface ModelWork {
  readonly runModel: (
    payload: ModelPayload,
    options: {
      readonly signal: AbortSignal
      readonly onProgress: (progress: {
        readonly stage: string
        readonly rowCount: number
        readonly bytes: number
      }) => void
    },
  ) => Promise<ModelResult>
  /** What limits the models that run at a time with this one. @throws {TransferError} `CONFIG_INVALID` for an unknown destination. */
  readonly scopesOf: (payload: ModelPayload) => readonly SlotScope[]
  /** The result of a model that failed for good. */
  readonly failedModel: (model: string, error: TransferError, durationMs: number) => ModelResult
}

interface ModelContext extends ModelWork {
  readonly connection: QueueConnection
  readonly running: RunningModels
  readonly slots: Slots
}

/** How long a model that was handed back at shutdown waits for another worker, in milliseconds. */
const HAND_OVER_DELAY_MS = 500

/**
 * Runs one model job. The queue's verdict on a failure is given here: tried again if the failure's code says so and
 * attempts are left, handed back when this worker shuts down, failed for good otherwise.
 */
export async function processModel(
  context: ModelContext,
  job: ModelJob,
  token?: string,
): Promise<ModelResult> {
  const startedMs = performance.now()
  const payload = readPayload(job)
  return context.running.run(payload.transferId, async signal => {
    try {
      const ended = await endReasonOf(context.connection, payload.transferId)
      if (ended) throw endedError(payload, ended)
      return await withSlots(context, { job, token, payload }, () =>
        context.runModel(payload, { signal, onProgress: progress => tell(job, progress) }),
      )
    } catch (thrown) {
      if (thrown instanceof DelayedError) throw thrown
      if (signal.reason === 'shutdown') await putBack(job, token, HAND_OVER_DELAY_MS)
      if (isBusy(thrown)) await putBack(job, token, busyDelayMs(thrown))
      const error = isEndReason(signal.reason)
        ? endedError(payload, signal.reason, thrown)
        : toTransferError(thrown)
      throw await verdict(context, job, {
        payload,
        error,
        durationMs: Math.round(performance.now() - startedMs),
      })
    }
  })
}

async function withSlots(
  context: ModelContext,
  {
    job,
    token,
    payload,
  }: { readonly job: ModelJob; readonly token: string | undefined; readonly payload: ModelPayload },
  work: () => Promise<ModelResult>,
): Promise<ModelResult> {
  const holder = modelJobId(payload.transferId, payload.model)
  const taken = await context.slots.take(holder, context.scopesOf(payload))
  if ('crowd' in taken) return putBack(job, token, crowdDelayMs(taken))
  try {
    return await work()
  } finally {
    await release(taken)
  }
}

async function release(taken: TakenSlots): Promise<void> {
  await taken.release().catch(() => {
    // Safe: the lease runs out by itself.
  })
}

/** Bounds of the wait for a slot, in milliseconds: as many jobs ask a second, however many there are. */
const CROWD_DELAY_MS = { each: 500, longest: 15_000 } as const

function crowdDelayMs({ crowd }: { readonly crowd: number }): number {
  const boundMs = Math.min(crowd * CROWD_DELAY_MS.each, CROWD_DELAY_MS.longest)
  return Math.round(boundMs * (0.5 + Math.random() / 2))
}

function readPayload(job: ModelJob): ModelPayload {
  try {
    return parsePayload(modelPayloadSchema, job.data, {
      jobId: job.id ?? '',
      idOf: ({ transferId, model }) => modelJobId(transferId, model),
    })
  } catch (thrown) {
    throw new UnrecoverableError(describe(toTransferError(thrown)))
  }
}

function isEndReason(reason: unknown): reason is EndReason {
  return reason === 'cancelled' || reason === 'expired'
}

/** Bounds of the wait for a table that another transfer has, in milliseconds. */
const BUSY_DELAY_MS = { shortest: 1_000, longest: 10_000 } as const

function isBusy(thrown: unknown): thrown is TransferError {
  return thrown instanceof TransferError && thrown.code === 'TARGET_BUSY'
}

/** Until about when the holder's lease would end, but looking in between: it may be free much sooner. */
function busyDelayMs({ details }: TransferError): number {
  const { shortest, longest } = BUSY_DELAY_MS
  return Math.min(Math.max(Number(details.retryAfterMs) / 3, shortest), longest)
}

/** Puts the job back for any worker, giving up its place here; not an attempt that failed. */
async function putBack(job: ModelJob, token: string | undefined, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + delayMs, token)
  throw new DelayedError()
}

async function verdict(
  context: ModelContext,
  job: ModelJob,
  {
    payload,
    error,
    durationMs,
  }: { readonly payload: ModelPayload; readonly error: TransferError; readonly durationMs: number },
): Promise<Error> {
  const before = progressOf(job) ?? { stage: 'starting', rowCount: 0, bytes: 0 }
  const isLast = !error.retryable || job.attemptsMade + 1 >= (job.opts.attempts ?? 1)
  const told: ModelJobProgress = isLast
    ? { ...before, failure: context.failedModel(payload.model, error, durationMs) }
    : { ...before, retrying: error.toReport() }
  await job.updateProgress({ ...told })
  return isLast ? new UnrecoverableError(describe(error)) : new Error(describe(error))
}

/** What the dashboard shows as the reason. */
function describe(error: TransferError): string {
  return `${error.code}: ${error.message} (${error.owner}: ${error.hint})`
}

/** Progress is news, not a promise: one that does not arrive harms nothing. */
function tell(job: ModelJob, progress: ModelJobProgress): void {
  job.updateProgress({ ...progress }).catch(() => {})
}
