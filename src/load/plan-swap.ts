import type { Column, Model } from '../domain/model.ts'
import type { PartitionField } from '../domain/partition-field.ts'
import { targetColumnsOf } from '../domain/row-identity.ts'
import { insertStatement } from './load-statement.ts'
import type { TargetColumns } from './plan-target.ts'
import { createTargetStatement } from './target-statements.ts'

/** What a large overwrite needs to know. */
export interface SwapInput {
  readonly database: string
  readonly model: Model
  readonly target: TargetColumns
  /** How the target is partitioned, as the shadow then is. */
  readonly partitionedBy: readonly PartitionField[]
  /** Properties that the target has in Athena's own names, to be kept. */
  readonly properties: ReadonlyMap<string, string>
  readonly shadowTable: string
  /** Fresh folder of the shadow table, the target's own once it is swapped. `s3://…/`. */
  readonly location: string
  readonly stagingTable: string
}

/** An overwrite by way of a second table, as data: nothing has happened yet. */
export interface SwapPlan {
  /** Athena DDL that makes the shadow table. Free of charge. */
  readonly createStatement: string
  /** Fills it with the staged rows; running it again changes nothing. */
  readonly loadStatement: string
}

/**
 * Plans an overwrite that writes all rows into a shadow table, which then takes the target's place. Undefined when the
 * target has columns that the model has not: their values, the customer's or those of dropped columns, would be lost.
 *
 * Columns stay in the target's order, with their comments unless the model describes them.
 */
export function planSwap(input: SwapInput): SwapPlan | undefined {
  const { database, model, target, shadowTable, location, stagingTable } = input
  const declared = new Map(targetColumnsOf(model).map(column => [column.tableName, column]))
  const kept = target.columns.flatMap(({ name, comment }) => {
    const column = declared.get(name)
    return column ? [withComment(column, comment)] : []
  })
  if (kept.length < target.columns.length) return undefined
  const there = new Set(target.columns.map(({ name }) => name))
  const added = [...declared.values()].filter(({ tableName }) => !there.has(tableName))
  const table = { database, name: shadowTable, location, properties: input.properties }
  return {
    createStatement: createTargetStatement(table, [...kept, ...added], input.partitionedBy),
    loadStatement: insertStatement({
      database,
      target: shadowTable,
      stagingTable,
      model,
      writeMode: 'overwrite',
      bounds: [],
      cleared: [],
      widened: [],
    }),
  }
}

/** A column that has no comment in the table gets none, and not its name in the source as a new one does. */
function withComment(column: Column, comment: string | undefined): Column {
  const { description = comment ?? (column.name === column.tableName ? undefined : '') } = column
  return description === undefined ? column : { ...column, description }
}
