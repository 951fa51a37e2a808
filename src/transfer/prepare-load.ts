import { readTarget, type TargetTable } from '../catalog/read-target.ts'
import type { LoadRecord } from '../domain/load-record.ts'
import { s3Uri, stagingPrefix, tablePrefix } from '../domain/locations.ts'
import type { TableRecord } from '../domain/table-record.ts'
import { modelForTable, needsFullRead } from '../load/model-for-table.ts'
import { planLoad } from '../load/plan-load.ts'
import type { StagedModel } from '../staging/totals.ts'
import { removeStaged } from './clean-up.ts'
import { planRead, type ReadPlan, stateAfter } from './model-state.ts'
import { planSwapLoad } from './plan-swap-load.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'
import { recordsOfLoad } from './record-of-load.ts'
import { recoverWatermark } from './recover-watermark.ts'
import { stage } from './stage.ts'
import { readTableRecord } from './table-records.ts'
import type { ModelJob, ModelJobOptions } from './transfer-model.ts'

/**
 * Reads and stages a model, and plans its load to the last statement. Nothing of it counts before the journal has it, and
 * readers see nothing.
 *
 * @throws {TransferError} of the source, the rows, staging and planning; what was staged is gone again.
 */
export async function prepareLoad(
  clients: DestinationClients,
  deps: TransferDeps,
  declared: ModelJob,
  { attempt, ...options }: ModelJobOptions & { readonly attempt: string },
): Promise<LoadRecord> {
  const { destination, transfer } = declared
  const { schema: database } = destination
  const target = await readTarget(clients.glue, database, declared.model.tableName)
  const record = await readTableRecord(clients.s3, destination, declared.model, target)
  const model = modelForTable({ model: declared.model, target, record })
  const job = { ...declared, model }
  const needsAll = needsFullRead({ model, target, record })
  const table = { needsAll, isNew: target === undefined, meeting: record?.meeting }
  const read = await planRead(deps.states, job, table, async () =>
    record?.watermark === undefined
      ? recoverWatermark(clients, deps, job, options.signal)
      : (record.watermark ?? undefined),
  )
  const prefix = stagingPrefix(destination, transfer.transferId, model.tableName, attempt)
  const staged = await stage(clients, deps, job, { prefix, read, ...options })
  const found = { target, record, read, staged, prefix, attempt }
  return planned(clients, job, found).catch(async (thrown: unknown) => {
    await removeStaged(clients, destination, prefix)
    throw thrown
  })
}

/** What a load is planned from. */
interface Staged {
  readonly target: TargetTable | undefined
  readonly record: TableRecord | undefined
  readonly read: ReadPlan
  readonly staged: StagedModel
  /** Folder of what is staged. */
  readonly prefix: string
  readonly attempt: string
}

async function planned(
  clients: DestinationClients,
  job: ModelJob,
  { target, record, read, staged, prefix, attempt }: Staged,
): Promise<LoadRecord> {
  const { destination, transfer, model } = job
  const { schema: database, bucket } = destination
  const targetLocation = s3Uri(bucket, tablePrefix(destination, model.tableName, attempt))
  const plan = planLoad({
    database,
    model,
    writeMode: read.writeMode,
    target,
    record,
    targetLocation,
    stagingTable: `_transfer_staging_${transfer.transferId}_${attempt}`,
    stagingLocation: s3Uri(bucket, prefix),
    bounds: staged.bounds,
    activeVersion: job.activeVersion,
  })
  const isLoaded = !staged.isUnchanged && (staged.rowCount > 0 || plan.removesUnstagedRows)
  const after = stateAfter(model, read, staged)
  const recordsIn = (location: string) => recordsOfLoad(model, read, { location, record, state: after.state })
  const merged = {
    steps: [
      ...plan.targetStatements.map(sql => ({ step: 'target' as const, sql })),
      ...(isLoaded ? [{ step: 'load' as const, sql: plan.loadStatement }] : []),
    ],
    tableRecords: recordsIn(target?.location ?? targetLocation.replace(/\/$/, '')),
  }
  const candidate = { plan, id: attempt, location: targetLocation, fallback: merged, recordsIn }
  const swapped = target && isLoaded ? await planSwapLoad(clients, job, { ...candidate, target }) : undefined
  return {
    id: attempt,
    model: model.name,
    transferType: transfer.type,
    database,
    table: model.tableName,
    window: read.window,
    ...(swapped ?? merged),
    ...(isLoaded ? { staging: { ...plan.staging, columns: [...plan.staging.columns] } } : {}),
    files: [...staged.files],
    rowCount: staged.rowCount,
    bytes: staged.bytes,
    rejectedRowCount: staged.rejectedRowCount,
    isUnchanged: staged.isUnchanged,
    renamedColumns: [...plan.renamedColumns],
    ...(model.description === undefined ? {} : { description: model.description }),
    ...after,
    watermarkBefore: read.watermark,
  }
}
