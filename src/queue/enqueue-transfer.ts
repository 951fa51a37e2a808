import type { TransferType } from '../domain/transfer.ts'
import { newTransferId } from '../domain/transfer-id.ts'
import type { TransferWindow } from '../domain/transfer-window.ts'
import { PAYLOAD_VERSION, parsePayload, type TransferPayload, transferPayloadSchema } from './job-payloads.ts'
import type { OpenRequests } from './open-requests.ts'
import type { TransferQueues } from './queues.ts'
import { ENDED } from './transfer-gate.ts'

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

/** Puts a transfer into the queue, or makes it part of the one that waits. */
export async function enqueueTransfer(
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
  return addTransfer(queues, payload, {
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

/** Puts a transfer into the queue as it is, a part of no other. */
export async function addTransfer(
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
