import { randomBytes } from 'node:crypto'
import { ensureDatabase } from '../catalog/ensure-database.ts'
import { readTarget, type TargetTable } from '../catalog/read-target.ts'
import { createStagingTable } from '../catalog/staging-table.ts'
import type { Destination } from '../domain/destination.ts'
import { TransferError, toTransferError } from '../domain/errors.ts'
import { s3Uri, stagingPrefix, tablePrefix } from '../domain/locations.ts'
import type { Model } from '../domain/model.ts'
import type { ModelResult, Transfer } from '../domain/transfer.ts'
import { modelForTable, needsFullRead } from '../load/model-for-table.ts'
import { planLoad } from '../load/plan-load.ts'
import type { StagedModel } from '../staging/totals.ts'
import { checkDestination } from './check-destination.ts'
import { cleanUp } from './clean-up.ts'
import { type Executed, executePlan, isLoadNeeded } from './execute-plan.ts'
import { writeManifest } from './manifest.ts'
import { planRead, rememberLoad, stateAfter } from './model-state.ts'
import { overwriteBySwap, type SwapStep } from './overwrite-by-swap.ts'
import { windowOf } from './plan-window.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'
import { recordBeforeLoad, recordOfLoad } from './record-of-load.ts'
import { recoverWatermark } from './recover-watermark.ts'
import { type ModelProgress, stage } from './stage.ts'
import { readTableRecord, writeTableRecord } from './table-records.ts'

/** One attempt to run one model of a transfer. */
export interface ModelJob {
  readonly transfer: Transfer
  readonly destination: Destination
  readonly model: Model
}

/** How an attempt is watched and ended. */
export interface ModelJobOptions {
  readonly signal: AbortSignal
  readonly onProgress: (progress: ModelProgress) => void
}

/**
 * The straight line of one model: assume the role, read, stage, make sure of the tables, one statement, tell.
 *
 * Safe to repeat: each attempt stages under its own prefix, and the load changes nothing the second time. Nothing is
 * visible to readers before the load statement, and all of it after.
 *
 * @throws {TransferError} whatever stopped it, named; `CANCELLED` when the signal aborted.
 */
export async function transferModel(
  deps: TransferDeps,
  job: ModelJob,
  options: ModelJobOptions,
): Promise<ModelResult> {
  const startedMs = performance.now()
  options.onProgress({ stage: 'connecting', rowCount: 0, bytes: 0 })
  try {
    const clients = await deps.connect(job.destination)
    try {
      const outcome = await runWith(clients, deps, job, options)
      return { ...outcome, durationMs: Math.round(performance.now() - startedMs) }
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
  declared: ModelJob,
  options: ModelJobOptions,
): Promise<Omit<ModelResult, 'durationMs'>> {
  const { destination, transfer } = declared
  windowOf(declared)
  await checkDestination(clients, destination)
  const target = await readTarget(clients.glue, destination.schema, declared.model.tableName)
  const record = await readTableRecord(clients.s3, destination, declared.model, target)
  const model = modelForTable({ model: declared.model, target, record })
  const job = { ...declared, model }
  const needsAll = needsFullRead({ model, target, record })
  const read = await planRead(deps.states, job, { needsAll, isNew: target === undefined }, async () =>
    record?.watermark === undefined
      ? recoverWatermark(clients, deps, job, options.signal)
      : (record.watermark ?? undefined),
  )
  const attempt = newAttemptId()
  const prefix = stagingPrefix(destination, transfer.transferId, model.tableName, attempt)
  const staged = await stage(clients, deps, job, { prefix, read, ...options })
  const targetLocation = s3Uri(destination.bucket, tablePrefix(destination, model.tableName, attempt))
  const plan = planLoad({
    database: destination.schema,
    model,
    writeMode: read.writeMode,
    target,
    record,
    targetLocation,
    stagingTable: `_transfer_staging_${transfer.transferId}_${attempt}`,
    stagingLocation: s3Uri(destination.bucket, prefix),
    bounds: staged.bounds,
  })
  const held = recordBeforeLoad(model, read, record)
  await writeTableRecord(clients.s3, destination, model, { before: record, after: held })
  const step = { plan, staged, target, attempt, location: targetLocation, ...options }
  const { executed, isSwapped } = await load(clients, deps, job, step)
  const state = stateAfter(model, read, staged)
  const location = (isSwapped ? undefined : target?.location) ?? targetLocation.replace(/\/$/, '')
  const after = recordOfLoad(model, read, { location, before: held, state })
  await writeTableRecord(clients.s3, destination, model, { before: held, after })
  await rememberLoad(deps.states, job, state)
  if (!staged.isUnchanged) {
    const facts = { staged, executed, before: read.watermark, after: state.watermark, window: read.window }
    await writeManifest({ ...clients, ...deps }, job, facts)
  }
  return describe(job, staged, executed, state.watermark)
}

/** Runs the plan and removes what it left, unless a statement that reads it may still be running. */
async function load(
  clients: DestinationClients,
  deps: TransferDeps,
  job: ModelJob,
  step: Omit<SwapStep, 'target'> & {
    readonly target: TargetTable | undefined
    readonly staged: StagedModel
  } & ModelJobOptions,
): Promise<{ readonly executed: Executed; readonly isSwapped: boolean }> {
  const { plan, staged, target } = step
  const leftovers = { database: plan.database, stagingTable: plan.staging.table, files: staged.files }
  try {
    step.onProgress({ stage: 'loading', rowCount: staged.rowCount, bytes: staged.bytes })
    await ensureDatabase(clients.glue, plan.database)
    if (isLoadNeeded(plan, staged)) {
      const { table: name, ...staging } = plan.staging
      await createStagingTable(clients.glue, plan.database, {
        name,
        ...staging,
        transferId: job.transfer.transferId,
      })
    }
    const swapped =
      target && isLoadNeeded(plan, staged)
        ? await overwriteBySwap(clients, deps, job, { ...step, target })
        : undefined
    const executed = swapped ?? (await executePlan(clients, deps, job, step))
    await cleanUp(clients, job.destination, leftovers)
    return { executed, isSwapped: swapped !== undefined }
  } catch (thrown) {
    if (isOver(thrown)) await cleanUp(clients, job.destination, leftovers)
    throw thrown
  }
}

/** False only for a statement that was given up while Athena may still be running it. */
function isOver(thrown: unknown): boolean {
  return !(thrown instanceof TransferError && thrown.details.terminal === false)
}

function describe(
  { model }: ModelJob,
  staged: StagedModel,
  executed: Executed,
  watermark: string | undefined,
): Omit<ModelResult, 'durationMs'> {
  return {
    model: model.name,
    table: model.tableName,
    status: 'SUCCESS',
    rowCount: staged.rowCount,
    rejectedRowCount: staged.rejectedRowCount,
    fileCount: staged.files.length,
    stagedBytes: staged.isUnchanged ? 0 : staged.bytes,
    isUnchanged: staged.isUnchanged,
    ...executed,
    ...(watermark === undefined ? {} : { watermark }),
  }
}

function cancelled({ transfer, model }: ModelJob, cause: unknown): TransferError {
  if (cause instanceof TransferError && cause.code === 'CANCELLED') return cause
  return new TransferError(
    'CANCELLED',
    `model "${model.name}" of transfer ${transfer.transferId} was cancelled`,
    { cause },
  )
}

/** Names an attempt's folders and tables; never used twice. */
function newAttemptId(): string {
  return randomBytes(6).toString('hex')
}
