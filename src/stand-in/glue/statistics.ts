import { authorizeGlue, type GlueContext, requireTable } from './access.ts'
import { entityNotFound } from './errors.ts'
import type { ColumnStatistics } from './inputs.ts'
import { recordKey } from './store.ts'

/** A table, or one of its partitions when values are given. */
export interface StatisticsOwner {
  readonly database: string
  readonly table: string
  readonly values?: readonly string[]
}

function open(
  context: GlueContext,
  verb: 'Get' | 'Update' | 'Delete',
  owner: StatisticsOwner,
): (column: string) => string {
  const kind = owner.values === undefined ? 'Table' : 'Partition'
  authorizeGlue(context, `${verb}ColumnStatisticsFor${kind}`, owner)
  requireTable(context, owner.database, owner.table)
  const names = [owner.database, owner.table, owner.values === undefined ? '' : JSON.stringify(owner.values)]
  return column => recordKey(context.scope, ...names, column.toLowerCase())
}

/** GetColumnStatisticsForTable and …ForPartition: columns without statistics are reported as errors of the answer. */
export function getColumnStatistics(
  context: GlueContext,
  owner: StatisticsOwner,
  columns: readonly string[],
): unknown {
  const keyOf = open(context, 'Get', owner)
  const found = columns.map(column => ({ column, statistics: context.store.statistics.get(keyOf(column)) }))
  const { code } = entityNotFound('')
  return {
    ColumnStatisticsList: found.flatMap(({ statistics }) => statistics ?? []),
    Errors: found
      .filter(({ statistics }) => !statistics)
      .map(({ column }) => ({
        ColumnName: column,
        Error: { ErrorCode: code, ErrorMessage: `No statistics for column ${column}.` },
      })),
  }
}

/** UpdateColumnStatisticsForTable and …ForPartition. */
export async function updateColumnStatistics(
  context: GlueContext,
  owner: StatisticsOwner,
  list: readonly ColumnStatistics[],
): Promise<{ Errors: [] }> {
  const keyOf = open(context, 'Update', owner)
  await Promise.all(list.map(item => context.store.statistics.set(keyOf(item.ColumnName), item)))
  return { Errors: [] }
}

/** DeleteColumnStatisticsForTable and …ForPartition. @throws {AwsError} `EntityNotFoundException`. */
export async function deleteColumnStatistics(
  context: GlueContext,
  owner: StatisticsOwner,
  column: string,
): Promise<void> {
  const key = open(context, 'Delete', owner)(column)
  if (!context.store.statistics.has(key)) throw entityNotFound(`No statistics for column ${column}.`)
  await context.store.statistics.delete(key)
}
