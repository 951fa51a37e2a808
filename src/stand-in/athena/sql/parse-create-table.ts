import { notImitated } from '../query-error.ts'
import type { ColumnDeclaration, CreateTable, PartitionDeclaration } from './ddl.ts'
import type { TokenCursor } from './token-cursor.ts'

interface Clauses {
  partitionedBy: readonly PartitionDeclaration[]
  comment: string | undefined
  storedAs: string | undefined
  location: string | undefined
  properties: ReadonlyMap<string, string>
}

/** Reads CREATE TABLE from the word TABLE on; the clauses behind the columns may come in any order. */
export function parseCreateTable(cursor: TokenCursor, isExternal: boolean): CreateTable {
  cursor.expect('TABLE')
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS')
  const { place } = cursor
  const parts = [cursor.takeName()]
  while (cursor.accept('.')) parts.push(cursor.takeName())
  if (!cursor.sees('(')) throw notImitated('CREATE TABLE without a list of columns')
  const columns = parseColumns(cursor)
  const clauses: Clauses = {
    partitionedBy: [],
    comment: undefined,
    storedAs: undefined,
    location: undefined,
    properties: new Map(),
  }
  while (cursor.peek().kind !== 'end') parseClause(cursor, clauses)
  return { kind: 'createTable', isExternal, ifNotExists, place, parts, columns, ...clauses }
}

function parseClause(cursor: TokenCursor, clauses: Clauses): void {
  if (cursor.accept('COMMENT')) clauses.comment = cursor.takeString()
  else if (cursor.accept('PARTITIONED', 'BY')) clauses.partitionedBy = parsePartitions(cursor)
  else if (cursor.accept('LOCATION')) clauses.location = cursor.takeString()
  else if (cursor.accept('TBLPROPERTIES')) clauses.properties = parseProperties(cursor)
  else if (cursor.accept('STORED', 'AS')) clauses.storedAs = parseStoredAs(cursor)
  else if (cursor.accept('ROW', 'FORMAT')) parseRowFormat(cursor)
  else if (cursor.sees('CLUSTERED')) throw notImitated('CLUSTERED BY')
  else throw cursor.unexpected("'LOCATION', 'TBLPROPERTIES', <EOF>")
}

function parseStoredAs(cursor: TokenCursor): string {
  if (!cursor.accept('INPUTFORMAT')) return cursor.take().text.toUpperCase()
  const input = cursor.takeString()
  cursor.expect('OUTPUTFORMAT')
  cursor.takeString()
  return input
}

function parseRowFormat(cursor: TokenCursor): void {
  if (!cursor.accept('SERDE')) throw notImitated('ROW FORMAT DELIMITED')
  cursor.takeString()
  if (cursor.accept('WITH', 'SERDEPROPERTIES')) parseProperties(cursor)
}

/** Reads `(name type [COMMENT '…'], …)`. */
export function parseColumns(cursor: TokenCursor): readonly ColumnDeclaration[] {
  cursor.expect('(')
  const columns = [parseColumn(cursor)]
  while (cursor.accept(',')) columns.push(parseColumn(cursor))
  cursor.expect(')')
  return columns
}

/** Reads `name type [COMMENT '…']`. */
export function parseColumn(cursor: TokenCursor): ColumnDeclaration {
  const { place } = cursor
  const name = cursor.takeName()
  const typeText = takeTypeText(cursor)
  if (cursor.sees('NOT', 'NULL')) throw notImitated('NOT NULL in DDL')
  const comment = cursor.accept('COMMENT') ? cursor.takeString() : undefined
  return { name, typeText, comment, place }
}

/** A type reaches to the comma, parenthesis or COMMENT outside of its own brackets. */
function takeTypeText(cursor: TokenCursor): string {
  const start = cursor.peek()
  let depth = 0
  for (;;) {
    const { text, keyword, kind } = cursor.peek()
    const isOutside =
      depth === 0 && (text === ',' || text === ')' || keyword === 'COMMENT' || keyword === 'NOT')
    if (kind === 'end' || isOutside) break
    if (text === '(' || text === '<') depth += 1
    if (text === ')' || text === '>') depth -= 1
    cursor.take()
  }
  if (cursor.peek() === start) throw cursor.unexpected('<type>')
  return cursor.textFrom(start)
}

function parsePartitions(cursor: TokenCursor): readonly PartitionDeclaration[] {
  cursor.expect('(')
  const members = [parsePartition(cursor)]
  while (cursor.accept(',')) members.push(parsePartition(cursor))
  cursor.expect(')')
  return members
}

function parsePartition(cursor: TokenCursor): PartitionDeclaration {
  const { place } = cursor
  if (cursor.peek(1).text === '(') return parseTransform(cursor)
  const next = cursor.peek(1).text
  if (next === ',' || next === ')') {
    return { kind: 'transform', transform: 'identity', width: undefined, column: cursor.takeName(), place }
  }
  return { kind: 'column', column: parseColumn(cursor) }
}

const TRANSFORMS = ['year', 'month', 'day', 'hour', 'bucket', 'truncate']

function parseTransform(cursor: TokenCursor): PartitionDeclaration {
  const { place } = cursor
  const transform = cursor.take().text.toLowerCase()
  if (!TRANSFORMS.includes(transform)) throw notImitated(`The partition transform ${transform}`)
  cursor.expect('(')
  let width: number | undefined
  if (transform === 'bucket' || transform === 'truncate') {
    if (!/^\d+$/.test(cursor.peek().text)) throw cursor.unexpected('<integer>')
    width = Number(cursor.take().text)
    cursor.expect(',')
  }
  const column = cursor.takeName()
  cursor.expect(')')
  return { kind: 'transform', transform, width, column, place }
}

function parseProperties(cursor: TokenCursor): ReadonlyMap<string, string> {
  cursor.expect('(')
  const properties = new Map<string, string>()
  do {
    const name = cursor.takeString()
    cursor.expect('=')
    properties.set(name, cursor.takeString())
  } while (cursor.accept(','))
  cursor.expect(')')
  return properties
}
