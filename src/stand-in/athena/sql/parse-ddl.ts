import { errorAt, notImitated } from '../query-error.ts'
import type { DdlStatement, NamedTable } from './ddl.ts'
import { parseColumn, parseColumns, parseCreateTable } from './parse-create-table.ts'
import { DDL_RESERVED } from './reserved-words.ts'
import { type TokenCursor, tokenCursor } from './token-cursor.ts'
import type { Token } from './tokens.ts'

/**
 * Reads one DDL or utility statement; names are quoted with backquotes.
 *
 * @throws {QueryError} `SYNTAX_ERROR`, or `NOT_SUPPORTED` for statements that this engine leaves out.
 */
export function parseDdl(sql: string, tokens: readonly Token[]): DdlStatement {
  const cursor = tokenCursor(sql, tokens, { quotes: ['backquoted'], reserved: DDL_RESERVED })
  const statement = parseStatement(cursor)
  if (cursor.peek().kind !== 'end') throw cursor.unexpected('<EOF>')
  return statement
}

function parseStatement(cursor: TokenCursor): DdlStatement {
  const { keyword } = cursor.take()
  switch (keyword) {
    case 'CREATE':
      return parseCreate(cursor)
    case 'DROP':
      return parseDrop(cursor)
    case 'ALTER':
      return parseAlter(cursor)
    case 'SHOW':
      return parseShow(cursor)
    default:
      return parseDescribe(cursor)
  }
}

function parseCreate(cursor: TokenCursor): DdlStatement {
  if (cursor.accept('DATABASE') || cursor.accept('SCHEMA')) return parseCreateDatabase(cursor)
  const isExternal = cursor.accept('EXTERNAL')
  if (!cursor.sees('TABLE')) throw notImitated(`CREATE ${cursor.peek().text.toUpperCase()}`)
  return parseCreateTable(cursor, isExternal)
}

function parseCreateDatabase(cursor: TokenCursor): DdlStatement {
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS')
  const name = takeDatabase(cursor)
  const comment = cursor.accept('COMMENT') ? cursor.takeString() : undefined
  if (cursor.accept('LOCATION')) cursor.takeString()
  return { kind: 'createDatabase', name, ifNotExists, comment }
}

/** Reads a database's name, before which the catalog's may stand. */
function takeDatabase(cursor: TokenCursor): string {
  const { place } = cursor
  const first = cursor.takeName()
  if (!cursor.accept('.')) return first
  if (first !== 'awsdatacatalog') throw errorAt('CATALOG_NOT_FOUND', place, `Catalog '${first}' not found`)
  return cursor.takeName()
}

function parseDrop(cursor: TokenCursor): DdlStatement {
  if (cursor.accept('DATABASE') || cursor.accept('SCHEMA')) {
    const ifExists = cursor.accept('IF', 'EXISTS')
    const name = takeDatabase(cursor)
    const cascade = cursor.accept('CASCADE')
    if (!cascade) cursor.accept('RESTRICT')
    return { kind: 'dropDatabase', name, ifExists, cascade }
  }
  if (!cursor.accept('TABLE')) throw notImitated(`DROP ${cursor.peek().text.toUpperCase()}`)
  const ifExists = cursor.accept('IF', 'EXISTS')
  return { kind: 'dropTable', ifExists, ...parseName(cursor) }
}

function parseName(cursor: TokenCursor): NamedTable {
  const { place } = cursor
  const parts = [cursor.takeName()]
  while (cursor.accept('.')) parts.push(cursor.takeName())
  return { parts, place }
}

function parseAlter(cursor: TokenCursor): DdlStatement {
  if (!cursor.accept('TABLE')) throw notImitated(`ALTER ${cursor.peek().text.toUpperCase()}`)
  const table = parseName(cursor)
  if (cursor.accept('ADD', 'COLUMNS')) return { kind: 'addColumns', ...table, columns: parseColumns(cursor) }
  if (cursor.accept('DROP', 'COLUMN')) return { kind: 'dropColumn', ...table, column: cursor.takeName() }
  if (cursor.accept('CHANGE')) {
    cursor.accept('COLUMN')
    const from = cursor.takeName()
    return { kind: 'changeColumn', ...table, from, to: parseColumn(cursor) }
  }
  throw notImitated(`ALTER TABLE … ${cursor.peek().text.toUpperCase()}`)
}

function parseShow(cursor: TokenCursor): DdlStatement {
  if (cursor.accept('DATABASES') || cursor.accept('SCHEMAS')) {
    return { kind: 'showDatabases', pattern: takePattern(cursor) }
  }
  if (cursor.accept('TABLES')) {
    const database = takeIn(cursor) ? cursor.takeName() : undefined
    return { kind: 'showTables', database, pattern: takePattern(cursor) }
  }
  if (cursor.accept('COLUMNS')) return parseShowColumns(cursor)
  if (cursor.accept('CREATE', 'TABLE')) return { kind: 'showCreateTable', ...parseName(cursor) }
  if (cursor.accept('TBLPROPERTIES')) {
    const table = parseName(cursor)
    const property = cursor.accept('(') ? cursor.takeString() : undefined
    if (property !== undefined) cursor.expect(')')
    return { kind: 'showProperties', ...table, property }
  }
  throw notImitated(`SHOW ${cursor.peek().text.toUpperCase()}`)
}

function takeIn(cursor: TokenCursor): boolean {
  return cursor.accept('IN') || cursor.accept('FROM')
}

function takePattern(cursor: TokenCursor): string | undefined {
  const isLike = cursor.accept('LIKE')
  return isLike || cursor.peek().kind === 'string' ? cursor.takeString() : undefined
}

function parseShowColumns(cursor: TokenCursor): DdlStatement {
  if (!takeIn(cursor)) throw cursor.unexpected("'IN', 'FROM'")
  const table = parseName(cursor)
  const database = takeIn(cursor) ? cursor.takeName() : undefined
  const parts = database === undefined ? table.parts : [database, ...table.parts.slice(-1)]
  return { kind: 'showColumns', parts, place: table.place }
}

function parseDescribe(cursor: TokenCursor): DdlStatement {
  if (cursor.sees('FORMATTED') || cursor.sees('EXTENDED'))
    throw notImitated(`DESCRIBE ${cursor.peek().keyword}`)
  return { kind: 'describe', ...parseName(cursor) }
}
