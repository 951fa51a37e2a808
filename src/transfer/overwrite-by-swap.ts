import { describeTable } from '../catalog/describe-table.ts'
import type { TableMetadata } from '../catalog/iceberg-metadata.ts'
import type { TargetTable } from '../catalog/read-target.ts'
import { deleteStagingTable } from '../catalog/staging-table.ts'
import { markShadow, swapTable } from '../catalog/swap-table.ts'
import { TransferError } from '../domain/errors.ts'
import { swapNoteKey } from '../domain/locations.ts'
import type { LoadPlan } from '../load/plan-load.ts'
import { planSwap, type SwapPlan } from '../load/plan-swap.ts'
import { readUpdateCount } from '../query/read-results.ts'
import type { QueryOutcome } from '../query/run-query.ts'
import { runStatement } from '../query/run-statement.ts'
import { type Executed, queryOptions } from './execute-plan.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'
import { readTableMetadata } from './read-table-metadata.ts'
import type { ModelJob } from './transfer-model.ts'

/** A table to be overwritten, and what one attempt overwrites it with. */
export interface SwapStep {
  readonly plan: LoadPlan
  readonly target: TargetTable
  /** Names the attempt's shadow table and note; never used twice. */
  readonly attempt: string
  /** Fresh folder. `s3://…/`. */
  readonly location: string
  readonly signal: AbortSignal
}

/** A swap to be made, and what the target is. */
interface PlannedSwap extends SwapStep {
  readonly swap: SwapPlan
  readonly metadata: TableMetadata
}

/**
 * Overwrites a large table by another one that takes its place: a shadow table in a fresh folder, one statement that
 * fills it, a compare-and-set of the target's entry, **the commit point**, and the shadow's entry is removed. Readers
 * have the old rows before it and the new ones after; statements that began before read the old files on, which stay.
 *
 * Safe to repeat after a death at any point: each attempt has a shadow table of its own. Which folders may be left, the
 * target's old one or that of an attempt which died, is noted first.
 *
 * Undefined, and nothing is changed, for what the MERGE is for: other write modes, tables smaller than the model's
 * `swapAtBytes`, and those that would lose something, columns of their own or another partitioning or order.
 *
 * @throws {TransferError} of the statement that failed; `COMMIT_CONFLICT` when the target was changed meanwhile.
 */
export async function overwriteBySwap(
  clients: DestinationClients,
  deps: TransferDeps,
  job: ModelJob,
  step: SwapStep,
): Promise<Executed | undefined> {
  const planned = await planIfLarge(clients, job, step)
  return planned && executeSwap(clients, deps, job, planned)
}

async function planIfLarge(
  { s3 }: Pick<DestinationClients, 's3'>,
  { model, transfer }: ModelJob,
  step: SwapStep,
): Promise<PlannedSwap | undefined> {
  const { plan, target, attempt, location } = step
  if (plan.writeMode !== 'overwrite') return undefined
  const metadata = await readTableMetadata(s3, target.entry)
  if (metadata?.bytes === undefined || metadata.bytes < model.swapAtBytes) return undefined
  const swap = planSwap({
    database: plan.database,
    model,
    target,
    properties: metadata.properties,
    shadowTable: `_transfer_shadow_${transfer.transferId}_${attempt}`,
    location,
    stagingTable: plan.staging.table,
  })
  return swap && { ...step, swap, metadata }
}

async function executeSwap(
  clients: DestinationClients,
  deps: TransferDeps,
  job: ModelJob,
  planned: PlannedSwap,
): Promise<Executed | undefined> {
  const { plan, target, swap } = planned
  const { database } = plan
  const run = (step: string, sql: string): Promise<QueryOutcome> => {
    const parts = { transferId: job.transfer.transferId, model: job.model.name, step, sql }
    return runStatement(clients.athena, parts, queryOptions(clients, deps, job, planned.signal))
  }
  await writeNote(clients, job, planned)
  try {
    await run('shadow', swap.createStatement)
    const shadow = await markShadow(clients.glue, database, swap.shadowTable, job.transfer.transferId)
    const made = await readTableMetadata(clients.s3, shadow)
    if (made?.layout !== planned.metadata.layout) {
      await removeShadow(clients, planned)
      return undefined
    }
    const outcome = await run('load', swap.loadStatement)
    await swapTable(clients.glue, database, target.entry, swap.shadowTable)
    await removeShadow(clients, planned)
    const { description } = job.model
    if (description !== undefined) await describeTable(clients.glue, database, plan.table, description)
    return {
      changedRowCount: await readUpdateCount(clients.athena, outcome.queryExecutionId),
      scannedBytes: outcome.scannedBytes,
      statementCount: 1,
      queryExecutionId: outcome.queryExecutionId,
    }
  } catch (thrown) {
    const isRunning = thrown instanceof TransferError && thrown.details.terminal === false
    if (!isRunning) await removeShadow(clients, planned)
    throw thrown
  }
}

/** Which folder the table lies in and which it will: after a crash the one without a table is found by it. */
async function writeNote(
  { s3 }: Pick<DestinationClients, 's3'>,
  { destination, model, transfer }: ModelJob,
  { target, swap, attempt, location }: PlannedSwap,
): Promise<void> {
  const note = {
    version: 1,
    transferId: transfer.transferId,
    table: model.tableName,
    shadowTable: swap.shadowTable,
    from: target.location,
    to: location.replace(/\/$/, ''),
    startedAt: new Date().toISOString(),
  }
  await s3.putObject({
    Bucket: destination.bucket,
    Key: swapNoteKey(destination, model.tableName, attempt),
    Body: Buffer.from(JSON.stringify(note)),
    ContentType: 'application/json',
  })
}

/** Removes the shadow's entry in the catalog alone, no file. */
async function removeShadow(
  { glue }: Pick<DestinationClients, 'glue'>,
  { plan, swap }: Pick<PlannedSwap, 'plan' | 'swap'>,
): Promise<void> {
  try {
    await deleteStagingTable(glue, plan.database, swap.shadowTable)
  } catch {
    // Safe to pass over: the entry carries our mark, and which folder lies idle is noted.
  }
}
