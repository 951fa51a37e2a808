import { type ColumnType, isNested } from '../domain/column-type.ts'

/** A zero with a minus sign: not the middle of a date or an identifier, not the beginning of a fraction. */
const NEGATIVE_ZERO = /(?<![\w.])-0[0.]*(?=[^\d.])/

/** Longest negative zero that is found across the seam of two chunks, in bytes; longer ones are long numbers. */
export const SEAM_BYTES = 64

/**
 * True when a text may hold a negative zero as a number. DuckDB's JSON reader takes `-0` for 0, and its dictionaries of
 * Parquet take both zeros for the one that came first (seen in 1.5.6).
 */
export function hasNegativeZero(text: string): boolean {
  return NEGATIVE_ZERO.test(text)
}

/** True when values of the type are floating numbers or have some in them, whose zeros have a sign. */
export function holdsFloating(type: ColumnType): boolean {
  if (!isNested(type)) return type.kind === 'float' || type.kind === 'double'
  switch (type.kind) {
    case 'list':
      return holdsFloating(type.element)
    case 'map':
      return holdsFloating(type.value)
    case 'struct':
      return type.members.some(member => holdsFloating(member.type))
  }
}
