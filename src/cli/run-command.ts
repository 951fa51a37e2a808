import { destinationNamed, modelNamed, modelNamesOf } from '../config/load-config.ts'
import { newTransferId } from '../domain/transfer-id.ts'
import type { TransferWindow } from '../domain/transfer-window.ts'
import { createMemoryJournal } from '../transfer/journal.ts'
import { NO_STATES } from '../transfer/model-state.ts'
import { runTransfer } from '../transfer/run-transfer.ts'
import { type Context, composed } from './context.ts'
import { exitCodeOfStatus } from './exit-codes.ts'
import { describeTransfer } from './output.ts'

/** What `run` takes. */
export interface RunCommandOptions {
  /** Undefined: all models of the destination. */
  readonly models: readonly string[] | undefined
  /** Undefined: all rows. */
  readonly window: TransferWindow | undefined
}

/** Runs one transfer in this process: all rows or those of a window, no queue, no watermark kept. */
export async function runCommand(
  context: Context,
  destinationName: string,
  { models: only, window }: RunCommandOptions,
): Promise<number> {
  const { config, composition } = await composed(context)
  const destination = destinationNamed(config, destinationName)
  const models = modelNamesOf(config, destination, only).map(name => ({
    name,
    define: () => modelNamed(config, destination, name),
  }))
  const transfer = {
    transferId: newTransferId(),
    destination: destination.name,
    type: window ? ('backfill' as const) : ('incremental' as const),
    window,
  }
  const result = await runTransfer(
    { ...composition, states: NO_STATES, journal: createMemoryJournal() },
    { transfer, destination, models },
    {
      signal: context.signal,
      onProgress: (model, { stage, rowCount }) =>
        context.output.progress(`${model}: ${stage}, ${rowCount} rows`),
    },
  )
  context.output.result(result, () => describeTransfer(result))
  return exitCodeOfStatus(result.status, result.models.find(model => model.error)?.error?.owner)
}
