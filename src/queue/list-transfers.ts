import { ERROR_CODES } from '../domain/errors.ts'
import type { TransferStatus } from '../domain/transfer.ts'
import { endReasonOf } from './cancellation.ts'
import type { QueueConnection } from './connection.ts'
import { createOpenRequests } from './open-requests.ts'
import type { TransferQueues } from './queues.ts'
import { openStatus, STATUS_OF_END, type TransferJob, type TransferView, viewModel } from './transfer-view.ts'
import { waitingOf } from './waiting.ts'

/** A transfer as its jobs tell. */
export async function viewTransfer(
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
  const isUnstarted = status === 'PENDING' || (status === 'EXPIRED' && !fannedOut?.models.length)
  return {
    transferId,
    retryOf: job.data.retryOf,
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
