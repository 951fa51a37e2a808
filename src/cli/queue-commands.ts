import type { TransferStatus } from '../domain/transfer.ts'
import type { TransferWindow } from '../domain/transfer-window.ts'
import type { TransferQueue } from '../queue/transfer-queue.ts'
import type { TransferView } from '../queue/transfer-view.ts'
import type { Waiting } from '../queue/waiting.ts'
import { type Context, withQueue } from './context.ts'
import { EXIT_CODES, exitCodeOfStatus } from './exit-codes.ts'
import { describeFailure, describeTransfer, progressBar, table } from './output.ts'

/** What `enqueue` takes. */
export interface EnqueueOptions {
  readonly full?: boolean
  readonly model?: string[]
  readonly window?: TransferWindow
  readonly wait?: boolean
  readonly id?: string
  /** Joins the transfer that waits already. */
  readonly merge?: boolean
}

/** Puts a transfer into the queue; with `wait` stays until it has ended. */
export async function enqueueCommand(
  context: Context,
  destination: string,
  options: EnqueueOptions,
): Promise<number> {
  return withQueue(context, async queue => {
    const { transferId } = await queue.enqueue({
      destination,
      ...(options.full ? { type: 'full-refresh' } : {}),
      ...(options.window ? { window: options.window } : {}),
      ...(options.model ? { models: options.model } : {}),
      ...(options.id === undefined ? {} : { transferId: options.id }),
      ...(options.merge ? { whenBusy: 'merge' as const } : {}),
    })
    return tellEnqueued(context, queue, transferId, options)
  })
}

/** Puts the failed models of an ended transfer into the queue again, as a transfer of its own. */
export async function retryCommand(
  context: Context,
  transferId: string,
  options: Pick<EnqueueOptions, 'id' | 'wait'>,
): Promise<number> {
  return withQueue(context, async queue => {
    const own = options.id === undefined ? {} : { transferId: options.id }
    const retry = await queue.retry(transferId, own)
    return tellEnqueued(context, queue, retry.transferId, options)
  })
}

async function tellEnqueued(
  context: Context,
  queue: TransferQueue,
  transferId: string,
  { wait }: Pick<EnqueueOptions, 'wait'>,
): Promise<number> {
  if (!wait) {
    context.output.result({ transferId }, () => transferId)
    return EXIT_CODES.success.code
  }
  const onProgress = (view: TransferView): void => context.output.progress(describeProgress(view))
  return tell(context, await queue.waitUntilFinished(transferId, { signal: context.signal, onProgress }))
}

/** Tells how a transfer stands. */
export async function statusCommand(context: Context, transferId: string): Promise<number> {
  return withQueue(context, async queue => tell(context, await queue.status(transferId)))
}

/** Lists transfers, the newest first. */
export async function listCommand(
  context: Context,
  options: { readonly destination?: string; readonly status?: TransferStatus; readonly limit?: number },
): Promise<number> {
  return withQueue(context, async queue => {
    const views = await queue.list(options)
    const rows = views.map(view => [
      ...[view.transferId, view.destination, view.status, view.requestedAt],
      view.waiting ? describeWaiting(view.waiting) : '',
    ])
    const head = ['transfer', 'destination', 'status', 'requested at', 'waits']
    context.output.result(views, () => table(head, rows))
    return EXIT_CODES.success.code
  })
}

/** Cancels a transfer. */
export async function cancelCommand(context: Context, transferId: string): Promise<number> {
  return withQueue(context, async queue => {
    await queue.cancel(transferId)
    context.output.result({ transferId, cancelled: true }, () => `transfer ${transferId} is told to end`)
    return EXIT_CODES.success.code
  })
}

function tell(context: Context, view: TransferView): number {
  context.output.result(view, () => describeView(view))
  const waitedFor = view.waiting?.failure ? 'customer' : undefined
  const owner = view.result?.models.find(model => model.error)?.error?.owner ?? waitedFor
  return exitCodeOfStatus(view.status, owner)
}

function describeView(view: TransferView): string {
  const waits = view.waiting ? [`  ${describeWaiting(view.waiting)}`] : []
  if (view.result) return [describeTransfer(view.result), ...waits].join('\n')
  const lines = view.models.map(({ model, status, progress, result }) => {
    const failure = result?.error ? `\n  ${describeFailure(result.error)}` : ''
    return `  ${model}: ${status}${progress ? `, ${progress.stage}, ${progress.rowCount} rows` : ''}${failure}`
  })
  const reason = view.failedReason === undefined ? [] : [`  ${view.failedReason}`]
  return [
    `transfer ${view.transferId} to ${view.destination}: ${view.status}`,
    ...waits,
    ...reason,
    ...lines,
  ].join('\n')
}

function describeWaiting({ reason, since, until, failure, transferIds = [] }: Waiting): string {
  if (reason === 'busy') return `behind ${transferIds.join(', ')} since ${since}`
  const why = failure ? `: ${failure.code}, ${failure.message} (next: ${failure.hint})` : ''
  return `destination paused until ${until ?? 'soon'}${why}`
}

function describeProgress({ models, status }: TransferView): string {
  const done = models.filter(model => model.result).length
  const rows = models.reduce(
    (sum, { result, progress }) => sum + (result?.rowCount ?? progress?.rowCount ?? 0),
    0,
  )
  return `${progressBar(done, models.length)} ${status}, ${done} of ${models.length} models, ${rows} rows`
}
