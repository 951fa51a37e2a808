import { z } from 'zod'
import { TransferError } from '../domain/errors.ts'
import { type TransferType, transferIdSchema } from '../domain/transfer.ts'
import { newTransferId } from '../domain/transfer-id.ts'
import type { TransferWindow } from '../domain/transfer-window.ts'
import { PAYLOAD_VERSION, parsePayload, type TransferPayload, transferPayloadSchema } from './job-payloads.ts'
import type { OpenRequests } from './open-requests.ts'
import { RETRIES, type TransferQueues } from './queues.ts'
import { ENDED } from './transfer-gate.ts'

/** Longest delay of a transfer, in milliseconds: ten years. */
const MAX_DELAY_MS = 315_360_000_000

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

/** What of a request is not part of the job's payload; the payload's own schema says the rest. */
const requestSchema = z.looseObject({
  priority: z.int().min(0).max(2_097_152).optional(),
  delayMs: z.number().min(0).max(MAX_DELAY_MS).optional(),
  whenBusy: z.enum(['queue', 'merge']).optional(),
})

/** Puts a transfer into the queue, or makes it part of the one that waits. @throws {TransferError} `JOB_INVALID`. */
export async function enqueueTransfer(
  queues: TransferQueues,
  requests: OpenRequests,
  request: TransferRequest,
): Promise<{ readonly transferId: string }> {
  const { priority, delayMs, whenBusy, ...asked } = readRequest(request)
  const { window } = asked
  const payload = payloadOf({
    version: PAYLOAD_VERSION,
    ...asked,
    ...{ transferId: asked.transferId ?? newTransferId() },
    ...{ type: asked.type ?? (window === undefined ? 'incremental' : 'backfill') },
  })
  await requests.claim(payload)
  if (window === undefined && priority === undefined && delayMs === undefined)
    return join(queues, requests, payload, whenBusy ?? 'queue')
  await addJob(queues, payload, {
    ...(priority === undefined ? {} : { priority }),
    ...(delayMs === undefined ? {} : { delay: delayMs }),
  })
  return { transferId: payload.transferId }
}

function readRequest(request: unknown): z.output<typeof requestSchema> {
  const outcome = requestSchema.safeParse(request)
  if (outcome.success) return outcome.data
  const problems = outcome.error.issues.map(issue => `${issue.path.join('.') || 'it'}: ${issue.message}`)
  throw new TransferError('JOB_INVALID', `a request of a transfer: ${problems.join('; ')}`)
}

/**
 * Enqueues a request as part of the transfer that it joins. The job is added in any case: an id that has one already changes
 * nothing, and a producer that died before adding the job loses nobody's request.
 */
async function join(
  queues: TransferQueues,
  requests: OpenRequests,
  payload: TransferPayload,
  whenBusy: 'queue' | 'merge',
): Promise<{ readonly transferId: string }> {
  const transferId = await requests.join(payload, whenBusy)
  const isOwn = transferId === payload.transferId
  await addJob(queues, { ...payload, transferId })
  if (isOwn || !ENDED.has(await queues.transfers.getJobState(transferId))) return { transferId }
  await requests.close({ ...payload, transferId })
  return join(queues, requests, payload, whenBusy)
}

/** Puts a transfer into the queue as it is, a part of no other. */
export async function addTransfer(
  queues: TransferQueues,
  requests: OpenRequests,
  request: Omit<TransferPayload, 'requestedAt'>,
): Promise<{ readonly transferId: string }> {
  const payload = payloadOf(request)
  await requests.claim(payload)
  await addJob(queues, payload)
  return { transferId: payload.transferId }
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
  await queues.transfers.add(payload.destination, payload, {
    ...RETRIES,
    ...options,
    jobId: payload.transferId,
  })
}

function payloadOf(request: Readonly<Record<string, unknown>>): TransferPayload {
  const data = { ...request, requestedAt: new Date().toISOString() }
  const jobId = transferIdSchema.safeParse(request.transferId).data ?? 'without a valid id'
  return parsePayload(transferPayloadSchema, data, { jobId, idOf: ({ transferId }) => transferId })
}
