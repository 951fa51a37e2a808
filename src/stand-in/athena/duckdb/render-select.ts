import { errorAt } from '../query-error.ts'
import type { Expression, Select, SelectItem, SortItem } from '../sql/ast.ts'
import { collectLimits } from './column-limits.ts'
import type {
  NamedRelations,
  OutputColumn,
  RenderContext,
  RenderedQuery,
  RenderedRelation,
  ScopeWithNames,
} from './render-context.ts'
import { requireBoolean } from './require-type.ts'
import type { Rendered, Scope, ScopeColumn } from './scope.ts'
import { outputOrdinal, sortText } from './sort-output.ts'

interface Item extends Rendered {
  readonly name: string | undefined
}

/** Writes SELECT … FROM … WHERE … GROUP BY … HAVING … ORDER BY; `*` is spelled out. */
export function renderSelect(
  context: RenderContext,
  select: Select,
  orderBy: readonly SortItem[],
  outer: Scope | undefined,
  named: NamedRelations,
): RenderedQuery {
  const from = select.from ? context.renderRelation(select.from, outer, named) : undefined
  const scope: ScopeWithNames = { columns: from?.columns ?? [], outer, named }
  const items = select.items.flatMap(item => renderItem(context, item, scope))
  const columns = items.map(({ name, type, origins }) => ({ name, type, origins }))
  if (select.isDistinct) for (const item of items) context.markUsed(item.origins)
  const clauses = [
    `SELECT ${select.isDistinct ? 'DISTINCT ' : ''}${items.map((item, index) => `${item.sql} AS "c${index}"`).join(', ')}`,
    fromClause(from),
    condition(context, 'WHERE', select.where, scope),
    groupBy(context, select, columns, scope),
    condition(context, 'HAVING', select.having, scope),
    sortClause(context, orderBy, columns, scope),
  ]
  if (select.where) collectLimits(context, select.where, scope)
  return { sql: clauses.filter(clause => clause !== '').join(' '), columns }
}

function fromClause(from: RenderedRelation | undefined): string {
  return from ? `FROM ${from.sql}` : ''
}

function renderItem(context: RenderContext, item: SelectItem, scope: ScopeWithNames): readonly Item[] {
  if (item.kind === 'star') return starColumns(item, scope)
  const rendered = context.renderExpression(item.expression, scope)
  return [{ ...rendered, name: item.alias ?? ownName(item.expression) }]
}

function starColumns(item: Extract<SelectItem, { kind: 'star' }>, scope: Scope): readonly ScopeColumn[] {
  const { of } = item
  const columns = of === undefined ? scope.columns : scope.columns.filter(one => one.qualifiers.includes(of))
  if (columns.length > 0) return columns
  const message =
    of === undefined
      ? 'SELECT * not allowed in queries without FROM clause'
      : `Unable to resolve reference ${of}`
  throw errorAt('COLUMN_NOT_FOUND', item.place, message)
}

function ownName(expression: Expression): string | undefined {
  return expression.kind === 'column' ? expression.parts.at(-1) : undefined
}

function condition(
  context: RenderContext,
  word: 'WHERE' | 'HAVING',
  expression: Expression | undefined,
  scope: ScopeWithNames,
): string {
  if (!expression) return ''
  const rendered = context.renderExpression(expression, scope)
  requireBoolean(rendered, expression.place, `${word} clause`)
  context.markUsed(rendered.origins)
  return `${word} ${rendered.sql}`
}

function groupBy(
  context: RenderContext,
  select: Select,
  columns: readonly OutputColumn[],
  scope: ScopeWithNames,
): string {
  if (select.groupBy.length === 0) return ''
  const keys = select.groupBy.map(key => {
    if (key.kind === 'literal') return String(outputOrdinal(key, columns))
    const rendered = context.renderExpression(key, scope)
    context.markUsed(rendered.origins)
    return rendered.sql
  })
  return `GROUP BY ${keys.join(', ')}`
}

function sortClause(
  context: RenderContext,
  orderBy: readonly SortItem[],
  columns: readonly OutputColumn[],
  scope: ScopeWithNames,
): string {
  const items = orderBy.map(item => {
    const ordinal = outputOrdinal(item.by, columns)
    if (ordinal !== undefined) return sortText(String(ordinal), item)
    const rendered = context.renderExpression(item.by, scope)
    context.markUsed(rendered.origins)
    return sortText(rendered.sql, item)
  })
  return items.length === 0 ? '' : `ORDER BY ${items.join(', ')}`
}
