import { errorAt } from '../query-error.ts'
import type { Merge, MergeClause } from '../sql/ast.ts'
import { quoteName } from '../sql/tokens.ts'
import type { IcebergTable, TableColumn } from '../table-catalog.ts'
import { requireAssignable, storedSql } from './assign.ts'
import { collectLimits, conjuncts } from './column-limits.ts'
import type { RenderContext, RenderedRelation, ScopeWithNames } from './render-context.ts'
import { requireBoolean } from './require-type.ts'
import { type Origins, type Rendered, resolveScopeColumn, type ScopeColumn } from './scope.ts'

/** The name under which the target's own reads and limits are noted. */
export const TARGET_VIEW = 'target'

/** A MERGE in pieces of SQL: `s` and `t` are source and target before the join, `j` is the joined row with its action. */
export interface RenderedMerge {
  readonly source: RenderedRelation
  /** Terms of ON that look at the source alone. */
  readonly sourceTerms: readonly string[]
  /** All other terms of ON. */
  readonly joinTerms: readonly string[]
  /** Equalities of a target column with something of the source, which tell what range of keys comes in. */
  readonly keys: readonly { readonly column: string; readonly sourceSql: string }[]
  readonly clauses: readonly RenderedClause[]
}

/** One WHEN clause; values are those of the whole new row, in the table's order of columns. */
export interface RenderedClause {
  readonly kind: MergeClause['kind']
  readonly condition: string | undefined
  readonly values: readonly string[]
}

const SOURCE_MARK = 'source:'

/** Renders a MERGE; the parts that only the target's statistics need are noted in the context. */
export function renderMerge(context: RenderContext, merge: Merge, table: IcebergTable): RenderedMerge {
  const source = context.renderRelation(merge.source, undefined, new Map())
  const before = mergeScope(merge, table, source, { source: 's', target: 't' })
  const after = mergeScope(merge, table, source, { source: 'j', target: 'j' })
  const terms = conjuncts(merge.on).map(term => {
    const rendered = context.renderExpression(term, before)
    requireBoolean(rendered, term.place, 'MERGE search condition')
    context.markUsed(rendered.origins)
    return { term, rendered }
  })
  collectLimits(context, merge.on, before)
  const isOfSource = (origins: Origins): boolean => !hasTarget(origins)
  return {
    source,
    sourceTerms: terms.filter(one => isOfSource(one.rendered.origins)).map(one => one.rendered.sql),
    joinTerms: terms.filter(one => !isOfSource(one.rendered.origins)).map(one => one.rendered.sql),
    keys: terms.flatMap(one => keyOf(context, one.term, before)),
    clauses: merge.clauses.map(clause => renderClause(context, clause, table, { before, after })),
  }
}

function hasTarget(origins: Origins): boolean {
  return [...origins].some(origin => origin.startsWith(`${TARGET_VIEW}.`))
}

function mergeScope(
  merge: Merge,
  table: IcebergTable,
  source: RenderedRelation,
  alias: { readonly source: string; readonly target: string },
): ScopeWithNames {
  const { alias: name } = merge.target
  const qualifiers = name === undefined ? [table.name, `${table.database}.${table.name}`] : [name]
  const targets = table.columns.map((column, index): ScopeColumn => {
    const own = alias.target === 't' ? quoteName(column.name) : `"t${index}"`
    return {
      name: column.name,
      qualifiers,
      sql: `${alias.target}.${own}`,
      type: column.type,
      origins: new Set([`${TARGET_VIEW}.${column.name}`]),
      stored: { view: TARGET_VIEW, column: column.name },
    }
  })
  const sources = source.columns.map((column, index): ScopeColumn => {
    const { stored: _stored, ...rest } = column
    const origins = new Set([...column.origins, `${SOURCE_MARK}${index}`])
    return { ...rest, sql: `${alias.source}."s${index}"`, origins }
  })
  return { columns: [...targets, ...sources], outer: undefined, named: new Map() }
}

function keyOf(
  context: RenderContext,
  term: Merge['on'],
  scope: ScopeWithNames,
): readonly { readonly column: string; readonly sourceSql: string }[] {
  if (term.kind !== 'binary' || term.operator !== '=') return []
  const sides = [
    [term.left, term.right],
    [term.right, term.left],
  ] as const
  for (const [one, other] of sides) {
    const column = one.kind === 'column' ? resolveScopeColumn(scope, one.parts)?.stored?.column : undefined
    if (column === undefined) continue
    const rendered = context.renderExpression(other, scope)
    if (!hasTarget(rendered.origins)) return [{ column, sourceSql: rendered.sql }]
  }
  return []
}

interface Scopes {
  readonly before: ScopeWithNames
  readonly after: ScopeWithNames
}

function renderClause(
  context: RenderContext,
  clause: MergeClause,
  table: IcebergTable,
  scopes: Scopes,
): RenderedClause {
  const condition = clause.condition && context.renderExpression(clause.condition, scopes.before)
  if (condition) {
    requireBoolean(condition, clause.condition?.place ?? clause.place, 'WHEN clause condition')
    context.markUsed(condition.origins)
  }
  return {
    kind: clause.kind,
    condition: condition?.sql,
    values: clauseValues(context, clause, table, scopes.after),
  }
}

function clauseValues(
  context: RenderContext,
  clause: MergeClause,
  table: IcebergTable,
  scope: ScopeWithNames,
): readonly string[] {
  if (clause.kind === 'delete') return []
  const given = clause.kind === 'update' ? updates(clause) : inserts(clause, table)
  const columns = given.map(one => columnOf(table, one.column, clause))
  const values = given.map(one => renderValue(context, one.value, scope))
  const what = `MERGE table column types don't match for MERGE case, ${clause.kind === 'update' ? 'SET expressions' : 'INSERT values'}`
  requireAssignable(values, columns, clause.place, what)
  const stored = new Map(
    columns.map((column, index) => {
      const value = values[index]
      return [column.name, value ? storedSql(value, column) : 'NULL']
    }),
  )
  if (clause.kind === 'update') markKept(context, table, stored)
  return table.columns.map(
    (column, index) => stored.get(column.name) ?? (clause.kind === 'update' ? `j."t${index}"` : 'NULL'),
  )
}

/** An update writes the whole row, so the columns it keeps are read. */
function markKept(context: RenderContext, table: IcebergTable, stored: ReadonlyMap<string, string>): void {
  const kept = table.columns.filter(column => !stored.has(column.name))
  context.markUsed(new Set(kept.map(column => `${TARGET_VIEW}.${column.name}`)))
}

function renderValue(context: RenderContext, value: Merge['on'], scope: ScopeWithNames): Rendered {
  const rendered = context.renderExpression(value, scope)
  context.markUsed(rendered.origins)
  return rendered
}

interface Given {
  readonly column: string
  readonly value: Merge['on']
}

function updates(clause: Extract<MergeClause, { kind: 'update' }>): readonly Given[] {
  const names = new Set(clause.assignments.map(one => one.column))
  if (names.size === clause.assignments.length) return clause.assignments
  throw errorAt('DUPLICATE_COLUMN_NAME', clause.place, 'A column is assigned more than once')
}

function inserts(clause: Extract<MergeClause, { kind: 'insert' }>, table: IcebergTable): readonly Given[] {
  const names = clause.columns.length > 0 ? clause.columns : table.columns.map(column => column.name)
  if (names.length !== clause.values.length) {
    const message = `Insert column list has ${names.length} columns, values list has ${clause.values.length}`
    throw errorAt('TYPE_MISMATCH', clause.place, message)
  }
  if (new Set(names).size !== names.length) {
    throw errorAt('DUPLICATE_COLUMN_NAME', clause.place, 'Insert column name is specified more than once')
  }
  return clause.values.map((value, index) => ({ column: names[index] ?? '', value }))
}

function columnOf(table: IcebergTable, name: string, clause: MergeClause): TableColumn {
  const column = table.columns.find(one => one.name === name)
  if (column) return column
  throw errorAt('COLUMN_NOT_FOUND', clause.place, `Merge column name does not exist in target table: ${name}`)
}
