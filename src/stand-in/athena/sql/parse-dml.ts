import { errorAt, onlyOnTrino, type Place } from '../query-error.ts'
import type { Assignment, DmlStatement, Expression, MergeClause, Target } from './ast.ts'
import { type ParseContext, parseList } from './parse-context.ts'
import { parseExpression, parseValue } from './parse-expression.ts'
import { takeNames } from './parse-names.ts'
import { parseQuery } from './parse-query.ts'
import { parseSingle, parseTableParts } from './parse-relation.ts'
import { parseCtas, parseUnload } from './parse-unload.ts'
import { DML_RESERVED } from './reserved-words.ts'
import { type TokenCursor, tokenCursor } from './token-cursor.ts'
import { type Token, tokenize } from './tokens.ts'

/**
 * Reads one DML statement: SELECT, INSERT, MERGE, UPDATE, DELETE or UNLOAD.
 *
 * @throws {QueryError} `SYNTAX_ERROR` where the text breaks off from Trino's grammar, `NOT_SUPPORTED` for what this engine leaves out.
 */
export function parseDml(sql: string, tokens: readonly Token[], parameters: readonly string[]): DmlStatement {
  const cursor = tokenCursor(sql, tokens, { quotes: ['quoted'], reserved: DML_RESERVED })
  const context = parseContext(cursor, parameters)
  const statement = parseStatement(context)
  if (cursor.peek().kind !== 'end') throw cursor.unexpected('<EOF>')
  return statement
}

function parseContext(cursor: TokenCursor, parameters: readonly string[]): ParseContext {
  let used = 0
  const context: ParseContext = {
    cursor,
    parseQuery: () => parseQuery(context),
    parseExpression: () => parseExpression(context),
    parseValue: () => parseValue(context),
    takeParameter: place => parseParameter(parameters[used++], place),
  }
  return context
}

function parseParameter(text: string | undefined, place: Place): Expression {
  if (text === undefined) throw errorAt('SYNTAX_ERROR', place, 'Incorrect number of parameters')
  const cursor = tokenCursor(text, tokenize(text).tokens, { quotes: ['quoted'], reserved: DML_RESERVED })
  const value = parseExpression(parseContext(cursor, []))
  if (cursor.peek().kind !== 'end') throw cursor.unexpected('<EOF>')
  return value
}

function parseStatement(context: ParseContext): DmlStatement {
  const { cursor } = context
  if (cursor.accept('CREATE', 'TABLE')) return parseCtas(context)
  if (cursor.accept('UNLOAD')) return parseUnload(context)
  if (cursor.accept('INSERT', 'INTO')) return parseInsert(context)
  if (cursor.accept('MERGE', 'INTO')) return parseMerge(context)
  if (cursor.accept('UPDATE')) return parseUpdate(context)
  if (cursor.accept('DELETE', 'FROM')) return parseDelete(context)
  return { kind: 'select', query: parseQuery(context) }
}

function parseTarget(cursor: TokenCursor): Target {
  const { place } = cursor
  return { place, parts: parseTableParts(cursor), alias: undefined }
}

function parseInsert(context: ParseContext): DmlStatement {
  const { cursor } = context
  const target = parseTarget(cursor)
  const mark = cursor.mark()
  if (!cursor.accept('(')) return { kind: 'insert', target, columns: [], query: parseQuery(context) }
  if (['SELECT', 'WITH', 'VALUES', '('].some(word => cursor.sees(word))) {
    cursor.reset(mark)
    return { kind: 'insert', target, columns: [], query: parseQuery(context) }
  }
  return { kind: 'insert', target, columns: takeNames(cursor), query: parseQuery(context) }
}

function parseUpdate(context: ParseContext): DmlStatement {
  const { cursor } = context
  const target = parseTarget(cursor)
  cursor.expect('SET')
  const assignments = parseAssignments(context)
  const where = cursor.accept('WHERE') ? parseExpression(context) : undefined
  return { kind: 'update', target, assignments, where }
}

function parseDelete(context: ParseContext): DmlStatement {
  const { cursor } = context
  const target = parseTarget(cursor)
  return { kind: 'delete', target, where: cursor.accept('WHERE') ? parseExpression(context) : undefined }
}

function parseAssignments(context: ParseContext): readonly Assignment[] {
  const assignments: Assignment[] = []
  do {
    const { place } = context.cursor
    const column = context.cursor.takeName()
    context.cursor.expect('=')
    assignments.push({ column, place, value: parseExpression(context) })
  } while (context.cursor.accept(','))
  return assignments
}

function parseMerge(context: ParseContext): DmlStatement {
  const { cursor } = context
  const place = cursor.place
  const parts = parseTableParts(cursor)
  const hasAlias = cursor.accept('AS') || !cursor.sees('USING')
  const target: Target = { place, parts, alias: hasAlias ? cursor.takeName() : undefined }
  cursor.expect('USING')
  const source = parseSingle(context)
  cursor.expect('ON')
  const on = parseExpression(context)
  const clauses: MergeClause[] = []
  do clauses.push(parseClause(context))
  while (cursor.sees('WHEN'))
  return { kind: 'merge', target, source, on, clauses }
}

function parseClause(context: ParseContext): MergeClause {
  const { cursor } = context
  const { place } = cursor
  cursor.expect('WHEN')
  const isMatched = !cursor.accept('NOT')
  cursor.expect('MATCHED')
  if (cursor.sees('BY')) throw cursor.unexpected("'AND', 'THEN'")
  const condition = cursor.accept('AND') ? parseExpression(context) : undefined
  cursor.expect('THEN')
  if (!isMatched) return parseMergeInsert(context, condition, place)
  if (cursor.accept('DELETE')) return { kind: 'delete', place, condition }
  cursor.expect('UPDATE', 'SET')
  return { kind: 'update', place, condition, assignments: parseAssignments(context) }
}

function parseMergeInsert(
  context: ParseContext,
  condition: Expression | undefined,
  place: Place,
): MergeClause {
  const { cursor } = context
  cursor.expect('INSERT')
  const columns = cursor.accept('(') ? takeNames(cursor) : []
  if (cursor.sees('*')) throw onlyOnTrino('INSERT *')
  cursor.expect('VALUES', '(')
  const values = parseList(context)
  cursor.expect(')')
  return { kind: 'insert', place, condition, columns, values }
}
