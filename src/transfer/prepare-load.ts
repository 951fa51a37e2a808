import { readTarget, type TargetTable } from '../catalog/read-target.ts'
import { STAGING_PREFIX } from '../catalog/staging-table.ts'
import type { LoadRecord } from '../domain/load-record.ts'
import { s3Uri, stagingPrefix, tablePrefix } from '../domain/locations.ts'
import type { PartitionField } from '../domain/partition-field.ts'
import type { TableRecord } from '../domain/table-record.ts'
import { modelForTable, needsFullRead } from '../load/model-for-table.ts'
import { type LoadPlan, type LoadPlanInput, NOTHING_STAGED, planLoad } from '../load/plan-load.ts'
import { halvedSteps } from '../load/plan-steps.ts'
import type { StagedModel } from '../staging/totals.ts'
import { removeStaged } from './clean-up.ts'
import { planRead, type ReadPlan, stateAfter } from './model-state.ts'
import { planSwapLoad } from './plan-swap-load.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'
import { readPartitions } from './read-partitions.ts'
import { recordsOfLoad } from './record-of-load.ts'
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
  const read = await planRead(deps.states, job, table, async () =>
    record?.watermark === undefined
      ? recoverWatermark(clients, deps, job, options.signal)
      : (record.watermark ?? undefined),
  )
  const prefix = stagingPrefix(destination, transfer.transferId, model.tableName, attempt)
  const shape = {
    database,
    model,
    writeMode: read.writeMode,
    target,
    record,
    targetLocation: s3Uri(bucket, tablePrefix(destination, model.tableName, attempt)),
    stagingTable: `${STAGING_PREFIX}${transfer.transferId}_${attempt}`,
    stagingLocation: s3Uri(bucket, prefix),
    partitionedBy,
    activeVersion: declared.activeVersion,
  }
  planLoad({ ...shape, ...NOTHING_STAGED })
  const staged = await stage(clients, deps, job, { prefix, read, partitionedBy, ...options })
  const found = { target, record, read, staged, partitionedBy, attempt, shape: { ...shape, ...staged } }
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
  readonly partitionedBy: readonly PartitionField[]
  readonly attempt: string
  readonly shape: LoadPlanInput
}

async function planned(clients: DestinationClients, job: ModelJob, found: Staged): Promise<PreparedLoad> {
  const { transfer, model } = job
  const { target, record, read, staged, partitionedBy, attempt, shape } = found
  const plan = planLoad(shape)
  const isLoaded = !staged.isUnchanged && (staged.rowCount > 0 || plan.removesUnstagedRows)
  const after = stateAfter(model, read, staged)
  const recordsIn = (location: string) =>
    recordsOfLoad(model, read, { location, record, partitionedBy, state: after.state })
  const merged = {
    steps: [
      ...plan.targetStatements.map(sql => ({ step: 'target' as const, sql })),
      ...(isLoaded ? plan.load.steps.map(({ sql }) => ({ step: 'load' as const, sql })) : []),
    ],
    splits: isLoaded ? [...plan.load.splits] : [],
    tableRecords: recordsIn(target?.location ?? shape.targetLocation.replace(/\/$/, '')),
  }
  const location = shape.targetLocation
  const candidate = { plan, partitionedBy, id: attempt, location, fallback: merged, recordsIn }
  const swapped = target && isLoaded ? await planSwapLoad(clients, job, { ...candidate, target }) : undefined
  return {
    halve: halving(plan),
    record: {
      id: attempt,
      model: model.name,
      transferType: transfer.type,
      database: plan.database,
      table: plan.table,
      window: read.window,
      ...(swapped ?? merged),
      ...(isLoaded ? { staging: { ...plan.staging, columns: [...plan.staging.columns] } } : {}),
      files: [...staged.files],
      rowCount: staged.rowCount,
      bytes: staged.bytes,
      rejectedRowCount: staged.rejectedRowCount,
      isUnchanged: staged.isUnchanged,
      renamedColumns: [...plan.renamedColumns],
      notices: [...plan.notices],
      ...(model.description === undefined ? {} : { description: model.description }),
      ...after,
      watermarkBefore: read.watermark,
    },
  }
}

function halving({ load, planned: input }: LoadPlan): PreparedLoad['halve'] {
  const steps = new Map(load.steps.map(step => [step.sql, step]))
  return sql => {
    const step = steps.get(sql)
    const halves = step && halvedSteps(input, step)
    for (const half of halves ?? []) steps.set(half.sql, half)
    return halves?.map(half => half.sql)
  }
}
