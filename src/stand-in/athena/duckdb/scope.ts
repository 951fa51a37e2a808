import { errorAt, type Place } from '../query-error.ts'
import { quoteName } from '../sql/tokens.ts'
import type { SqlType } from '../types/sql-type.ts'

/** Names of stored columns, as `view.column`, that a value is made from. */
export type Origins = ReadonlySet<string>

/** No stored column at all. */
export const NO_ORIGINS: Origins = new Set()

/** A rendered expression: DuckDB's text, Athena's type, and what it reads. */
export interface Rendered {
  readonly sql: string
  readonly type: SqlType
  readonly origins: Origins
}

/** A column that a query's expressions can name. */
export interface ScopeColumn extends Rendered {
  readonly name: string
  /** The names it can be qualified with, the longest form last: `t`, or `invoices` and `acme.invoices`. */
  readonly qualifiers: readonly string[]
  /** Set when the column is a stored one of the view, unchanged. */
  readonly stored?: { readonly view: string; readonly column: string }
}

/** The columns in reach, and those of the query around. */
export interface Scope {
  readonly columns: readonly ScopeColumn[]
  readonly outer: Scope | undefined
}

/** The union of what several expressions read. */
export function joinOrigins(...all: readonly Origins[]): Origins {
  const filled = all.filter(origins => origins.size > 0)
  if (filled.length <= 1) return filled[0] ?? NO_ORIGINS
  return filled.reduce((sum, origins) => sum.union(origins), new Set<string>())
}

/**
 * Finds the column that `parts` names, innermost query first; parts that are left over name fields of a row.
 *
 * @throws {QueryError} `COLUMN_NOT_FOUND`, or `AMBIGUOUS_NAME` when several fit.
 */
export function resolveColumn(scope: Scope, parts: readonly string[], place: Place): Rendered {
  return fieldsOf(resolveWhole(scope, parts, place), place)
}

/** As `resolveColumn`, for the column itself without its fields. */
export function resolveScopeColumn(scope: Scope, parts: readonly string[]): ScopeColumn | undefined {
  const [only, ...others] = candidates(scope.columns, parts).filter(found => found.rest.length === 0)
  return others.length === 0 ? only?.column : undefined
}

interface Candidate {
  readonly column: ScopeColumn
  readonly rest: readonly string[]
}

function resolveWhole(scope: Scope, parts: readonly string[], place: Place): Candidate {
  const found = candidates(scope.columns, parts)
  const [first, ...others] = found
  if (others.length > 0) throw errorAt('AMBIGUOUS_NAME', place, `Column '${parts.join('.')}' is ambiguous`)
  if (first) return first
  if (scope.outer) return resolveWhole(scope.outer, parts, place)
  throw errorAt('COLUMN_NOT_FOUND', place, `Column '${parts.join('.')}' cannot be resolved`)
}

function candidates(columns: readonly ScopeColumn[], parts: readonly string[]): readonly Candidate[] {
  for (let qualified = Math.min(parts.length - 1, 3); qualified > 0; qualified -= 1) {
    const qualifier = parts.slice(0, qualified).join('.')
    const name = parts[qualified]
    const found = columns.filter(column => column.name === name && column.qualifiers.includes(qualifier))
    if (found.length > 0) return found.map(column => ({ column, rest: parts.slice(qualified + 1) }))
  }
  return columns.filter(column => column.name === parts[0]).map(column => ({ column, rest: parts.slice(1) }))
}

function fieldsOf(found: Candidate, place: Place): Rendered {
  let value: Rendered = found.column
  for (const name of found.rest) {
    const field =
      value.type.kind === 'row' ? value.type.fields.find(one => one.name?.toLowerCase() === name) : undefined
    if (!field) throw errorAt('COLUMN_NOT_FOUND', place, `Column '${name}' cannot be resolved`)
    value = { ...value, sql: `${value.sql}.${quoteName(field.name ?? name)}`, type: field.type }
  }
  return value
}
