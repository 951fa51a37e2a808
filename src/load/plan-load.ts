import { stagingTypeOf } from '../domain/column-type.ts'
import { type RenamedColumn, renamedColumns, type WriteMode } from '../domain/model.ts'
import { formatPartitionField, type PartitionField } from '../domain/partition-field.ts'
import { HASH_COLUMN, identityOf, ROW_COLUMN, targetColumnsOf } from '../domain/row-identity.ts'
import type { TableRecord } from '../domain/table-record.ts'
import type { KeyBounds } from './key-bounds.ts'
import { type ActiveVersion, removesUnstagedRows } from './load-statement.ts'
import { droppedColumns, freshlyWidened } from './model-for-table.ts'
import type { PartitionValues } from './partition-ranges.ts'
import { type LoadSteps, planSteps, type StepsInput } from './plan-steps.ts'
import { planTarget, type TargetInput } from './plan-target.ts'
import { partitioningNotice, partitionsOfModel } from './table-partitions.ts'

/** What a load needs to know. */
export interface LoadPlanInput extends TargetInput {
  /** The model's own, or `overwrite` for a full refresh. */
  readonly writeMode: WriteMode
  /** What is known of earlier loads of the target; without it no column counts as dropped from the model. */
  readonly record?: TableRecord | undefined
  readonly stagingTable: string
  /** Folder of the staged files. `s3://…/`. */
  readonly stagingLocation: string
  readonly bounds: readonly KeyBounds[]
  /** How the table is partitioned, by names of the tables; undefined for one that is made now. */
  readonly partitionedBy: readonly PartitionField[] | undefined
  /** The partitions of the staged rows, see `StagedPartitions`. */
  readonly partitions: readonly PartitionValues[]
  /** Set when rows of older versions are to leave the table. */
  readonly activeVersion?: ActiveVersion | undefined
}

/** For plans that are made before anything is staged. */
export const NOTHING_STAGED = { bounds: [], partitions: [] } as const satisfies Partial<LoadPlanInput>

/** What loading one model will do, as data: nothing has happened yet. */
export interface LoadPlan {
  readonly database: string
  readonly table: string
  /** How the rows meet the target. */
  readonly writeMode: WriteMode
  /** True when the load changes the table even if no row is staged. */
  readonly removesUnstagedRows: boolean
  /** Columns whose name in the table is not the source's. */
  readonly renamedColumns: readonly RenamedColumn[]
  /** Athena DDL that creates or widens the target; none when it is as the model says. Free of charge. */
  readonly targetStatements: readonly string[]
  /** The staging table, made and removed through Glue. */
  readonly staging: {
    readonly table: string
    readonly location: string
    readonly columns: readonly { readonly name: string; readonly type: string }[]
  }
  /** How the table is partitioned, as Athena spells it. */
  readonly partitionedBy: readonly string[]
  /** What somebody should know of this plan, in sentences. */
  readonly notices: readonly string[]
  /** The statements of the load, one where Athena can: **the commit point**, before which readers see nothing of it and after which all. */
  readonly load: LoadSteps
  /** What the statements were planned from, for those that must be halved. */
  readonly planned: StepsInput
}

/**
 * Plans the load of one model.
 *
 * @throws {TransferError} `SCHEMA_CHANGE_REFUSED` when a column's type cannot become the model's,
 * `QUERY_LIMIT_EXCEEDED` when no division makes the load pass Athena's limits.
 */
export function planLoad(input: LoadPlanInput): LoadPlan {
  const { database, model, writeMode, stagingTable, bounds } = input
  const fields = input.partitionedBy ?? partitionsOfModel(model)
  const planned = {
    load: {
      database,
      target: model.tableName,
      stagingTable,
      model,
      writeMode,
      bounds,
      cleared: droppedColumns(input),
      activeVersion: input.activeVersion,
      widened: freshlyWidened(input),
    },
    partitions: { fields, values: input.partitions },
    columnCount: columnCount(input),
  }
  return {
    database,
    table: model.tableName,
    writeMode,
    removesUnstagedRows: removesUnstagedRows(input),
    renamedColumns: renamedColumns(model),
    targetStatements: planTarget(input),
    staging: {
      table: stagingTable,
      location: input.stagingLocation,
      columns: [
        ...model.columns.map(column => ({ name: column.tableName, type: stagingTypeOf(column.type) })),
        { name: ROW_COLUMN, type: 'bigint' },
        ...(identityOf(model) === 'content' ? [{ name: HASH_COLUMN, type: 'string' }] : []),
      ],
    },
    partitionedBy: fields.map(field => formatPartitionField(field)),
    notices: partitioningNotice(model, fields),
    load: planSteps(planned),
    planned,
  }
}

/** Of the target once the DDL has run. */
function columnCount({ model, target }: LoadPlanInput): number {
  const existing = target?.columns.map(({ name }) => name) ?? []
  return new Set([...existing, ...targetColumnsOf(model).map(({ tableName }) => tableName)]).size
}
