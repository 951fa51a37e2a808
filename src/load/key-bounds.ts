import type { ColumnType } from '../domain/column-type.ts'
import { quoteIdentifier, quoteString } from './quote.ts'

/** Smallest and largest staged value of a bounded column, in the canonical text of its type. */
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
 * Right for keys because a row is matched by equal keys only; never to be used on the cursor. Columns outside of the
 * `identity` are NULL in rows from before they were added, and those rows have the same keys all the same.
 */
export function boundsConditions(
  bounds: readonly KeyBounds[],
  identity: readonly string[],
): readonly string[] {
  return bounds.flatMap(({ column, type, min, max }) => {
    const low = literalOf(type, min)
    const high = literalOf(type, max)
    if (!low || !high) return []
    const name = `t.${quoteIdentifier(column)}`
    const isInside = `${name} BETWEEN ${low} AND ${high}`
    return [identity.includes(column) ? isInside : `(${isInside} OR ${name} IS NULL)`]
  })
}

function literalOf(type: ColumnType, text: string): string | undefined {
  if (text.length > MAX_LITERAL_LENGTH) return undefined
  switch (type.kind) {
    case 'integer':
      return `INTEGER ${quoteString(text)}`
    case 'bigint':
      return `BIGINT ${quoteString(text)}`
    case 'decimal':
      return `CAST(${quoteString(text)} AS decimal(${type.precision},${type.scale}))`
    case 'date':
      return `DATE ${quoteString(text)}`
    case 'timestamp':
      return `TIMESTAMP ${quoteString(text.replace('T', ' ').replace(/Z$/, ''))}`
    case 'string':
    case 'uuid':
    case 'time':
      return quoteString(text)
    default:
      return undefined
  }
}
