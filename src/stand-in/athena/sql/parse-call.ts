import { onlyOnTrino } from '../query-error.ts'
import type { Call, Expression, SortItem, Window } from './ast.ts'
import { type ParseContext, parseList } from './parse-context.ts'
import type { TokenCursor } from './token-cursor.ts'

/** The functions that are written without parentheses. */
const BARE = ['CURRENT_DATE', 'CURRENT_TIMESTAMP', 'LOCALTIMESTAMP']

/** Reads a function call if one comes next, with DISTINCT, ORDER BY, FILTER and OVER. */
export function parseCall(context: ParseContext): Expression | undefined {
  const { cursor } = context
  const token = cursor.peek()
  if (BARE.includes(token.keyword)) return parseBare(cursor)
  if ((token.kind !== 'word' && token.kind !== 'quoted') || cursor.peek(1).text !== '(') return undefined
  const name = cursor.takeName()
  cursor.expect('(')
  const isStar = cursor.accept('*')
  const isDistinct = cursor.accept('DISTINCT')
  const args = isStar || cursor.sees(')') ? [] : parseArguments(context)
  const orderBy = cursor.accept('ORDER', 'BY') ? parseSortItems(context) : []
  cursor.expect(')')
  const call: Call = {
    name,
    args,
    isStar,
    isDistinct,
    orderBy,
    filter: parseFilter(context),
    over: parseOver(context),
  }
  return { kind: 'call', place: token.place, call }
}

function parseBare(cursor: TokenCursor): Expression {
  const token = cursor.take()
  if (cursor.accept('(')) {
    cursor.take()
    cursor.expect(')')
  }
  const name = token.keyword.toLowerCase()
  const call: Call = {
    name,
    args: [],
    isStar: false,
    isDistinct: false,
    orderBy: [],
    filter: undefined,
    over: undefined,
  }
  return { kind: 'call', place: token.place, call }
}

function parseArguments(context: ParseContext): readonly Expression[] {
  const { cursor } = context
  if (cursor.peek().kind === 'word' && cursor.peek(1).text === '->') throw onlyOnTrino('A lambda expression')
  const args = parseList(context)
  if (cursor.sees('->')) throw onlyOnTrino('A lambda expression')
  return args
}

function parseFilter(context: ParseContext): Expression | undefined {
  const { cursor } = context
  if (!cursor.accept('FILTER', '(')) return undefined
  cursor.expect('WHERE')
  const filter = context.parseExpression()
  cursor.expect(')')
  return filter
}

function parseOver(context: ParseContext): Window | undefined {
  const { cursor } = context
  if (cursor.sees('IGNORE', 'NULLS')) throw onlyOnTrino('IGNORE NULLS')
  if (!cursor.accept('OVER')) return undefined
  if (!cursor.sees('(')) throw onlyOnTrino('A named window')
  cursor.expect('(')
  const partitionBy = cursor.accept('PARTITION', 'BY') ? parseList(context) : []
  const orderBy = cursor.accept('ORDER', 'BY') ? parseSortItems(context) : []
  const frame = parseFrame(cursor)
  cursor.expect(')')
  return { partitionBy, orderBy, frame }
}

function parseFrame(cursor: TokenCursor): string {
  if (!cursor.sees('ROWS') && !cursor.sees('RANGE')) return ''
  const start = cursor.take()
  if (!cursor.accept('BETWEEN')) {
    takeBound(cursor)
    return cursor.textFrom(start)
  }
  takeBound(cursor)
  cursor.expect('AND')
  takeBound(cursor)
  return cursor.textFrom(start)
}

function takeBound(cursor: TokenCursor): void {
  if (cursor.accept('CURRENT', 'ROW')) return
  if (!cursor.accept('UNBOUNDED')) {
    if (!/^\d+$/.test(cursor.peek().text)) throw cursor.unexpected('<integer>')
    cursor.take()
  }
  if (!cursor.accept('PRECEDING')) cursor.expect('FOLLOWING')
}

/** Reads the items behind ORDER BY; NULLs come last unless the statement says otherwise, as in Trino. */
export function parseSortItems(context: ParseContext): readonly SortItem[] {
  const items: SortItem[] = []
  do items.push(parseSortItem(context))
  while (context.cursor.accept(','))
  return items
}

function parseSortItem(context: ParseContext): SortItem {
  const { cursor } = context
  const by = context.parseExpression()
  const isDescending = cursor.accept('DESC')
  if (!isDescending) cursor.accept('ASC')
  const nullsFirst = cursor.accept('NULLS', 'FIRST')
  if (!nullsFirst) cursor.accept('NULLS', 'LAST')
  return { by, isDescending, nullsFirst }
}
