import { quoteName } from '../sql/tokens.ts'
import type { TableColumn } from '../table-catalog.ts'
import { duckdbType } from '../types/sql-type.ts'
import { FILE_COLUMN, POSITION_COLUMN } from './iceberg-scan.ts'
import type { RenderedClause, RenderedMerge } from './render-merge.ts'

/** A SELECT that gives the source's columns as `s0`, `s1`, …. */
export function sourceSql(merge: RenderedMerge): string {
  const items = merge.source.columns.map((column, index) => `${column.sql} AS "s${index}"`)
  return `SELECT ${items.join(', ')} FROM ${merge.source.sql}`
}

/**
 * A SELECT of one row for every pair of source and target rows that ON joins, and for every source row without a target:
 * `action` (number of the WHEN clause from 1; 0 for none), `file` and `pos` of the target row, and the new row's columns.
 *
 * Source rows that the source-only terms of ON exclude never meet the target, so a term like `s.gone` costs no join.
 */
export function mergedSql(merge: RenderedMerge, columns: readonly TableColumn[]): string {
  const values = newValues(merge, columns, ['insert', 'update'])
  const joined = joinSql(merge, columns)
  const hasInsert = merge.clauses.some(clause => clause.kind === 'insert')
  const useful = hasInsert ? ' WHERE j.action > 0 OR j.pos IS NOT NULL' : ''
  return `SELECT j.action, j.file, j.pos, ${values.join(', ')} FROM (${joined}) AS j${useful}`
}

/** The new rows of a MERGE into a table without rows: only WHEN NOT MATCHED can apply. */
export function insertedSql(merge: RenderedMerge, columns: readonly TableColumn[], source: string): string {
  const whens = merge.clauses.flatMap((clause, index) =>
    clause.kind === 'insert' ? [`WHEN ${clause.condition ?? 'true'} THEN ${index + 1}`] : [],
  )
  const action = whens.length === 0 ? '0' : `CASE ${whens.join(' ')} ELSE 0 END`
  const values = newValues(merge, columns, ['insert'])
  return `SELECT ${values.join(', ')} FROM (SELECT ${action} AS action, s.* FROM (${source}) AS s) AS j WHERE j.action > 0`
}

function newValues(
  merge: RenderedMerge,
  columns: readonly TableColumn[],
  kinds: readonly RenderedClause['kind'][],
): readonly string[] {
  return columns.map((column, index) => {
    const whens = merge.clauses.flatMap((clause, number) =>
      kinds.includes(clause.kind) ? [`WHEN ${number + 1} THEN ${clause.values[index] ?? 'NULL'}`] : [],
    )
    const value = whens.length === 0 ? 'NULL' : `CASE j.action ${whens.join(' ')} END`
    return `CAST(${value} AS ${duckdbType(column.type)}) AS ${quoteName(column.name)}`
  })
}

function joinSql(merge: RenderedMerge, columns: readonly TableColumn[]): string {
  const targets = columns.map((column, index) => `t.${quoteName(column.name)} AS "t${index}"`)
  const select = `SELECT ${actionSql(merge.clauses)} AS action, t.${quoteName(FILE_COLUMN)} AS file, t.${quoteName(POSITION_COLUMN)} AS pos, s.*, ${targets.join(', ')}`
  const on = merge.joinTerms.length === 0 ? 'true' : merge.joinTerms.join(' AND ')
  const hasInsert = merge.clauses.some(clause => clause.kind === 'insert')
  const join = hasInsert ? 'LEFT JOIN' : 'JOIN'
  if (merge.sourceTerms.length === 0) return `${select} FROM source AS s ${join} target AS t ON ${on}`
  const asks = merge.sourceTerms.join(' AND ')
  const met = `${select} FROM (SELECT s.* FROM source AS s WHERE ${asks}) AS s ${join} target AS t ON ${on}`
  if (!hasInsert) return met
  const alone = `SELECT s.* FROM source AS s WHERE (${asks}) IS NOT TRUE`
  return `${met} UNION ALL ${select} FROM (${alone}) AS s LEFT JOIN (SELECT * FROM target WHERE false) AS t ON true`
}

/** Clauses are tried in order; those for matched rows and those for others never meet. */
function actionSql(clauses: readonly RenderedClause[]): string {
  const isMatched = `t.${quoteName(POSITION_COLUMN)} IS NOT NULL`
  const whens = clauses.map((clause, index) => {
    const side = clause.kind === 'insert' ? `NOT (${isMatched})` : isMatched
    return `WHEN ${side}${clause.condition === undefined ? '' : ` AND ${clause.condition}`} THEN ${index + 1}`
  })
  return `CASE ${whens.join(' ')} ELSE 0 END`
}
