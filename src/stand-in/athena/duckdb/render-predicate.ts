import { errorAt, type Place } from '../query-error.ts'
import type { Expression, Query } from '../sql/ast.ts'
import { duckdbType, isText, printType, type SqlType } from '../types/sql-type.ts'
import { renderComparison } from './render-binary.ts'
import type { RenderContext, RenderedQuery, ScopeWithNames } from './render-context.ts'
import { commonOf, requireBoolean } from './require-type.ts'
import { joinOrigins, type Rendered } from './scope.ts'

type Of<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>
type Render = (inner: Expression) => Rendered

const BOOLEAN: SqlType = { kind: 'boolean' }

/** Writes BETWEEN as its two comparisons, each type-checked. */
export function renderBetween(expression: Of<'between'>, render: Render): Rendered {
  const operand = render(expression.operand)
  const [low, high] = [render(expression.low), render(expression.high)]
  const from = renderComparison('>=', operand, low, expression.place)
  const to = renderComparison('<=', operand, high, expression.place)
  const sql = `(${from.sql} AND ${to.sql})`
  return {
    sql: expression.negated ? `(NOT ${sql})` : sql,
    type: BOOLEAN,
    origins: joinOrigins(operand.origins, low.origins, high.origins),
  }
}

/** Writes LIKE; both sides must be texts. */
export function renderLike(expression: Of<'like'>, render: Render): Rendered {
  const parts = [
    expression.operand,
    expression.pattern,
    ...(expression.escapeBy ? [expression.escapeBy] : []),
  ]
  const [operand, pattern, escapeBy] = parts.map(render)
  for (const part of [operand, pattern]) {
    if (part && !isText(part.type) && part.type.kind !== 'unknown') {
      const message = `Left side of LIKE expression must evaluate to a varchar (actual: ${printType(part.type)})`
      throw errorAt('TYPE_MISMATCH', expression.place, message)
    }
  }
  const escaping = escapeBy ? ` ESCAPE ${escapeBy.sql}` : ''
  return {
    sql: `(${operand?.sql} ${expression.negated ? 'NOT ' : ''}LIKE ${pattern?.sql}${escaping})`,
    type: BOOLEAN,
    origins: joinOrigins(...[operand, pattern].map(part => part?.origins ?? new Set<string>())),
  }
}

/** Writes IN over a list or a query. */
export function renderIn(context: RenderContext, expression: Of<'in'>, scope: ScopeWithNames): Rendered {
  const operand = context.renderExpression(expression.operand, scope)
  const not = expression.negated ? 'NOT ' : ''
  if ('body' in expression.options) {
    const query = renderNested(context, expression.options, scope)
    requireOneColumn(query, expression.place)
    checkOption(operand.type, query.columns[0]?.type, expression.place)
    return { ...operand, sql: `(${operand.sql} ${not}IN (${query.sql}))`, type: BOOLEAN }
  }
  const options = expression.options.map(option => context.renderExpression(option, scope))
  for (const option of options) checkOption(operand.type, option.type, expression.place)
  return {
    sql: `(${operand.sql} ${not}IN (${options.map(option => option.sql).join(', ')}))`,
    type: BOOLEAN,
    origins: joinOrigins(operand.origins, ...options.map(option => option.origins)),
  }
}

function checkOption(type: SqlType, option: SqlType | undefined, place: Place): void {
  commonOf(
    type,
    option ?? { kind: 'unknown' },
    place,
    (a, b) => `IN value and list items must be the same type: ${a}, ${b}`,
  )
}

function renderNested(context: RenderContext, query: Query, scope: ScopeWithNames): RenderedQuery {
  const rendered = context.renderQuery(query, scope, scope.named)
  for (const column of rendered.columns) context.markUsed(column.origins)
  return rendered
}

function requireOneColumn(query: RenderedQuery, place: Place): void {
  if (query.columns.length === 1) return
  throw errorAt('NOT_SUPPORTED', place, 'Multiple columns returned by subquery are not yet supported')
}

/** Writes EXISTS, or a subquery that stands for one value. */
export function renderSubquery(
  context: RenderContext,
  expression: Of<'exists' | 'subquery'>,
  scope: ScopeWithNames,
): Rendered {
  const query = renderNested(context, expression.query, scope)
  if (expression.kind === 'exists') {
    return { sql: `EXISTS (${query.sql})`, type: BOOLEAN, origins: new Set() }
  }
  requireOneColumn(query, expression.place)
  return { sql: `(${query.sql})`, type: query.columns[0]?.type ?? { kind: 'unknown' }, origins: new Set() }
}

/** Writes both forms of CASE; all results are brought to one type. */
export function renderCase(expression: Of<'case'>, render: Render): Rendered {
  const operand = expression.operand ? render(expression.operand) : undefined
  const branches = expression.branches.map(branch => ({
    when: renderWhen(render(branch.when), operand, branch.when.place),
    result: render(branch.result),
  }))
  const otherwise = expression.otherwise ? render(expression.otherwise) : undefined
  const results = [...branches.map(branch => branch.result), ...(otherwise ? [otherwise] : [])]
  let type: SqlType = { kind: 'unknown' }
  for (const result of results) {
    type = commonOf(
      type,
      result.type,
      expression.place,
      (a, b) => `All CASE results must be the same type: ${a}, ${b}`,
    )
  }
  const whens = branches.map(({ when, result }) => `WHEN ${when.sql} THEN ${result.sql}`).join(' ')
  const body = `CASE ${whens}${otherwise ? ` ELSE ${otherwise.sql}` : ''} END`
  return {
    sql: type.kind === 'unknown' ? body : `CAST(${body} AS ${duckdbType(type)})`,
    type,
    origins: joinOrigins(...results.map(one => one.origins), ...branches.map(one => one.when.origins)),
  }
}

function renderWhen(when: Rendered, operand: Rendered | undefined, place: Place): Rendered {
  if (operand) return renderComparison('=', operand, when, place)
  requireBoolean(when, place, 'CASE WHEN clause')
  return when
}
