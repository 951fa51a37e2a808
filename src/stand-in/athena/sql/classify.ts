import type { Statement } from '../engine.ts'
import { errorAt, notImitated, onlyOnTrino } from '../query-error.ts'
import type { DmlStatement } from './ast.ts'
import type { DdlStatement } from './ddl.ts'
import { parseDdl } from './parse-ddl.ts'
import { parseDml } from './parse-dml.ts'
import { type Token, type Tokens, tokenize } from './tokens.ts'

/** A statement that has been read. */
export type ParsedStatement =
  | { readonly kind: 'dml'; readonly statement: DmlStatement }
  | { readonly kind: 'ddl'; readonly statement: DdlStatement }

const DML_WORDS = ['SELECT', 'WITH', 'VALUES', 'INSERT', 'MERGE', 'UPDATE', 'DELETE', 'UNLOAD', 'TABLE']
const DDL_WORDS = ['CREATE', 'DROP', 'ALTER', 'SHOW', 'DESCRIBE', 'DESC']

/** Statements that the Trino engine runs beside those of this grammar. */
const MAINTENANCE_WORDS = ['OPTIMIZE', 'VACUUM']

/** Statements that Athena has and neither engine has. */
const OTHER_WORDS = ['MSCK', 'EXPLAIN', 'PREPARE', 'EXECUTE', 'DEALLOCATE', 'GRANT', 'REVOKE']

/**
 * Reads one statement; a single semicolon may follow it.
 *
 * @throws {QueryError} `SYNTAX_ERROR` for several statements, comments in DDL and everything outside the grammar.
 */
export function parseStatement(sql: string, parameters: readonly string[]): ParsedStatement {
  const { tokens: all, hasComments } = readTokens(sql)
  const tokens = withoutSemicolon(all)
  const [first, second] = tokens.filter(token => token.text !== '(')
  if (!first || first.kind === 'end')
    throw errorAt('SYNTAX_ERROR', { line: 1, column: 1 }, "mismatched input '<EOF>'")
  const { keyword } = first
  if (MAINTENANCE_WORDS.includes(keyword)) throw onlyOnTrino(keyword)
  if (OTHER_WORDS.includes(keyword)) throw notImitated(keyword)
  if (DML_WORDS.includes(keyword) || isCtas(tokens))
    return { kind: 'dml', statement: parseDml(sql, tokens, parameters) }
  if (!DDL_WORDS.includes(keyword) || !second) {
    throw errorAt('SYNTAX_ERROR', first.place, `mismatched input '${first.text}'. Expecting: <statement>`)
  }
  if (hasComments) {
    throw errorAt(
      'SYNTAX_ERROR',
      first.place,
      'Comments are not supported in data definition language statements',
    )
  }
  return { kind: 'ddl', statement: parseDdl(sql, tokens) }
}

/** A statement that begins like DDL is read by Hive's spelling, unless it selects what it creates. */
function readTokens(sql: string): Tokens {
  const word = /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase() ?? ''
  const read = tokenize(sql, DDL_WORDS.includes(word) ? 'ddl' : 'dml')
  return isCtas(read.tokens) ? tokenize(sql) : read
}

function withoutSemicolon(tokens: readonly Token[]): readonly Token[] {
  const at = tokens.findIndex(token => token.kind === 'sign' && token.text === ';')
  if (at < 0) return tokens
  const rest = tokens[at + 1]
  if (rest && rest.kind !== 'end') {
    throw errorAt('SYNTAX_ERROR', rest.place, 'Only one sql statement is allowed')
  }
  return [...tokens.slice(0, at), ...tokens.slice(at + 1)]
}

function isCtas(tokens: readonly Token[]): boolean {
  if (tokens[0]?.keyword !== 'CREATE' || tokens[1]?.keyword !== 'TABLE') return false
  return tokens.some((token, index) => {
    const next = tokens[index + 1]
    return (
      token.keyword === 'AS' && (next?.keyword === 'SELECT' || next?.keyword === 'WITH' || next?.text === '(')
    )
  })
}

/** What Athena reports as the statement's type and substatement type. */
export function describeStatement(parsed: ParsedStatement): Statement {
  if (parsed.kind === 'dml' && parsed.statement.kind === 'ctas') {
    return { type: 'DDL', subtype: 'CREATE_TABLE_AS_SELECT' }
  }
  if (parsed.kind === 'dml') return { type: 'DML', subtype: parsed.statement.kind.toUpperCase() }
  return DDL_TYPES[parsed.statement.kind]
}

const DDL_TYPES: Readonly<Record<DdlStatement['kind'], Statement>> = {
  createTable: { type: 'DDL', subtype: 'CREATE_TABLE' },
  createDatabase: { type: 'DDL', subtype: 'CREATE_DATABASE' },
  dropDatabase: { type: 'DDL', subtype: 'DROP_DATABASE' },
  dropTable: { type: 'DDL', subtype: 'DROP_TABLE' },
  addColumns: { type: 'DDL', subtype: 'ALTER_TABLE_ADD_COLUMN' },
  dropColumn: { type: 'DDL', subtype: 'ALTER_TABLE_DROP_COLUMN' },
  changeColumn: { type: 'DDL', subtype: 'ALTER_TABLE_CHANGE_COLUMN' },
  describe: { type: 'UTILITY', subtype: 'DESCRIBE_TABLE' },
  showColumns: { type: 'UTILITY', subtype: 'SHOW_COLUMNS' },
  showCreateTable: { type: 'UTILITY', subtype: 'SHOW_CREATE_TABLE' },
  showProperties: { type: 'UTILITY', subtype: 'SHOW_TBLPROPERTIES' },
  showTables: { type: 'UTILITY', subtype: 'SHOW_TABLES' },
  showDatabases: { type: 'UTILITY', subtype: 'SHOW_DATABASES' },
}
