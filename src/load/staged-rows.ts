import type { Model } from '../domain/model.ts'
import { cursorOf, HASH_COLUMN, identityOf, ROW_COLUMN, ROW_ID_COLUMN } from '../domain/row-identity.ts'
import { quoteIdentifier } from './quote.ts'
import { targetValue } from './target-value.ts'

/** Computed column: which of the staged rows with the same key, or of the same content, a row is; from 1. */
const RANK_COLUMN = '_transfer_rank'

/** Where rows are staged. */
export interface StagedInput {
  readonly database: string
  readonly stagingTable: string
  readonly model: Model
}

/**
 * A query for the staged rows in the target's columns, each row once: the newest one of each key, or all of them with
 * their identity where content is what tells them apart.
 */
export function stagedRows(input: StagedInput): string {
  const { model } = input
  const isByKey = identityOf(model) === 'key'
  const values = model.columns.map(targetValue)
  return [
    `SELECT ${(isByKey ? values : [...values, rowId()]).join(', ')}`,
    `FROM (SELECT *, ${rank(model)} AS ${quoteIdentifier(RANK_COLUMN)} FROM ${qualified(input.database, input.stagingTable)})`,
    ...(isByKey ? [`WHERE ${quoteIdentifier(RANK_COLUMN)} = 1`] : []),
  ].join(' ')
}

/** `"database"."table"` for DML. */
export function qualified(database: string, table: string): string {
  return `${quoteIdentifier(database)}.${quoteIdentifier(table)}`
}

/** The columns that a staged row and its target row have in common, by table name. */
export function identityColumns(model: Model): readonly string[] {
  if (identityOf(model) === 'content') return [ROW_ID_COLUMN]
  return model.columns.filter(({ name }) => model.primaryKey.includes(name)).map(({ tableName }) => tableName)
}

/** A condition that holds for rows which the source says are deleted; undefined when they are kept or never told of. */
export function deletedCondition(model: Model, alias: string): string | undefined {
  if (!model.deletes || model.deletes.keepRows) return undefined
  const column = model.columns.find(({ name }) => name === model.deletes?.column)
  if (!column) return undefined
  const value = `${alias}${quoteIdentifier(column.tableName)}`
  return column.type.kind === 'boolean' ? `coalesce(${value}, false)` : `${value} IS NOT NULL`
}

function rank(model: Model): string {
  const cursor = cursorOf(model)
  const place = quoteIdentifier(ROW_COLUMN)
  if (identityOf(model) === 'content')
    return `row_number() OVER (PARTITION BY ${quoteIdentifier(HASH_COLUMN)} ORDER BY ${place})`
  const order = [...(cursor ? [`${quoteIdentifier(cursor.tableName)} DESC NULLS LAST`] : []), `${place} DESC`]
  const partition = identityColumns(model).map(quoteIdentifier)
  return `row_number() OVER (PARTITION BY ${partition.join(', ')} ORDER BY ${order.join(', ')})`
}

function rowId(): string {
  return `${quoteIdentifier(HASH_COLUMN)} || '-' || CAST(${quoteIdentifier(RANK_COLUMN)} AS varchar) AS ${quoteIdentifier(ROW_ID_COLUMN)}`
}
