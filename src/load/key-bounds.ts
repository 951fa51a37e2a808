import type { ColumnType } from '../domain/column-type.ts'
import { quoteIdentifier } from './quote.ts'
import { sqlLiteral } from './sql-literal.ts'

/** Smallest and largest staged value of a primary-key column, in the canonical text of its type. */
export interface KeyBounds {
  /** Name in the tables. */
  readonly column: string
  readonly type: ColumnType
  readonly min: string
  readonly max: string
}

/** Longest text that is worth a literal, in characters; longer bounds are left out, which is always right. */
const MAX_LITERAL_LENGTH = 200

/**
 * Conditions on the target that no staged key lies outside of, so that files elsewhere are not read.
 * Right for keys because a row is matched by equal keys only; never to be used on the cursor.
 */
export function boundsConditions(bounds: readonly KeyBounds[]): readonly string[] {
  return bounds.flatMap(({ column, type, min, max }) => {
    const low = literalOf(type, min)
    const high = literalOf(type, max)
    return low && high ? [`t.${quoteIdentifier(column)} BETWEEN ${low} AND ${high}`] : []
  })
}

function literalOf(type: ColumnType, text: string): string | undefined {
  return text.length > MAX_LITERAL_LENGTH || type.kind === 'boolean' ? undefined : sqlLiteral(type, text)
}
