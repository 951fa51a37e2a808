import type { Expression } from '../sql/ast.ts'
import type { RenderContext, ScopeWithNames } from './render-context.ts'
import { resolveScopeColumn } from './scope.ts'

/** Notes, for each stored column that a condition compares with literals, the limits its rows must lie in. */
export function collectLimits(context: RenderContext, condition: Expression, scope: ScopeWithNames): void {
  for (const term of conjuncts(condition)) {
    for (const { parts, ...limit } of limitsOf(term)) {
      const stored = resolveScopeColumn(scope, parts)?.stored
      if (stored) context.addLimit({ ...stored, ...limit })
    }
  }
}

/** The terms of a condition that must all hold. */
export function conjuncts(condition: Expression): readonly Expression[] {
  if (condition.kind !== 'binary' || condition.operator !== 'and') return [condition]
  return [...conjuncts(condition.left), ...conjuncts(condition.right)]
}

interface Range {
  readonly parts: readonly string[]
  readonly low: string | undefined
  readonly high: string | undefined
}

interface Limit extends Range {
  /** Rows that are NULL in the column matter too. */
  readonly withNulls: boolean
}

/** The limits of one term: a comparison, or comparisons of one column `OR column IS NULL`. */
function limitsOf(term: Expression): readonly Limit[] {
  const plain = rangeOf(term)
  if (plain) return [{ ...plain, withNulls: false }]
  if (term.kind !== 'binary' || term.operator !== 'or') return []
  const { left, right } = term
  if (right.kind !== 'isNull' || right.negated || right.operand.kind !== 'column') return []
  const column = right.operand.parts.join('.')
  const ranges = conjuncts(left).map(rangeOf)
  return ranges.flatMap(range =>
    range && range.parts.join('.') === column ? [{ ...range, withNulls: true }] : [],
  )
}

function rangeOf(term: Expression): Range | undefined {
  if (term.kind === 'between' && !term.negated && term.operand.kind === 'column') {
    return { parts: term.operand.parts, low: literalText(term.low), high: literalText(term.high) }
  }
  if (term.kind === 'in') return listLimit(term)
  if (term.kind !== 'binary') return undefined
  const { left, right, operator } = term
  if (left.kind === 'column') return comparisonLimit(left.parts, operator, literalText(right))
  if (right.kind !== 'column') return undefined
  return comparisonLimit(right.parts, FLIPPED.get(operator) ?? '', literalText(left))
}

const FLIPPED: ReadonlyMap<string, string> = new Map([
  ['<', '>'],
  ['<=', '>='],
  ['>', '<'],
  ['>=', '<='],
  ['=', '='],
])

function comparisonLimit(
  parts: readonly string[],
  operator: string,
  text: string | undefined,
): Range | undefined {
  if (text === undefined) return undefined
  if (operator === '=') return { parts, low: text, high: text }
  if (operator === '<' || operator === '<=') return { parts, low: undefined, high: text }
  if (operator === '>' || operator === '>=') return { parts, low: text, high: undefined }
  return undefined
}

function listLimit(term: Extract<Expression, { kind: 'in' }>): Range | undefined {
  if (term.negated || term.operand.kind !== 'column' || 'body' in term.options) return undefined
  const [only, ...others] = term.options
  const text = only && others.length === 0 ? literalText(only) : undefined
  return text === undefined ? undefined : { parts: term.operand.parts, low: text, high: text }
}

/** A literal's text; a negative number keeps its sign. */
function literalText(expression: Expression): string | undefined {
  if (expression.kind === 'literal') return expression.text
  if (expression.kind !== 'minus') return undefined
  const inner = literalText(expression.operand)
  return inner === undefined ? undefined : `-${inner}`
}
