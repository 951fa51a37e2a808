import type { Column, Model } from '../domain/model.ts'
import {
  cursorOf,
  HASH_COLUMN,
  identityOf,
  ROW_COLUMN,
  ROW_ID_COLUMN,
  targetColumnsOf,
} from '../domain/row-identity.ts'
import { quoteIdentifier } from './quote.ts'
import { hashCondition, type RowRange } from './row-range.ts'
import { targetValue } from './target-value.ts'

/** Computed column: which of the staged rows with the same key, or of the same content, a row is; from 1. */
const RANK_COLUMN = '_transfer_rank'

/** The identity of a row that content tells apart, see `ROW_ID_COLUMN`. */
const ROW_ID = `${quoteIdentifier(HASH_COLUMN)} || '-' || CAST(${quoteIdentifier(RANK_COLUMN)} AS varchar)`

/** Where rows are staged, and which of them are meant. */
export interface StagedInput {
  readonly database: string
  readonly stagingTable: string
  readonly model: Model
  readonly rows: RowRange
  /** See `sourceNamesOf`. */
  readonly sourceNames: ReadonlyMap<string, string>
}

/** What a statement calls the columns of its source: as the target does, or `c0`, `c1`, … where its length matters. */
export type SourceAliases = 'names' | 'numbers'

/** What the source calls each column of the target, quoted. */
export function sourceNamesOf(model: Model, aliases: SourceAliases): ReadonlyMap<string, string> {
  return new Map(
    targetColumnsOf(model).map(({ tableName }, index) => [
      tableName,
      quoteIdentifier(aliases === 'names' ? tableName : `c${index}`),
    ]),
  )
}

/** What the source calls a column of the target, quoted. */
export function sourceName({ sourceNames }: Pick<StagedInput, 'sourceNames'>, tableName: string): string {
  return sourceNames.get(tableName) ?? quoteIdentifier(tableName)
}

/**
 * A query for the staged rows in the target's columns, each row once: the newest one of each key, or all of them with
 * their identity where content is what tells them apart. Of the range of rows the part by hash is taken before any is
 * ranked, as equal rows have equal hashes.
 */
export function stagedRows(input: StagedInput): string {
  const { model } = input
  const isByKey = identityOf(model) === 'key'
  const values = model.columns.map(column => ({ tableName: column.tableName, value: targetValue(column) }))
  const identity = isByKey ? [] : [{ tableName: ROW_ID_COLUMN, value: ROW_ID }]
  const items = [...values, ...identity].map(({ tableName, value }) => {
    const alias = sourceName(input, tableName)
    return value === alias ? value : `${value} AS ${alias}`
  })
  const hashed = hashCondition(input.rows, stagedHash(model))
  const staged = `${qualified(input.database, input.stagingTable)}${hashed ? ` WHERE ${hashed}` : ''}`
  return [
    `SELECT ${items.join(', ')}`,
    `FROM (SELECT *, ${rank(model)} AS ${quoteIdentifier(RANK_COLUMN)} FROM ${staged})`,
    ...(isByKey ? [`WHERE ${quoteIdentifier(RANK_COLUMN)} = 1`] : []),
  ].join(' ')
}

/** The hash by which staged rows are divided, the same for all rows that meet the same target row. */
function stagedHash(model: Model): string {
  if (identityOf(model) === 'content') return quoteIdentifier(HASH_COLUMN)
  return keyHash(keyColumns(model).map(targetValue))
}

/** The hash of rows of the target, as `stagedHash` is of those that meet them; a row without identity has the smallest. */
export function targetHash(model: Model): string {
  if (identityOf(model) === 'content') return `coalesce(${quoteIdentifier(ROW_ID_COLUMN)}, '')`
  return keyHash(keyColumns(model).map(({ tableName }) => quoteIdentifier(tableName)))
}

function keyHash(values: readonly string[]): string {
  const texts = values.map(value => `CAST(${value} AS varchar)`)
  return `lower(to_hex(md5(to_utf8(${texts.join(" || ':' || ")}))))`
}

/** `"database"."table"` for DML. */
export function qualified(database: string, table: string): string {
  return `${quoteIdentifier(database)}.${quoteIdentifier(table)}`
}

/** The columns that a staged row and its target row have in common, by table name. */
export function identityColumns(model: Model): readonly string[] {
  if (identityOf(model) === 'content') return [ROW_ID_COLUMN]
  return keyColumns(model).map(({ tableName }) => tableName)
}

function keyColumns(model: Model): readonly Column[] {
  return model.columns.filter(({ name }) => model.primaryKey.includes(name))
}

/**
 * A condition that holds for rows which the source says are deleted, `nameOf` spelling its columns; undefined when they
 * are kept or never told of.
 */
export function deletedCondition(model: Model, nameOf: (column: string) => string): string | undefined {
  if (!model.deletes || model.deletes.keepRows) return undefined
  const column = model.columns.find(({ name }) => name === model.deletes?.column)
  if (!column) return undefined
  const value = nameOf(column.tableName)
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
