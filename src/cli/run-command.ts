import { destinationNamed, modelNamed, modelNamesOf } from '../config/load-config.ts'
import { newTransferId } from '../domain/transfer-id.ts'
import { createMemoryJournal } from '../transfer/journal.ts'
import { NO_STATES } from '../transfer/model-state.ts'
import { runTransfer } from '../transfer/run-transfer.ts'
import { type Context, composed } from './context.ts'
import { exitCodeOfStatus } from './exit-codes.ts'
import { describeTransfer } from './output.ts'

/** Runs one transfer in this process: all rows, no queue, no watermark kept. */
export async function runCommand(
  context: Context,
  destinationName: string,
  only?: readonly string[],
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
    type: 'incremental' as const,
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
