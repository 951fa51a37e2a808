import { ERROR_CODES, TransferError, toTransferError } from '../domain/errors.ts'
import type { TransferStatus } from '../domain/transfer.ts'
import { endReasonOf } from './cancellation.ts'
import type { QueueConnection } from './connection.ts'
import type { TransferPayload } from './job-payloads.ts'
import { readTransferResult } from './job-results.ts'
import { createOpenRequests } from './open-requests.ts'
import type { TransferQueues } from './queues.ts'
import { readJobs } from './read-jobs.ts'
import {
  openStatus,
  STATUS_OF_END,
  type TransferJob,
  type TransferView,
  transferPayloadOf,
  viewModel,
  withState,
} from './transfer-view.ts'
import { waitingOf } from './waiting.ts'

/** A transfer as its jobs tell. */
export async function viewTransfer(
  connection: QueueConnection,
  queues: TransferQueues,
  read: TransferJob,
): Promise<TransferView> {
  const { job, state } = await withState(queues.transfers, read)
  const payload = readPayload(job)
  if (payload instanceof TransferError) return viewOfUnreadable(job.id ?? '', { state, problem: payload })
  const { transferId, destination, requestedAt, fannedOut, retryOf } = payload
  // One whose models were made goes on running until they are collected, though its job waits for that.
  const isWaiting = !fannedOut && openStatus(state) === 'PENDING'
  const result = state === 'completed' ? readTransferResult(job.returnvalue) : undefined
  const requested = fannedOut ? undefined : await createOpenRequests(connection).modelsOf(payload)
  const names = fannedOut?.models ?? requested ?? []
  const status = result?.status ?? (await statusWithoutResult(connection, transferId, { state, isWaiting }))
  const isUnstarted = status === 'PENDING' || (status === 'EXPIRED' && !fannedOut?.models.length)
  return {
    transferId,
    retryOf,
    destination,
    requestedAt,
    result,
    models: await Promise.all(
      names.map(model =>
        viewModel(
          queues.models,
          transferId,
          model,
          result?.models.find(one => one.model === model),
        ),
      ),
    ),
    status,
    waiting: isUnstarted ? waitingOf(job) : undefined,
    failedReason: reasonOf(job, { state, hasResult: result !== undefined }),
  }
}

function reasonOf(
  job: TransferJob,
  { state, hasResult }: { readonly state: string; readonly hasResult: boolean },
): string | undefined {
  if (state === 'unknown') return LOST
  if (state === 'failed') return job.failedReason
  return state === 'completed' && !hasResult ? NO_RESULT : undefined
}

function readPayload(job: TransferJob): TransferPayload | TransferError {
  try {
    return transferPayloadOf(job)
  } catch (thrown) {
    return toTransferError(thrown)
  }
}

/** A job that was damaged or put into the queue by hand is shown with what is wrong with it. */
function viewOfUnreadable(
  transferId: string,
  { state, problem }: { readonly state: string; readonly problem: TransferError },
): TransferView {
  const { code, message, owner, hint } = problem
  return {
    ...{ transferId, retryOf: undefined, destination: '', requestedAt: '', models: [] },
    ...{ waiting: undefined, result: undefined },
    status: state === 'completed' || state === 'failed' ? 'ERROR' : openStatus(state),
    failedReason: `${code}: ${message} (${owner}: ${hint})`,
  }
}

async function statusWithoutResult(
  connection: QueueConnection,
  transferId: string,
  { state, isWaiting }: { readonly state: string; readonly isWaiting: boolean },
): Promise<TransferStatus> {
  if (state === 'failed' || state === 'completed') return 'ERROR'
  const ended = isWaiting ? await endReasonOf(connection, transferId) : undefined
  if (ended) return STATUS_OF_END[ended]
  const status = openStatus(state)
  return status === 'PENDING' && !isWaiting ? 'RUNNING' : status
}

/** Why a transfer is ORPHANED as a whole. */
const LOST = `TRANSFER_ORPHANED: no list of the queue has the transfer's job any more (operator: ${ERROR_CODES.TRANSFER_ORPHANED.hint})`

/** Why a transfer is ERROR that ended. */
const NO_RESULT = `STATE_UNREADABLE: what the transfer left as its result cannot be read (operator: ${ERROR_CODES.STATE_UNREADABLE.hint})`

/** Most transfers in one list. */
const MAX_LISTED = 1000

/** Transfers, the newest first; see `TransferQueue`. */
export async function listTransfers(
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
  const { jobs, damaged } = await readJobs(queues.transfers, states, MAX_LISTED)
  const newest = jobs.toSorted((left, right) => right.timestamp - left.timestamp)
  const views: TransferView[] = []
  const isWanted = ({ destination, status }: TransferView): boolean =>
    (filter.destination === undefined || filter.destination === destination) &&
    (filter.status === undefined || filter.status === status)
  const limit = Math.min(filter.limit ?? 50, MAX_LISTED)
  for (const { id, problem } of damaged) {
    const state = await queues.transfers.getJobState(id)
    const view = viewOfUnreadable(id, { state, problem })
    if (isWanted(view) && views.length < limit) views.push(view)
  }
  for (const job of newest) {
    if (views.length >= limit) break
    const isOther = filter.destination !== undefined && job.name !== filter.destination
    const view = isOther ? undefined : await viewTransfer(connection, queues, job)
    if (view && isWanted(view)) views.push(view)
  }
  return views
}
