import { namedError, notImitated, onlyOnTrino, type Place } from '../query-error.ts'
import type { Alias, AsOf, Relation } from './ast.ts'
import { type ParseContext, parseList } from './parse-context.ts'
import { isAliasNext, takeNames } from './parse-names.ts'
import type { TokenCursor } from './token-cursor.ts'

/** Reads what stands behind FROM or USING: tables, subqueries, UNNEST, and joins of them; a comma is a cross join. */
export function parseRelation(context: ParseContext): Relation {
  const { cursor } = context
  let left = parseJoined(context)
  for (;;) {
    const { place } = cursor
    if (!cursor.accept(',')) return left
    left = { kind: 'join', join: 'CROSS', left, right: parseJoined(context), on: undefined, using: [], place }
  }
}

function parseJoined(context: ParseContext): Relation {
  let left = parseSingle(context)
  for (;;) {
    const { place } = context.cursor
    const join = takeJoin(context.cursor)
    if (!join) return left
    left = parseJoin(context, join, left, place)
  }
}

type Join = Extract<Relation, { kind: 'join' }>['join']

function takeJoin(cursor: TokenCursor): Join | undefined {
  if (cursor.sees('NATURAL')) throw onlyOnTrino('NATURAL JOIN')
  if (cursor.accept('CROSS', 'JOIN')) return 'CROSS'
  if (cursor.accept('JOIN') || cursor.accept('INNER', 'JOIN')) return 'INNER'
  for (const side of ['LEFT', 'RIGHT', 'FULL'] as const) {
    if (cursor.accept(side, 'JOIN') || cursor.accept(side, 'OUTER', 'JOIN')) return side
  }
  return undefined
}

function parseJoin(context: ParseContext, join: Join, left: Relation, place: Place): Relation {
  const { cursor } = context
  const right = parseSingle(context)
  if (join === 'CROSS') return { kind: 'join', join, left, right, on: undefined, using: [], place }
  if (cursor.accept('USING')) {
    cursor.expect('(')
    return { kind: 'join', join, left, right, on: undefined, using: takeNames(cursor), place }
  }
  cursor.expect('ON')
  return { kind: 'join', join, left, right, on: context.parseExpression(), using: [], place }
}

/** Reads one relation without joins, with its alias. */
export function parseSingle(context: ParseContext): Relation {
  const { cursor } = context
  const { place } = cursor
  if (cursor.sees('LATERAL')) throw onlyOnTrino('LATERAL')
  if (cursor.accept('UNNEST', '(')) {
    const items = parseList(context)
    cursor.expect(')')
    if (cursor.sees('WITH', 'ORDINALITY')) throw onlyOnTrino('WITH ORDINALITY')
    return { kind: 'unnest', place, items, alias: parseAlias(cursor) }
  }
  if (cursor.sees('(')) return parseParenthesis(context)
  const parts = parseTableParts(cursor)
  if (cursor.sees('(')) throw notImitated('A table function')
  const asOf = parseAsOf(context)
  const alias = parseAlias(cursor)
  if (cursor.sees('TABLESAMPLE') || cursor.sees('MATCH_RECOGNIZE')) throw onlyOnTrino(cursor.peek().keyword)
  return { kind: 'table', parts, place, asOf, alias }
}

/** Reads `catalog.database.table` with any part from the left absent. */
export function parseTableParts(cursor: TokenCursor): readonly string[] {
  const parts = [cursor.takeName()]
  while (cursor.accept('.')) parts.push(cursor.takeName())
  return parts
}

function parseParenthesis(context: ParseContext): Relation {
  const { cursor } = context
  const mark = cursor.mark()
  cursor.expect('(')
  while (cursor.accept('('));
  const isQuery = ['SELECT', 'WITH', 'VALUES'].some(word => cursor.sees(word))
  cursor.reset(mark)
  cursor.expect('(')
  if (isQuery) {
    const query = context.parseQuery()
    cursor.expect(')')
    return { kind: 'query', query, alias: parseAlias(cursor) }
  }
  const relation = parseRelation(context)
  cursor.expect(')')
  return relation
}

/** Smaller numbers are of the type integer, which Trino does not take for a snapshot's id. */
const MAX_INTEGER = 2_147_483_647n

function parseAsOf(context: ParseContext): AsOf | undefined {
  const { cursor } = context
  if (cursor.accept('FOR', 'VERSION', 'AS', 'OF')) {
    if (!/^\d+$/.test(cursor.peek().text)) throw cursor.unexpected('<integer>')
    const snapshotId = BigInt(cursor.take().text)
    if (snapshotId > MAX_INTEGER) return { kind: 'version', snapshotId }
    throw namedError('NOT_SUPPORTED', 'Unsupported type for table version: integer')
  }
  if (!cursor.accept('FOR', 'TIMESTAMP', 'AS', 'OF')) return undefined
  return { kind: 'timestamp', moment: context.parseValue() }
}

function parseAlias(cursor: TokenCursor): Alias | undefined {
  if (!cursor.accept('AS') && !isAliasNext(cursor)) return undefined
  const name = cursor.takeName()
  return { name, columns: cursor.accept('(') ? takeNames(cursor) : [] }
}
