import { onlyOnTrino } from '../query-error.ts'
import type { NamedQuery, Query, QueryBody, Select, SelectItem } from './ast.ts'
import { parseSortItems } from './parse-call.ts'
import { type ParseContext, parseList } from './parse-context.ts'
import { isAliasNext, takeNames } from './parse-names.ts'
import { parseRelation } from './parse-relation.ts'
import type { TokenCursor } from './token-cursor.ts'

/** Reads a query: WITH, bodies joined by UNION, INTERSECT and EXCEPT, ORDER BY, OFFSET, LIMIT. */
export function parseQuery(context: ParseContext): Query {
  const { cursor } = context
  const { place } = cursor
  const named = cursor.accept('WITH') ? parseWith(context) : []
  const body = parseUnion(context)
  const orderBy = cursor.accept('ORDER', 'BY') ? parseSortItems(context) : []
  const offset = cursor.accept('OFFSET') ? takeCount(cursor) : undefined
  if (offset !== undefined && !cursor.accept('ROWS')) cursor.accept('ROW')
  if (cursor.sees('FETCH')) throw onlyOnTrino('FETCH FIRST')
  const limit = cursor.accept('LIMIT') ? takeLimit(cursor) : undefined
  return { place, with: named, body, orderBy, offset, limit }
}

function takeCount(cursor: TokenCursor): number {
  if (!/^\d+$/.test(cursor.peek().text)) throw cursor.unexpected('<integer>')
  return Number(cursor.take().text)
}

function takeLimit(cursor: TokenCursor): number | undefined {
  return cursor.accept('ALL') ? undefined : takeCount(cursor)
}

function parseWith(context: ParseContext): readonly NamedQuery[] {
  const { cursor } = context
  if (cursor.sees('RECURSIVE')) throw onlyOnTrino('WITH RECURSIVE')
  const named: NamedQuery[] = []
  do {
    const name = cursor.takeName()
    const columns = cursor.accept('(') ? takeNames(cursor) : []
    cursor.expect('AS', '(')
    named.push({ name, columns, query: parseQuery(context) })
    cursor.expect(')')
  } while (cursor.accept(','))
  return named
}

function parseUnion(context: ParseContext): QueryBody {
  return parseSetChain(context, ['UNION', 'EXCEPT'], () =>
    parseSetChain(context, ['INTERSECT'], () => parseTerm(context)),
  )
}

function parseSetChain(
  context: ParseContext,
  operators: readonly ('UNION' | 'EXCEPT' | 'INTERSECT')[],
  next: () => QueryBody,
): QueryBody {
  const { cursor } = context
  let left = next()
  for (;;) {
    const { place } = cursor
    const operator = operators.find(word => cursor.accept(word))
    if (!operator) return left
    const all = cursor.accept('ALL')
    if (!all) cursor.accept('DISTINCT')
    left = { kind: 'set', place, operator, all, left, right: next() }
  }
}

function parseTerm(context: ParseContext): QueryBody {
  const { cursor } = context
  if (cursor.accept('(')) {
    const query = parseQuery(context)
    cursor.expect(')')
    return { kind: 'nested', query }
  }
  if (cursor.sees('VALUES')) return parseValues(context)
  if (cursor.sees('TABLE')) throw onlyOnTrino('TABLE as a query')
  return parseSelect(context)
}

function parseValues(context: ParseContext): QueryBody {
  const { place } = context.cursor
  context.cursor.expect('VALUES')
  const rows = parseList(context).map(row => (row.kind === 'row' ? row.items : [row]))
  return { kind: 'values', place, rows }
}

function parseSelect(context: ParseContext): Select {
  const { cursor } = context
  const { place } = cursor
  cursor.expect('SELECT')
  const isDistinct = cursor.accept('DISTINCT')
  if (!isDistinct) cursor.accept('ALL')
  const items = [parseItem(context)]
  while (cursor.accept(',')) items.push(parseItem(context))
  const from = cursor.accept('FROM') ? parseRelation(context) : undefined
  const where = cursor.accept('WHERE') ? context.parseExpression() : undefined
  const groupBy = cursor.accept('GROUP', 'BY') ? parseGroupBy(context) : []
  const having = cursor.accept('HAVING') ? context.parseExpression() : undefined
  if (cursor.sees('WINDOW')) throw onlyOnTrino('A WINDOW clause')
  return { kind: 'select', place, isDistinct, items, from, where, groupBy, having }
}

function parseGroupBy(context: ParseContext): Select['groupBy'] {
  const { cursor } = context
  if (['ROLLUP', 'CUBE', 'GROUPING'].some(word => cursor.sees(word)))
    throw onlyOnTrino('GROUP BY with grouping sets')
  return parseList(context)
}

function parseItem(context: ParseContext): SelectItem {
  const { cursor } = context
  const { place } = cursor
  if (cursor.accept('*')) return { kind: 'star', of: undefined, place }
  if (cursor.peek(1).text === '.' && cursor.peek(2).text === '*') {
    const of = cursor.takeName()
    cursor.expect('.', '*')
    return { kind: 'star', of, place }
  }
  const expression = context.parseExpression()
  return { kind: 'expression', expression, alias: takeAlias(cursor) }
}

function takeAlias(cursor: TokenCursor): string | undefined {
  if (cursor.accept('AS')) return cursor.takeName()
  return isAliasNext(cursor) ? cursor.takeName() : undefined
}
