import { errorAt } from '../query-error.ts'
import type { NamedTable } from '../sql/ddl.ts'
import { tokenCursor } from '../sql/token-cursor.ts'
import { tokenize } from '../sql/tokens.ts'

/** OPTIMIZE or VACUUM. */
export interface Maintenance extends NamedTable {
  readonly kind: 'optimize' | 'vacuum'
  /** The condition of OPTIMIZE as written; empty without one. */
  readonly where: string
}

/**
 * Reads OPTIMIZE and VACUUM, none for other statements.
 *
 * @throws {QueryError} `SYNTAX_ERROR`, also for comments, which Athena does not take here.
 */
export function parseMaintenance(sql: string): Maintenance | undefined {
  // Other statements need not be such that they can be cut by this spelling.
  if (!/^\s*(?:--[^\n]*\n|\/\*[\s\S]*?\*\/|\s)*(?:OPTIMIZE|VACUUM)\b/i.test(sql)) return undefined
  const { tokens, hasComments } = tokenize(sql.replace(/;\s*$/, ''))
  const cursor = tokenCursor(sql, tokens, { quotes: ['quoted', 'backquoted'], reserved: new Set() })
  const isVacuum = cursor.accept('VACUUM')
  if (!isVacuum && !cursor.accept('OPTIMIZE')) return undefined
  const { place } = cursor
  if (hasComments) throw errorAt('SYNTAX_ERROR', place, 'Comments are not supported in OPTIMIZE and VACUUM')
  const parts = [cursor.takeName()]
  while (cursor.accept('.')) parts.push(cursor.takeName())
  if (!isVacuum) cursor.expect('REWRITE', 'DATA', 'USING', 'BIN_PACK')
  const where = !isVacuum && cursor.sees('WHERE') ? sql.slice(cursor.peek().start).replace(/;\s*$/, '') : ''
  if (where === '' && cursor.peek().kind !== 'end') throw cursor.unexpected('<EOF>')
  return { kind: isVacuum ? 'vacuum' : 'optimize', parts, place, where }
}

/** Athena's five days, unless the table's property says otherwise. */
const DEFAULT_MAX_AGE_SECONDS = '432000'

/** The statements of Trino that do it. */
export function maintenanceSql(
  { kind, where }: Maintenance,
  table: string,
  properties: Readonly<Record<string, string>>,
): readonly string[] {
  if (kind === 'optimize') return [`ALTER TABLE ${table} EXECUTE optimize ${where}`]
  const age = properties.vacuum_max_snapshot_age_seconds ?? DEFAULT_MAX_AGE_SECONDS
  return [
    `ALTER TABLE ${table} EXECUTE expire_snapshots(retention_threshold => '${age}s')`,
    `ALTER TABLE ${table} EXECUTE remove_orphan_files(retention_threshold => '${age}s')`,
  ]
}
