import { DelayedError, UnrecoverableError, WaitingChildrenError } from 'bullmq'
import { type Verdict, verdictOf } from '../domain/circuit.ts'
import { TransferError, toTransferError } from '../domain/errors.ts'
import { type ModelResult, statusOf, type TransferResult } from '../domain/transfer.ts'
import { endReasonOf, markEnded } from './cancellation.ts'
import type { QueueConnection } from './connection.ts'
import type { TransferPayload } from './job-payloads.ts'
import { readModelResult } from './job-results.ts'
import type { OpenRequests } from './open-requests.ts'
import { RETRIES, type TransferQueues } from './queues.ts'
import type { TransferGate } from './transfer-gate.ts'
import { modelJobId, STATUS_OF_END, type TransferJob, transferPayloadOf, viewModel } from './transfer-view.ts'

/** What is done for a transfer job. */
export interface TransferWork {
  /** The models to run. @throws {TransferError} `CONFIG_INVALID` for an unknown destination or model. */
  readonly modelsOf: (payload: Pick<TransferPayload, 'destination' | 'models'>) => readonly string[]
  /** Told once all models have ended; may be told again after a crash. */
  readonly finishTransfer: (payload: TransferPayload, models: readonly ModelResult[]) => Promise<void>
  readonly failedModel: (model: string, error: TransferError, durationMs: number) => ModelResult
}

interface TransferContext extends TransferWork {
  readonly connection: QueueConnection
  readonly queues: TransferQueues
  readonly gate: TransferGate
  readonly requests: OpenRequests
  /** How long a transfer may wait for its start, in milliseconds. */
  readonly waitLimitMs: number
}

/**
 * Runs one transfer job: makes a job for each model once the gate lets it, gives its place up while they run, and collects
 * what they did. Started again after a crash it goes on where it was: model jobs have fixed ids, and that they were made is
 * kept in the job.
 */
export async function processTransfer(
  context: TransferContext,
  job: TransferJob,
  token?: string,
): Promise<TransferResult> {
  try {
    return await runTransferJob(context, job, token)
  } catch (thrown) {
    if (isMove(thrown)) throw thrown
    throw refusal(thrown)
  }
}

/** The job goes on later, in another list of the queue. */
function isMove(thrown: unknown): boolean {
  return thrown instanceof WaitingChildrenError || thrown instanceof DelayedError
}

async function runTransferJob(
  context: TransferContext,
  job: TransferJob,
  token?: string,
): Promise<TransferResult> {
  const payload = transferPayloadOf(job)
  if (!payload.fannedOut) await passGate(context, job, token)
  let verdict: Verdict | undefined
  try {
    const fannedOut = payload.fannedOut ?? (await fanOut(context, job, payload))
    if (fannedOut.models.length > 0 && (await job.moveToWaitingChildren(token ?? '')))
      throw new WaitingChildrenError()
    const kept = await job.getChildrenValues<ModelResult>()
    const models = await Promise.all(fannedOut.models.map(model => resultOf(context, payload, model, kept)))
    verdict = verdictOf(models)
    await context.finishTransfer(payload, models)
    await context.gate.leave(payload, verdict)
    return await resultOfTransfer(context, payload, fannedOut, models)
  } catch (thrown) {
    if (isMove(thrown)) throw thrown
    const error = toTransferError(thrown)
    const failed = verdictOf([{ status: 'ERROR', error: error.toReport() }]) ?? verdict
    await context.gate.leave(payload, failed).catch(() => {
      // Safe: the first error is on its way, and whoever asks the line next takes an ended transfer out.
    })
    throw error
  }
}

async function resultOfTransfer(
  context: TransferContext,
  { transferId, retryOf, destination }: TransferPayload,
  fannedOut: NonNullable<TransferPayload['fannedOut']>,
  models: readonly ModelResult[],
): Promise<TransferResult> {
  const ended = models.length === 0 ? await endReasonOf(context.connection, transferId) : undefined
  return {
    transferId,
    ...(retryOf === undefined ? {} : { retryOf }),
    destination,
    status: ended ? STATUS_OF_END[ended] : statusOf(models),
    startedAt: fannedOut.at,
    durationMs: Date.now() - Date.parse(fannedOut.at),
    models,
  }
}

/**
 * Returns once the transfer may start, or is ended and need not: by a person, or here because it waited too long. Until then
 * it gives its place up.
 */
async function passGate(context: TransferContext, job: TransferJob, token?: string): Promise<void> {
  const { transferId, destination } = job.data
  if (await endReasonOf(context.connection, transferId)) return
  const held = await context.gate.enter(job)
  if (!held) return
  await job.updateProgress({ waiting: held.waiting })
  const leftMs = Date.parse(held.waiting.since) + context.waitLimitMs - Date.now()
  if (leftMs <= 0) return markEnded(context.connection, transferId, 'expired')
  await job.moveToDelayed(Date.now() + Math.round(Math.min(held.delayMs, leftMs)), token)
  if (held.waiting.reason === 'busy') await context.gate.wake(destination)
  throw new DelayedError()
}

/** A failure that no retry mends ends the job at once. */
function refusal(thrown: unknown): Error {
  const error = toTransferError(thrown)
  const message = `${error.code}: ${error.message} (${error.owner}: ${error.hint})`
  return error.retryable ? new Error(message) : new UnrecoverableError(message)
}

async function fanOut(
  context: TransferContext,
  job: TransferJob,
  payload: TransferPayload,
): Promise<NonNullable<TransferPayload['fannedOut']>> {
  const { models: _, ...request } = payload
  const joined = await context.requests.close(payload)
  const whole = { ...request, ...(joined && { models: [...joined] }) }
  const isAgain = await hasModelJobs(job)
  // One that was ended before any model had a job has none; once one has, all get theirs, and end by that.
  const isOver = !isAgain && (await endReasonOf(context.connection, payload.transferId))
  const models = isOver ? [] : context.modelsOf(whole)
  const { version, transferId, destination, type, window } = payload
  for (const model of models) {
    const jobId = modelJobId(transferId, model)
    // BullMQ makes a transfer wait for a job that is added again, also for one that has failed and ends no more.
    if (isAgain && (await context.queues.models.getJobState(jobId)) !== 'unknown') continue
    await context.queues.models.add(
      model,
      { version, transferId, destination, type, ...(window && { window }), model },
      {
        ...RETRIES,
        jobId,
        parent: { id: transferId, queue: job.queueQualifiedName },
        ignoreDependencyOnFailure: true,
      },
    )
  }
  const fannedOut = { at: new Date().toISOString(), models: [...models] }
  await job.updateData({ ...whole, fannedOut })
  await context.requests.forget(payload)
  return fannedOut
}

/** True when a worker before this one died while it made them. */
async function hasModelJobs(job: TransferJob): Promise<boolean> {
  const counts = await job.getDependenciesCount({
    ...{ processed: true, unprocessed: true, failed: true, ignored: true },
  })
  return Object.values(counts).some(count => count > 0)
}

/** What a model did, also if its job is not kept any more: its transfer's job has the results of those that ended well. */
async function resultOf(
  context: TransferContext,
  { transferId }: TransferPayload,
  model: string,
  kept: Readonly<Record<string, ModelResult>>,
): Promise<ModelResult> {
  const key = context.queues.models.toKey(modelJobId(transferId, model))
  const { result, status } = await viewModel(context.queues.models, transferId, model)
  const known = result ?? readModelResult(kept[key])
  if (known) return known
  const error =
    status === 'ERROR'
      ? new TransferError(
          'INTERNAL',
          `model "${model}" of transfer ${transferId} ended without a result in Redis key ${key}: its workers died too often, or its job was damaged`,
        )
      : new TransferError(
          'TRANSFER_ORPHANED',
          `the job of model "${model}" of transfer ${transferId} is not in Redis any more; what it did is not known`,
        )
  return context.failedModel(model, error, 0)
}
