import { isHandedOver } from '../domain/abort-reason.ts'
import type { Destination } from '../domain/destination.ts'
import { TransferError, toTransferError } from '../domain/errors.ts'
import { cleaned, staged } from '../domain/journal.ts'
import type { LoadOutcome } from '../domain/load-record.ts'
import type { Model } from '../domain/model.ts'
import type { ModelResult, Transfer } from '../domain/transfer.ts'
import type { ActiveVersion } from '../load/load-statement.ts'
import { checkDestination } from './check-destination.ts'
import { cleanUp } from './clean-up.ts'
import { finishLoad, type OpenLoad } from './finish-load.ts'
import { takeTable, whileHeld } from './journal.ts'
import { windowOf } from './plan-window.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'
import { type PreparedLoad, prepareLoad } from './prepare-load.ts'
import { settle } from './settle-load.ts'
import type { ModelProgress } from './stage.ts'
import { ensureNoUnknownLoad } from './unknown-load.ts'

/** One attempt to run one model of a transfer. */
export interface ModelJob {
  readonly transfer: Transfer
  readonly destination: Destination
  readonly model: Model
  /** Set when rows of older versions are to leave the table with this load. */
  readonly activeVersion?: ActiveVersion | undefined
}

/** How an attempt is watched and ended. */
export interface ModelJobOptions {
  /** Aborted with an `AbortReason`; any other reason counts as `cancelled`. */
  readonly signal: AbortSignal
  readonly onProgress: (progress: ModelProgress) => void
}

/**
 * The straight line of one model: assume the role, take the table, read, stage, make sure of the tables, one statement,
 * tell.
 *
 * Safe to repeat, whenever and wherever the attempt before died: the table's journal says what was staged and what was
 * submitted, and the attempt goes on from there. Nothing is visible to readers before the load statement, and all of it
 * after.
 *
 * @throws {TransferError} whatever stopped it, named; `TARGET_BUSY` while another transfer loads the table, `SUPERSEDED`
 * when another attempt took it over, `CANCELLED` when the signal aborted.
 */
export async function transferModel(
  deps: TransferDeps,
  job: ModelJob,
  options: ModelJobOptions,
): Promise<ModelResult> {
  const startedMs = deps.clock.nowMs()
  options.onProgress({ stage: 'connecting', rowCount: 0, bytes: 0 })
  try {
    const clients = await deps.connect(job.destination)
    try {
      const outcome = await runWith(clients, deps, job, options)
      return { ...outcome, durationMs: Math.round(deps.clock.nowMs() - startedMs) }
    } finally {
      clients.close()
    }
  } catch (thrown) {
    throw options.signal.aborted ? cancelled(job, thrown) : toTransferError(thrown)
  }
}

async function runWith(
  clients: DestinationClients,
  deps: TransferDeps,
  job: ModelJob,
  options: ModelJobOptions,
): Promise<LoadOutcome> {
  const { destination, transfer, model } = job
  windowOf(job)
  await checkDestination(clients, destination)
  const table = { destination: destination.name, table: model.tableName }
  const taken = await takeTable(deps.journal, table, transfer.transferId, () =>
    ensureNoUnknownLoad(clients, deps, job),
  )
  if ('outcome' in taken) return taken.outcome
  return whileHeld(deps, taken, options.signal, async signal => {
    const open = { clients, deps, destination, journal: taken, signal }
    if (taken.entry().transferId === transfer.transferId) return runHolding(open, job, options)
    // This transfer's rows are newer, and come after.
    await settle(open)
    return runWith(clients, deps, job, options)
  })
}

async function runHolding(
  open: OpenLoad,
  job: ModelJob,
  { onProgress }: ModelJobOptions,
): Promise<LoadOutcome> {
  const { clients, deps, journal, signal } = open
  let halve: PreparedLoad['halve'] | undefined
  try {
    if (journal.entry().position.state === 'planned') {
      const options = { attempt: journal.attempt, signal, onProgress }
      const prepared = await prepareLoad(clients, deps, job, options)
      halve = prepared.halve
      await journal.move(staged(journal.entry(), prepared.record))
    }
    const { position } = journal.entry()
    if ('load' in position)
      onProgress({ stage: 'loading', rowCount: position.load.rowCount, bytes: position.load.bytes })
    return await finishLoad({ ...open, halve })
  } catch (thrown) {
    await giveUpUnlessOpen(open, thrown)
    throw thrown
  }
}

/** A load that was never submitted is given up when the job will not come back for it. */
async function giveUpUnlessOpen({ clients, destination, journal, signal }: OpenLoad, thrown: unknown) {
  const { position } = journal.entry()
  const isSubmitted = position.state === 'loading' || position.state === 'loaded'
  if (isSubmitted || position.state === 'cleaned' || comesBack(signal, thrown)) return
  try {
    await journal.move(cleaned(journal.entry(), undefined))
  } catch {
    // Safe to pass over: the first error is on its way. What was staged is left to the next to take the table, who may read it.
    return
  }
  if (position.state === 'staged') await cleanUp(clients, destination, position.load)
}

function comesBack(signal: AbortSignal, thrown: unknown): boolean {
  if (signal.aborted) return isHandedOver(signal)
  return toTransferError(thrown).retryable
}

function cancelled({ transfer, model }: ModelJob, cause: unknown): TransferError {
  if (cause instanceof TransferError && cause.code === 'CANCELLED') return cause
  return new TransferError(
    'CANCELLED',
    `model "${model.name}" of transfer ${transfer.transferId} was cancelled`,
    { cause },
  )
}
