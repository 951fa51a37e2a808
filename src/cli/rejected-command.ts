import { destinationNamed, modelNamesOf } from '../config/load-config.ts'
import { TransferError } from '../domain/errors.ts'
import { rejectedOfTransferPrefix } from '../domain/locations.ts'
import { foldName } from '../domain/names.ts'
import { transferIdSchema } from '../domain/transfer.ts'
import type { TransferView } from '../queue/transfer-view.ts'
import { type RejectedRowOfTable, readRejected } from '../staging/read-rejected.ts'
import { type Context, composed, withQueue } from './context.ts'
import { table } from './output.ts'

/** What `rejected` takes. */
export interface RejectedOptions {
  /** Of a transfer that the queue does not know: one of `run`, or one that is no longer kept. */
  readonly destination?: string
}

/**
 * Prints the rows that a transfer, or one model of it, rejected; read from the destination's bucket under the
 * customer's role. They hold the customer's values and are printed nowhere else.
 */
export async function rejectedCommand(
  context: Context,
  [transferId, model]: readonly [transferId: string, model: string | undefined],
  options: RejectedOptions,
): Promise<number> {
  if (!transferIdSchema.safeParse(transferId).success)
    throw new TransferError('CONFIG_INVALID', `"${transferId}" is no transfer id: 26 characters [0-9a-z]`)
  const { config, composition } = await composed(context)
  const view = options.destination === undefined ? await viewOf(context, transferId) : undefined
  const destination = destinationNamed(config, options.destination ?? view?.destination ?? '')
  const models = view?.models.map(known => known.model) ?? modelNamesOf(config, destination)
  if (model !== undefined && !models.includes(model))
    throw new TransferError(
      'CONFIG_INVALID',
      `transfer ${transferId} has no model "${model}"; it has: ${models.join(', ')}`,
    )
  const clients = await composition.connect(destination)
  try {
    const place = {
      bucket: destination.bucket,
      prefix: rejectedOfTransferPrefix(destination, transferId),
      isWanted: (name: string) =>
        (model === undefined || name === foldName(model)) && !leftByEarlierAttempt(view, name),
    }
    await context.output.rows(readRejected(clients.s3, place, context.signal), describeRows)
    return 0
  } finally {
    clients.close()
  }
}

function viewOf(context: Context, transferId: string): Promise<TransferView> {
  return withQueue(context, queue => queue.status(transferId))
}

/** A model that succeeded without rejecting a row may have rejected some in an attempt before. */
function leftByEarlierAttempt(view: TransferView | undefined, name: string): boolean {
  const result = view?.result?.models.find(candidate => candidate.table === name)
  return result?.status === 'SUCCESS' && result.rejectedRowCount === 0
}

function describeRows(rows: readonly RejectedRowOfTable[], hasMore: boolean): string {
  if (rows.length === 0) return 'no rejected rows'
  const cells = rows.map(({ table: name, file, line, column = '', path, value = '', reason }) =>
    [name, file, line, path ?? column, value, reason].map(printable),
  )
  const shown = table(['table', 'file', 'line', 'column', 'value', 'reason'], cells)
  return hasMore ? `${shown}\nthe first ${rows.length} rows; all with --json` : shown
}

/** Values come from the customer's data: no control character of theirs reaches the terminal. */
function printable(cell: string | number): string | number {
  return typeof cell === 'number' ? cell : cell.replaceAll(/\p{Cc}/gu, '\u{FFFD}')
}
