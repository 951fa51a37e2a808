import type { TargetTable } from '../catalog/read-target.ts'
import { SHADOW_PREFIX } from '../catalog/swap-table.ts'
import { versionOf } from '../catalog/update-table.ts'
import type { LoadRecord } from '../domain/load-record.ts'
import { swapNoteKey } from '../domain/locations.ts'
import type { PartitionField } from '../domain/partition-field.ts'
import type { LoadPlan } from '../load/plan-load.ts'
import { planSwap } from '../load/plan-swap.ts'
import type { DestinationClients } from './ports.ts'
import { readTableMetadata } from './read-table-metadata.ts'
import type { ModelJob } from './transfer-model.ts'

/** How a load is done, as its record has it. */
type LoadWay = Pick<LoadRecord, 'steps' | 'splits' | 'tableRecords' | 'swap'>

/** A load that may be a swap. */
export interface SwapCandidate {
  readonly plan: LoadPlan
  readonly target: TargetTable
  readonly partitionedBy: readonly PartitionField[]
  /** Names the load's shadow table and note; never used twice. */
  readonly id: string
  /** Fresh folder. `s3://…/`. */
  readonly location: string
  /** The load by MERGE. */
  readonly fallback: LoadWay
  /** The records of a table that lies in a folder. */
  readonly recordsIn: (location: string) => LoadRecord['tableRecords']
}

/**
 * Plans to overwrite a large table by another one that takes its place: a shadow table in a fresh folder, one statement
 * that fills it, a compare-and-set of the target's entry, **the commit point**. Readers have the old rows before it and
 * the new ones after; statements that began before read the old files on, which stay. Which folders may be left, the
 * target's old one or that of a load which was given up, is noted first.
 *
 * Undefined for what the MERGE is for: other write modes, tables smaller than the model's `swapAtBytes`, and those that
 * would lose something, columns of their own; another partitioning or order shows once the shadow table is made.
 */
export async function planSwapLoad(
  { s3 }: Pick<DestinationClients, 's3'>,
  { destination, model, transfer }: ModelJob,
  { plan, target, partitionedBy, id, location, fallback, recordsIn }: SwapCandidate,
): Promise<LoadWay | undefined> {
  if (plan.writeMode !== 'overwrite') return undefined
  const metadata = await readTableMetadata(s3, target.entry)
  if (metadata?.bytes === undefined || metadata.bytes < model.swapAtBytes) return undefined
  const { transferId } = transfer
  const shadowTable = `${SHADOW_PREFIX}${transferId}_${id}`
  const { properties, layout } = metadata
  const stagingTable = plan.staging.table
  const { database } = plan
  const swap = planSwap({
    database,
    model,
    target,
    partitionedBy,
    properties,
    shadowTable,
    location,
    stagingTable,
  })
  if (!swap) return undefined
  const folder = location.replace(/\/$/, '')
  const { changed, before } = recordsIn(folder)
  const note = {
    version: 1,
    transferId,
    table: plan.table,
    shadowTable,
    from: target.location,
    to: folder,
    plannedAt: new Date().toISOString(),
  }
  return {
    steps: [
      { step: 'shadow', sql: swap.createStatement },
      { step: 'mark' },
      { step: 'load', sql: swap.loadStatement },
      { step: 'swap' },
    ],
    splits: [],
    // A table that is made anew has its present types from its first snapshot on, also if it gets no row.
    tableRecords: { before, changed, unchanged: changed },
    swap: {
      shadowTable,
      location: folder,
      layout,
      targetVersionId: versionOf(target.entry),
      note: { key: swapNoteKey(destination, plan.table, id), body: JSON.stringify(note) },
      fallback: { steps: fallback.steps, splits: fallback.splits, tableRecords: fallback.tableRecords },
    },
  }
}
