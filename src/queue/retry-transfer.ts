import { TransferError } from '../domain/errors.ts'
import type { TransferPayload } from './job-payloads.ts'
import type { TransferView } from './transfer-view.ts'

/**
 * What a retry of an ended transfer is to do: the same request, for the models that failed, were cancelled or never ran.
 * A transfer that failed as a whole though all its models were loaded did not tell the customer; all are run again, which
 * changes no row.
 *
 * @throws {TransferError} `RETRY_REFUSED` for a transfer that has not ended or has no failed model.
 */
export function retryOf(
  view: TransferView,
  { fannedOut, models: requested, ...request }: TransferPayload,
): Omit<TransferPayload, 'requestedAt'> {
  const { transferId, status } = view
  if (status === 'PENDING' || status === 'RUNNING') throw refused(transferId, `is ${status}`)
  if (status === 'SUCCESS') throw refused(transferId, 'has no failed model')
  const failed = view.models.filter(model => model.status !== 'SUCCESS').map(({ model }) => model)
  const models = failed.length > 0 ? failed : requested
  return { ...request, retryOf: transferId, ...(models === undefined ? {} : { models }) }
}

function refused(transferId: string, why: string): TransferError {
  return new TransferError('RETRY_REFUSED', `transfer ${transferId} ${why}: there is nothing to retry`, {
    details: { transferId },
  })
}
