import { readTarget } from '../catalog/read-target.ts'
import type { Destination } from '../domain/destination.ts'
import type { LoadRecord } from '../domain/load-record.ts'
import { s3Uri, stagingPrefix, tablePrefix } from '../domain/locations.ts'
import { recordAfter } from '../domain/table-record.ts'
import { modelForTable, needsFullRead } from '../load/model-for-table.ts'
import { type LoadPlan, type LoadPlanInput, NOTHING_STAGED, planLoad } from '../load/plan-load.ts'
import { halvedSteps } from '../load/plan-steps.ts'
import type { StagedModel } from '../staging/totals.ts'
import { removeStaged } from './clean-up.ts'
import { planRead, stateAfter } from './model-state.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'
import { readPartitions } from './read-partitions.ts'
import { recoverWatermark } from './recover-watermark.ts'
import { stage } from './stage.ts'
import { readTableRecord } from './table-records.ts'
import type { ModelJob, ModelJobOptions } from './transfer-model.ts'

/** A load that is staged and planned, and what the attempt that did so knows beyond its record. */
export interface PreparedLoad {
  readonly record: LoadRecord
  /** The statements with half of the rows each that do what this one of the record's does; undefined when it loads too few. */
  readonly halve: (sql: string) => readonly string[] | undefined
}

/**
 * Reads and stages a model, and plans its load to the last statement. Nothing of it counts before the journal has it, and
 * readers see nothing. What cannot be loaded, whatever the rows are, is refused before one is read.
 *
 * @throws {TransferError} of the source, the rows, staging and planning; what was staged is gone again.
 */
export async function prepareLoad(
  clients: DestinationClients,
  deps: TransferDeps,
  declared: ModelJob,
  { attempt, ...options }: ModelJobOptions & { readonly attempt: string },
): Promise<PreparedLoad> {
  const { destination, transfer } = declared
  const { schema: database, bucket } = destination
  const target = await readTarget(clients.glue, database, declared.model.tableName)
  const record = await readTableRecord(clients.s3, destination, declared.model, target)
  const model = modelForTable({ model: declared.model, target, record })
  const job = { ...declared, model }
  const partitionedBy = await readPartitions(clients.s3, model, { target, record })
  const needsAll = needsFullRead({ model, target, record })
  const table = { needsAll, isNew: target === undefined, meeting: record?.meeting }
  const read = await planRead(deps.states, job, table, () =>
    recoverWatermark(clients, deps, job, options.signal),
  )
  const prefix = stagingPrefix(destination, transfer.transferId, model.tableName, attempt)
  const targetLocation = s3Uri(bucket, tablePrefix(destination, model.tableName, attempt))
  const shape = {
    database,
    model,
    writeMode: read.writeMode,
    target,
    record,
    targetLocation,
    stagingTable: `_transfer_staging_${transfer.transferId}_${attempt}`,
    stagingLocation: s3Uri(bucket, prefix),
    partitionedBy,
    activeVersion: declared.activeVersion,
  }
  planLoad({ ...shape, ...NOTHING_STAGED })
  const staged = await stage(clients, deps, job, { prefix, read, partitionedBy, ...options })
  const plan = await planStaged(clients, destination, prefix, { ...shape, ...staged })
  const location = target?.location ?? targetLocation.replace(/\/$/, '')
  const records = { location, before: record, partitionedBy }
  return {
    halve: halving(plan),
    record: {
      id: attempt,
      model: model.name,
      transferType: transfer.type,
      ...statementsOf(plan, staged),
      files: [...staged.files],
      rowCount: staged.rowCount,
      bytes: staged.bytes,
      rejectedRowCount: staged.rejectedRowCount,
      isUnchanged: staged.isUnchanged,
      renamedColumns: [...plan.renamedColumns],
      notices: [...plan.notices],
      ...(model.description === undefined ? {} : { description: model.description }),
      tableRecords: {
        changed: recordAfter(model, { ...records, hasChanged: true }),
        unchanged: recordAfter(model, { ...records, hasChanged: false }),
        before: record,
      },
      ...stateAfter(model, read.watermark, staged),
      watermarkBefore: read.watermark,
    },
  }
}

/** Plans the load of what was staged, and removes it if it cannot be loaded. */
async function planStaged(
  clients: Pick<DestinationClients, 's3'>,
  destination: Destination,
  prefix: string,
  input: LoadPlanInput,
): Promise<LoadPlan> {
  try {
    return planLoad(input)
  } catch (thrown) {
    await removeStaged(clients, destination, prefix)
    throw thrown
  }
}

function statementsOf(
  plan: LoadPlan,
  { isUnchanged, rowCount }: StagedModel,
): Pick<LoadRecord, 'database' | 'table' | 'steps' | 'splits' | 'staging'> {
  const { database, table, staging, load } = plan
  const target = plan.targetStatements.map(sql => ({ step: 'target' as const, sql }))
  if (isUnchanged || (rowCount === 0 && !plan.removesUnstagedRows))
    return { database, table, steps: target, splits: [] }
  const steps = [...target, ...load.steps.map(({ sql }) => ({ step: 'load' as const, sql }))]
  return {
    database,
    table,
    steps,
    splits: [...load.splits],
    staging: { ...staging, columns: [...staging.columns] },
  }
}

function halving({ load, planned }: LoadPlan): PreparedLoad['halve'] {
  const steps = new Map(load.steps.map(step => [step.sql, step]))
  return sql => {
    const step = steps.get(sql)
    const halves = step && halvedSteps(planned, step)
    for (const half of halves ?? []) steps.set(half.sql, half)
    return halves?.map(half => half.sql)
  }
}
