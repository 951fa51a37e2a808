import { errorAt, onlyOnTrino, type Place } from '../query-error.ts'
import { printType, type SqlType } from '../types/sql-type.ts'
import { parseTrinoType } from '../types/trino-type.ts'
import type { Expression } from './ast.ts'
import { parseCall } from './parse-call.ts'
import { type ParseContext, parseList } from './parse-context.ts'
import type { TokenCursor } from './token-cursor.ts'
import type { Token } from './tokens.ts'

/** Reads a literal, a column, a call, CASE, CAST, EXISTS, a subquery or anything in parentheses. */
export function parsePrimary(context: ParseContext): Expression {
  const { cursor } = context
  const token = cursor.peek()
  const { place } = token
  if (token.kind === 'number') return numberLiteral(cursor.take())
  if (token.kind === 'string') return textLiteral(cursor.take())
  if (token.kind === 'binary') return binaryLiteral(cursor.take())
  if (token.kind === 'backquoted') {
    throw errorAt(
      'SYNTAX_ERROR',
      place,
      'backquoted identifiers are not supported; use double quotes to quote identifiers',
    )
  }
  if (cursor.accept('?')) return context.takeParameter(place)
  if (cursor.accept('(')) return parseParenthesis(context, place)
  return parseKeyword(context, token) ?? parseCall(context) ?? parseColumn(cursor)
}

function numberLiteral(token: Token): Expression {
  return { kind: 'literal', place: token.place, text: token.text, type: numberType(token) }
}

function numberType(token: Token): SqlType {
  if (/e/i.test(token.text)) return { kind: 'double' }
  if (token.text.includes('.')) return decimalLiteralType(token.text, token.place)
  const value = BigInt(token.text)
  if (value > 9_223_372_036_854_775_808n) {
    throw errorAt('SYNTAX_ERROR', token.place, `Invalid numeric literal: ${token.text}`)
  }
  return { kind: value > 2_147_483_647n ? 'bigint' : 'integer' }
}

function decimalLiteralType(text: string, place: Place): SqlType {
  const [whole = '', fraction = ''] = text.replace(/^[+-]/, '').split('.')
  const digits = whole.replace(/^0+/, '').length
  const precision = Math.max(digits + fraction.length, 1)
  if (precision > 38) throw errorAt('SYNTAX_ERROR', place, `Invalid decimal literal '${text}'`)
  return { kind: 'decimal', precision, scale: fraction.length }
}

function textLiteral(token: Token): Expression {
  const type: SqlType = { kind: 'varchar', length: [...token.text].length }
  return { kind: 'literal', place: token.place, text: token.text, type }
}

function binaryLiteral(token: Token): Expression {
  const text = token.text.replaceAll(/\s/g, '').toUpperCase()
  if (!/^(?:[0-9A-F]{2})*$/.test(text)) {
    throw errorAt(
      'SYNTAX_ERROR',
      token.place,
      'Binary literal must contain an even number of hexadecimal digits',
    )
  }
  return { kind: 'literal', place: token.place, text, type: { kind: 'varbinary' } }
}

function parseParenthesis(context: ParseContext, place: Place): Expression {
  const { cursor } = context
  if (cursor.sees('SELECT') || cursor.sees('WITH')) {
    const query = context.parseQuery()
    cursor.expect(')')
    return { kind: 'subquery', place, query }
  }
  const items = parseList(context)
  cursor.expect(')')
  const [only] = items
  return items.length === 1 && only ? only : { kind: 'row', place, items }
}

function parseKeyword(context: ParseContext, token: Token): Expression | undefined {
  const { cursor } = context
  const { place } = token
  switch (token.keyword) {
    case 'NULL':
      cursor.take()
      return { kind: 'null', place }
    case 'TRUE':
    case 'FALSE':
      return { kind: 'literal', place, type: { kind: 'boolean' }, text: cursor.take().keyword.toLowerCase() }
    case 'CASE':
      return parseCase(context, place)
    case 'CAST':
    case 'TRY_CAST':
      return cursor.peek(1).text === '(' ? parseCast(context, token) : undefined
    case 'EXISTS':
      return parseExists(context, place)
    case 'ROW':
    case 'ARRAY':
      return parseConstructor(context, token)
    case 'INTERVAL':
      return parseInterval(cursor, place)
    case 'EXTRACT':
      return parseExtract(context, place)
    default:
      return parseTypedLiteral(cursor, token)
  }
}

function parseCase(context: ParseContext, place: Place): Expression {
  const { cursor } = context
  cursor.expect('CASE')
  const operand = cursor.sees('WHEN') ? undefined : context.parseExpression()
  const branches: { when: Expression; result: Expression }[] = []
  do {
    cursor.expect('WHEN')
    const when = context.parseExpression()
    cursor.expect('THEN')
    branches.push({ when, result: context.parseExpression() })
  } while (cursor.sees('WHEN'))
  const otherwise = cursor.accept('ELSE') ? context.parseExpression() : undefined
  cursor.expect('END')
  return { kind: 'case', place, operand, branches, otherwise }
}

function parseCast(context: ParseContext, token: Token): Expression {
  const { cursor } = context
  cursor.take()
  cursor.expect('(')
  const operand = context.parseExpression()
  cursor.expect('AS')
  const type = parseType(cursor)
  cursor.expect(')')
  return { kind: 'cast', place: token.place, operand, type, lenient: token.keyword === 'TRY_CAST' }
}

/** Reads a type up to the parenthesis or comma that is not its own. */
export function parseType(cursor: TokenCursor): SqlType {
  const start = cursor.peek()
  let depth = 0
  while (start.kind !== 'end' && cursor.peek().kind !== 'end') {
    const { text } = cursor.peek()
    if (depth === 0 && (text === ')' || text === ',')) break
    if (text === '(') depth += 1
    if (text === ')') depth -= 1
    cursor.take()
  }
  const text = cursor.textFrom(start)
  const type = parseTrinoType(text)
  if (!type) throw errorAt('TYPE_MISMATCH', start.place, `Unknown type: ${text}`)
  return type
}

function parseExists(context: ParseContext, place: Place): Expression {
  const { cursor } = context
  cursor.expect('EXISTS', '(')
  const query = context.parseQuery()
  cursor.expect(')')
  return { kind: 'exists', place, query }
}

function parseConstructor(context: ParseContext, token: Token): Expression | undefined {
  const { cursor } = context
  const [kind, open, close] =
    token.keyword === 'ROW' ? (['row', '(', ')'] as const) : (['array', '[', ']'] as const)
  if (cursor.peek(1).text !== open) return undefined
  cursor.take()
  cursor.expect(open)
  const items = cursor.sees(close) ? [] : parseList(context)
  cursor.expect(close)
  return { kind, place: token.place, items }
}

const UNITS = ['SECOND', 'MINUTE', 'HOUR', 'DAY', 'WEEK', 'MONTH', 'YEAR']

function parseInterval(cursor: TokenCursor, place: Place): Expression | undefined {
  if (cursor.peek(1).kind !== 'string') return undefined
  cursor.take()
  const value = cursor.takeString()
  const unit = cursor.take().keyword
  if (!UNITS.includes(unit) || !/^-?\d+$/.test(value)) throw onlyOnTrino('An interval of this form')
  return { kind: 'interval', place, value, unit }
}

function parseExtract(context: ParseContext, place: Place): Expression {
  const { cursor } = context
  cursor.expect('EXTRACT', '(')
  const name = cursor.takeName()
  cursor.expect('FROM')
  const args = [context.parseValue()]
  cursor.expect(')')
  const call = {
    name,
    args,
    isStar: false,
    isDistinct: false,
    orderBy: [],
    filter: undefined,
    over: undefined,
  }
  return { kind: 'call', place, call }
}

const TYPED_LITERALS = [
  'DATE',
  'TIMESTAMP',
  'TIME',
  'DECIMAL',
  'BIGINT',
  'INTEGER',
  'DOUBLE',
  'REAL',
  'UUID',
  'JSON',
]

function parseTypedLiteral(cursor: TokenCursor, token: Token): Expression | undefined {
  if (!TYPED_LITERALS.includes(token.keyword) || cursor.peek(1).kind !== 'string') return undefined
  cursor.take()
  const text = cursor.takeString()
  const type = typedLiteralType(token, text)
  if (type.kind === 'time' || type.kind === 'json') throw onlyOnTrino(`A ${printType(type)} literal`)
  return { kind: 'literal', place: token.place, type, text }
}

const MOMENT = /^[+-]?\d{1,6}-\d{1,2}-\d{1,2}(?: \d{1,2}:\d{1,2}(?::\d{1,2}(?:\.(\d{1,12}))?)?)?(?: ?(\S+))?$/

function typedLiteralType(token: Token, text: string): SqlType {
  if (token.keyword === 'DECIMAL') return decimalLiteralType(text, token.place)
  if (token.keyword === 'TIMESTAMP') {
    const found = MOMENT.exec(text)
    if (!found) throw errorAt('SYNTAX_ERROR', token.place, `'${text}' is not a valid timestamp literal`)
    const precision = found[1]?.length ?? 0
    if (precision > 6) throw onlyOnTrino('A timestamp literal finer than microseconds')
    return { kind: found[2] === undefined ? 'timestamp' : 'timestamptz', precision }
  }
  if (token.keyword === 'DATE' && !/^[+-]?\d{1,6}-\d{1,2}-\d{1,2}$/.test(text)) {
    throw errorAt('SYNTAX_ERROR', token.place, `'${text}' is not a valid date literal`)
  }
  const type = parseTrinoType(token.keyword)
  if (!type) throw errorAt('SYNTAX_ERROR', token.place, `Unknown type: ${token.keyword}`)
  return type
}

function parseColumn(cursor: TokenCursor): Expression {
  const { place } = cursor
  const parts = [cursor.takeName()]
  while (cursor.sees('.') && cursor.peek(1).text !== '*') {
    cursor.expect('.')
    parts.push(cursor.takeName())
  }
  return { kind: 'column', place, parts }
}
