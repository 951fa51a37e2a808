import { onlyOnTrino } from '../query-error.ts'
import type { Expression } from '../sql/ast.ts'
import { quoteText } from '../sql/tokens.ts'
import { duckdbType, type SqlType } from '../types/sql-type.ts'
import { renderBinary, renderComparison } from './render-binary.ts'
import { renderCall } from './render-call.ts'
import { renderCast } from './render-cast.ts'
import type { RenderContext, ScopeWithNames } from './render-context.ts'
import { renderBetween, renderCase, renderIn, renderLike, renderSubquery } from './render-predicate.ts'
import { commonOf, requireBoolean } from './require-type.ts'
import { joinOrigins, NO_ORIGINS, type Rendered, resolveColumn } from './scope.ts'

type Of<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>

/**
 * Writes an expression in DuckDB's words with Athena's meaning, and finds its type on the way.
 *
 * @throws {QueryError} `TYPE_MISMATCH`, `COLUMN_NOT_FOUND`, `FUNCTION_NOT_FOUND`, `NOT_SUPPORTED`.
 */
export function renderExpression(
  context: RenderContext,
  expression: Expression,
  scope: ScopeWithNames,
): Rendered {
  const render = (inner: Expression): Rendered => renderExpression(context, inner, scope)
  switch (expression.kind) {
    case 'null':
      return { sql: 'NULL', type: { kind: 'unknown' }, origins: NO_ORIGINS }
    case 'literal':
      return renderLiteral(expression)
    case 'interval':
      return constant(`INTERVAL '${expression.value}' ${expression.unit}`, { kind: 'interval' })
    case 'column':
      return resolveColumn(scope, expression.parts, expression.place)
    case 'not':
      return renderNot(expression, render)
    case 'minus':
      return renderMinus(expression, render)
    case 'binary':
      return renderBinary(expression, render)
    case 'isNull':
      return renderIsNull(expression, render)
    case 'between':
      return renderBetween(expression, render)
    case 'like':
      return renderLike(expression, render)
    case 'in':
      return renderIn(context, expression, scope)
    case 'exists':
    case 'subquery':
      return renderSubquery(context, expression, scope)
    case 'case':
      return renderCase(expression, render)
    case 'cast':
      return renderCast(expression, render(expression.operand))
    case 'call':
      return renderCall(expression, render)
    case 'array':
      return renderArray(expression, render)
    case 'row':
      return renderRow(expression, render)
    case 'subscript':
      return renderSubscript(expression, render)
    case 'atTimeZone':
      throw onlyOnTrino('AT TIME ZONE')
  }
}

function constant(sql: string, type: SqlType): Rendered {
  return { sql, type, origins: NO_ORIGINS }
}

function renderLiteral(literal: Of<'literal'>): Rendered {
  const { type, text } = literal
  switch (type.kind) {
    case 'boolean':
    case 'integer':
      return constant(text, type)
    case 'varchar':
      return constant(quoteText(text), type)
    case 'varbinary':
      return constant(`unhex('${text}')`, type)
    default:
      return constant(`CAST(${quoteText(text)} AS ${duckdbType(type)})`, type)
  }
}

function renderNot(expression: Of<'not' | 'minus'>, render: (inner: Expression) => Rendered): Rendered {
  const operand = render(expression.operand)
  requireBoolean(operand, expression.operand.place, 'Value of logical NOT expression')
  return { ...operand, sql: `(NOT ${operand.sql})`, type: { kind: 'boolean' } }
}

function renderMinus(expression: Of<'not' | 'minus'>, render: (inner: Expression) => Rendered): Rendered {
  const { operand } = expression
  // The smallest integers cannot be had by negating: their positive twins are too large.
  if (operand.kind === 'literal' && operand.text === '2147483648') {
    return constant(`CAST('-${operand.text}' AS INTEGER)`, { kind: 'integer' })
  }
  if (operand.kind === 'literal' && operand.text === '9223372036854775808') {
    return constant(`CAST('-${operand.text}' AS BIGINT)`, { kind: 'bigint' })
  }
  const value = render(operand)
  commonOf(value.type, { kind: 'tinyint' }, expression.place, type => `Cannot negate ${type}`)
  return { ...value, sql: `(-${value.sql})` }
}

function renderIsNull(expression: Of<'isNull'>, render: (inner: Expression) => Rendered): Rendered {
  const operand = render(expression.operand)
  const sql = `(${operand.sql} IS ${expression.negated ? 'NOT ' : ''}NULL)`
  return { ...operand, sql, type: { kind: 'boolean' } }
}

function renderArray(expression: Of<'array' | 'row'>, render: (inner: Expression) => Rendered): Rendered {
  const items = expression.items.map(render)
  let element: SqlType = { kind: 'unknown' }
  for (const item of items) {
    element = commonOf(element, item.type, expression.place, () => 'All ARRAY elements must be the same type')
  }
  return {
    sql: `[${items.map(item => item.sql).join(', ')}]`,
    type: { kind: 'array', element },
    origins: joinOrigins(...items.map(item => item.origins)),
  }
}

function renderRow(expression: Of<'array' | 'row'>, render: (inner: Expression) => Rendered): Rendered {
  const items = expression.items.map(render)
  return {
    sql: `row(${items.map(item => item.sql).join(', ')})`,
    type: { kind: 'row', fields: items.map(item => ({ type: item.type })) },
    origins: joinOrigins(...items.map(item => item.origins)),
  }
}

function renderSubscript(expression: Of<'subscript'>, render: (inner: Expression) => Rendered): Rendered {
  const [base, index] = [render(expression.base), render(expression.index)]
  const origins = joinOrigins(base.origins, index.origins)
  if (base.type.kind === 'array') {
    renderComparison('=', index, constant('1', { kind: 'bigint' }), expression.place)
    return { sql: `${base.sql}[${index.sql}]`, type: base.type.element, origins }
  }
  if (base.type.kind !== 'map') throw onlyOnTrino('A subscript of anything but an array or a map')
  return { sql: `map_extract_value(${base.sql}, ${index.sql})`, type: base.type.value, origins }
}
