import type { Column, Model } from '../domain/model.ts'
import { boundsConditions, type KeyBounds } from './key-bounds.ts'
import { quoteIdentifier } from './quote.ts'

/** Staging-only column: the row's place in the source's order, so that of two equal cursors the later row wins. */
export const ROW_COLUMN = '_transfer_row'

/** Computed column: 1 for the row that stands for its key. */
const RANK_COLUMN = '_transfer_rank'

/** What one MERGE moves. */
export interface MergeInput {
  readonly database: string
  readonly target: string
  readonly stagingTable: string
  readonly model: Model
  /** Bounds of the staged keys; empty when not known, which costs reading more of the target. */
  readonly bounds: readonly KeyBounds[]
  /** Columns of the target that the model had once: rows that change read NULL in them from then on. */
  readonly cleared: readonly string[]
}

/**
 * The one statement of a merge: the newest staged row of each key is inserted, or updates the target's row unless that
 * one is newer or already equal. Running it again changes nothing, and a batch that changes nothing makes no snapshot.
 */
export function mergeStatement(input: MergeInput): string {
  const { database, target, model } = input
  const columns = model.columns.map(column => quoteIdentifier(column.tableName))
  const keys = keyColumns(model)
  const values = model.columns.filter(column => !keys.includes(column))
  const on = [
    ...keys.map(key => `t.${quoteIdentifier(key.tableName)} = s.${quoteIdentifier(key.tableName)}`),
    ...boundsConditions(input.bounds),
  ]
  return [
    `MERGE INTO ${quoteIdentifier(database)}.${quoteIdentifier(target)} AS t`,
    `USING (${newestRows(input)}) AS s`,
    `ON ${on.join(' AND ')}`,
    ...updateClause(model, values, input.cleared),
    `WHEN NOT MATCHED THEN INSERT (${columns.join(', ')}) VALUES (${columns.map(name => `s.${name}`).join(', ')})`,
  ].join('\n')
}

function newestRows({ database, stagingTable, model }: MergeInput): string {
  const cursor = cursorColumn(model)
  const partition = keyColumns(model).map(key => quoteIdentifier(key.tableName))
  const order = [
    ...(cursor ? [`${quoteIdentifier(cursor.tableName)} DESC NULLS LAST`] : []),
    `${quoteIdentifier(ROW_COLUMN)} DESC`,
  ]
  const rank = `row_number() OVER (PARTITION BY ${partition.join(', ')} ORDER BY ${order.join(', ')})`
  const from = `${quoteIdentifier(database)}.${quoteIdentifier(stagingTable)}`
  return [
    `SELECT ${model.columns.map(targetValue).join(', ')}`,
    `FROM (SELECT *, ${rank} AS ${quoteIdentifier(RANK_COLUMN)} FROM ${from})`,
    `WHERE ${quoteIdentifier(RANK_COLUMN)} = 1`,
  ].join(' ')
}

/** Staged microseconds become timestamps again; exact from year 1 to 9999 (facts.md, T). */
function targetValue(column: Column): string {
  const name = quoteIdentifier(column.tableName)
  if (column.type.kind !== 'timestamp') return name
  return `CAST(from_unixtime_nanos(CAST(${name} AS decimal(20,0)) * 1000) AS timestamp(6)) AS ${name}`
}

function updateClause(
  model: Model,
  values: readonly Column[],
  cleared: readonly string[],
): readonly string[] {
  if (values.length === 0) return []
  const changed = values.map(({ tableName }) => {
    const name = quoteIdentifier(tableName)
    return `t.${name} IS DISTINCT FROM s.${name}`
  })
  const cursor = cursorColumn(model)
  const newer = cursor ? `(${notOlder(quoteIdentifier(cursor.tableName))}) AND ` : ''
  const assignments = [
    ...values.map(({ tableName }) => `${quoteIdentifier(tableName)} = s.${quoteIdentifier(tableName)}`),
    ...cleared.map(name => `${quoteIdentifier(name)} = NULL`),
  ]
  return [`WHEN MATCHED AND ${newer}(${changed.join(' OR ')}) THEN UPDATE SET ${assignments.join(', ')}`]
}

/** A row without a cursor is older than any with one. */
function notOlder(cursor: string): string {
  return `s.${cursor} >= t.${cursor} OR t.${cursor} IS NULL`
}

function keyColumns(model: Model): readonly Column[] {
  return model.columns.filter(column => model.primaryKey.includes(column.name))
}

function cursorColumn(model: Model): Column | undefined {
  return model.columns.find(column => column.name === model.cursor)
}
