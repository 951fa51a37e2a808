import type { Statement } from '../engine.ts'
import { OnlyOnTrino } from '../query-error.ts'
import { describeStatement, type ParsedStatement, parseStatement } from '../sql/classify.ts'
import { tokenize } from '../sql/tokens.ts'
import { type Maintenance, parseMaintenance } from './maintenance.ts'

/** A statement as far as it is understood here; `beyond` is DML outside of the grammar of `sql/`, which only Trino reads. */
export type ReadStatement =
  | ParsedStatement
  | { readonly kind: 'maintenance'; readonly statement: Maintenance }
  | { readonly kind: 'beyond' }

/**
 * Reads one statement.
 *
 * @throws {QueryError} `SYNTAX_ERROR` for what Athena refuses, `NOT_SUPPORTED` for what neither engine has.
 */
export function readStatement(sql: string, parameters: readonly string[]): ReadStatement {
  const maintenance = parseMaintenance(sql)
  if (maintenance) return { kind: 'maintenance', statement: maintenance }
  try {
    return parseStatement(sql, parameters)
  } catch (error) {
    if (error instanceof OnlyOnTrino) return { kind: 'beyond' }
    throw error
  }
}

const CHANGES = ['INSERT', 'MERGE', 'UPDATE', 'DELETE']

/** What Athena calls a statement that was read from this text. */
export function describeRead(read: ReadStatement, sql: string): Statement {
  if (read.kind === 'maintenance') return { type: 'DML', subtype: read.statement.kind.toUpperCase() }
  if (read.kind !== 'beyond') return describeStatement(read)
  const word = tokenize(sql).tokens.find(token => token.text !== '(')?.keyword ?? ''
  return { type: 'DML', subtype: CHANGES.includes(word) ? word : 'SELECT' }
}
