import { errorAt, onlyOnTrino, type Place } from '../query-error.ts'
import type { BinaryOperator, Expression } from './ast.ts'
import { type ParseContext, parseList } from './parse-context.ts'
import { parsePrimary } from './parse-primary.ts'

/** Reads one expression: OR, AND, NOT, comparisons, `||`, sums, products, signs, in Trino's order of precedence. */
export function parseExpression(context: ParseContext): Expression {
  return parseChain(context, [['OR', 'or']], () =>
    parseChain(context, [['AND', 'and']], () => parseNot(context)),
  )
}

type OperatorNames = readonly (readonly [sign: string, operator: BinaryOperator])[]

function parseChain(context: ParseContext, names: OperatorNames, next: () => Expression): Expression {
  let left = next()
  for (;;) {
    const { place } = context.cursor
    const found = names.find(([sign]) => context.cursor.accept(sign))
    if (!found) return left
    left = { kind: 'binary', place, operator: found[1], left, right: next() }
  }
}

function parseNot(context: ParseContext): Expression {
  const { place } = context.cursor
  if (!context.cursor.accept('NOT')) return parsePredicate(context)
  return { kind: 'not', place, operand: parseNot(context) }
}

const COMPARISONS: OperatorNames = [
  ['=', '='],
  ['<>', '<>'],
  ['!=', '<>'],
  ['<=', '<='],
  ['>=', '>='],
  ['<', '<'],
  ['>', '>'],
]

function parsePredicate(context: ParseContext): Expression {
  let left = parseValue(context)
  for (;;) {
    const next = parseComparison(context, left) ?? parseTest(context, left)
    if (!next) return left
    left = next
  }
}

function parseComparison(context: ParseContext, left: Expression): Expression | undefined {
  const { place } = context.cursor
  const found = COMPARISONS.find(([sign]) => context.cursor.accept(sign))
  if (!found) return undefined
  if (['ALL', 'ANY', 'SOME'].some(word => context.cursor.sees(word, '('))) {
    throw onlyOnTrino('A quantified comparison')
  }
  return { kind: 'binary', place, operator: found[1], left, right: parseValue(context) }
}

function parseTest(context: ParseContext, operand: Expression): Expression | undefined {
  const { cursor } = context
  const { place } = cursor
  if (cursor.accept('IS')) return parseIs(context, operand, place)
  const mark = cursor.mark()
  const negated = cursor.accept('NOT')
  if (cursor.accept('BETWEEN')) {
    const low = parseValue(context)
    cursor.expect('AND')
    return { kind: 'between', place, operand, low, high: parseValue(context), negated }
  }
  if (cursor.accept('IN')) return parseIn(context, operand, negated, place)
  if (cursor.accept('LIKE')) {
    const pattern = parseValue(context)
    const escapeBy = cursor.accept('ESCAPE') ? parseValue(context) : undefined
    return { kind: 'like', place, operand, pattern, escapeBy, negated }
  }
  cursor.reset(mark)
  return undefined
}

function parseIs(context: ParseContext, operand: Expression, place: Place): Expression {
  const { cursor } = context
  const negated = cursor.accept('NOT')
  if (cursor.accept('NULL')) return { kind: 'isNull', place, operand, negated }
  cursor.expect('DISTINCT', 'FROM')
  const operator = negated ? 'is not distinct from' : 'is distinct from'
  return { kind: 'binary', place, operator, left: operand, right: parseValue(context) }
}

function parseIn(context: ParseContext, operand: Expression, negated: boolean, place: Place): Expression {
  const { cursor } = context
  cursor.expect('(')
  const isQuery = cursor.sees('SELECT') || cursor.sees('WITH')
  const options = isQuery ? context.parseQuery() : parseList(context)
  cursor.expect(')')
  return { kind: 'in', place, operand, options, negated }
}

/** Reads what may stand on one side of a comparison. */
export function parseValue(context: ParseContext): Expression {
  return parseChain(context, [['||', '||']], () =>
    parseChain(context, SUMS, () => parseChain(context, PRODUCTS, () => parseSigned(context))),
  )
}

const SUMS: OperatorNames = [
  ['+', '+'],
  ['-', '-'],
]

const PRODUCTS: OperatorNames = [
  ['*', '*'],
  ['/', '/'],
  ['%', '%'],
]

function parseSigned(context: ParseContext): Expression {
  const { cursor } = context
  const { place } = cursor
  if (cursor.accept('+')) return parseSigned(context)
  if (cursor.accept('-')) return { kind: 'minus', place, operand: parseSigned(context) }
  return parsePostfix(context, parsePrimary(context))
}

function parsePostfix(context: ParseContext, primary: Expression): Expression {
  const { cursor } = context
  let base = primary
  for (;;) {
    const { place } = cursor
    if (cursor.accept('[')) {
      base = { kind: 'subscript', place, base, index: parseValue(context) }
      cursor.expect(']')
    } else if (cursor.accept('AT', 'TIME', 'ZONE')) {
      base = { kind: 'atTimeZone', place, operand: base, zone: cursor.takeString() }
    } else if (cursor.sees(':')) {
      throw errorAt('SYNTAX_ERROR', place, "mismatched input ':'. Expecting: <EOF>")
    } else return base
  }
}
