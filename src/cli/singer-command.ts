import { destinationNamed } from '../config/load-config.ts'
import type { ColumnType } from '../domain/column-type.ts'
import type { Destination } from '../domain/destination.ts'
import { TransferError } from '../domain/errors.ts'
import type { TransferResult } from '../domain/transfer.ts'
import { newTransferId } from '../domain/transfer-id.ts'
import { readSinger, type SingerLoad } from '../sources/singer/read-singer.ts'
import { VERSION_COLUMN } from '../sources/singer/stream-shape.ts'
import { readValue } from '../staging/value-rules.ts'
import { createMemoryJournal } from '../transfer/journal.ts'
import { NO_STATES } from '../transfer/model-state.ts'
import { runTransfer } from '../transfer/run-transfer.ts'
import type { Composition } from './compose.ts'
import { type Context, composed } from './context.ts'
import { EXIT_CODES, exitCodeOfStatus } from './exit-codes.ts'
import { describeTransfer } from './output.ts'
import { isStateOnStdout, openInput, type SingerOptions, tellState } from './singer-io.ts'

/** Bytes of rows that are spooled before the next STATE message ends a load. */
const LOAD_BYTES = 1024 * 1024 * 1024

/**
 * Loads a Singer input, each stream as a model of its own, and tells STATE once the load that covers it is committed.
 * Where standard output holds STATE, the result goes to standard error. Stops at the first load that is no success, and
 * tells no STATE from there on.
 *
 * @throws {TransferError} of `readSinger`; `CANCELLED`.
 */
export async function singerCommand(
  context: Context,
  destinationName: string,
  options: SingerOptions,
): Promise<number> {
  const { config, composition } = await composed(context)
  const destination = destinationNamed(config, destinationName)
  const transfers: TransferResult[] = []
  try {
    const loads = readSinger(openInput(options, context.signal), {
      textProblem,
      workDir: composition.workDir,
      loadBytes: LOAD_BYTES,
      signal: context.signal,
    })
    for await (const load of loads) {
      const result = await runLoad(context, { composition, destination }, load)
      transfers.push(result)
      if (result.status !== 'SUCCESS') break
      if (load.state !== undefined) await tellState(context, options, load.state)
    }
  } catch (thrown) {
    throw context.signal.aborted ? cancelled(options, thrown) : thrown
  }
  const tell = isStateOnStdout(options) ? context.output.report : context.output.result
  tell({ transfers }, () => transfers.map(describeTransfer).join('\n'))
  return exitCodeOf(transfers.at(-1))
}

/** Why a text is no value of a type, by the rules that staging keeps. */
function textProblem(type: ColumnType, text: string): string | undefined {
  const outcome = readValue(type, { kind: 'string', text })
  return 'reason' in outcome ? outcome.reason : undefined
}

async function runLoad(
  { signal, output }: Context,
  { composition, destination }: { readonly composition: Composition; readonly destination: Destination },
  { streams }: SingerLoad,
): Promise<TransferResult> {
  const byName = new Map(streams.map(stream => [stream.model.name, stream]))
  const transfer = {
    transferId: newTransferId(),
    destination: destination.name,
    type: 'incremental' as const,
  }
  const deps = {
    ...composition,
    async *readSource({ name }: { readonly name: string }) {
      const stream = byName.get(name)
      if (stream) yield stream.batch
    },
    states: NO_STATES,
    journal: createMemoryJournal(),
  }
  return runTransfer(
    deps,
    {
      transfer,
      destination,
      models: streams.map(({ model, activatedVersion: version }) => ({
        name: model.name,
        define: () => model,
        ...(version === undefined ? {} : { activeVersion: { column: VERSION_COLUMN, version } }),
      })),
    },
    {
      signal,
      onProgress: (model, { stage, rowCount }) => output.progress(`${model}: ${stage}, ${rowCount} rows`),
    },
  )
}

function cancelled({ singer }: SingerOptions, cause: unknown): TransferError {
  return new TransferError('CANCELLED', `reading ${singer} was cancelled`, { cause })
}

function exitCodeOf(last: TransferResult | undefined): number {
  if (!last) return EXIT_CODES.success.code
  return exitCodeOfStatus(last.status, last.models.find(model => model.error)?.error?.owner)
}
