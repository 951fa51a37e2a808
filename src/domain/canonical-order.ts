import type { ColumnType } from './column-type.ts'

const NUMBERS: readonly ColumnType['kind'][] = ['integer', 'bigint', 'decimal']

/**
 * Compares two values of one column in canonical text as SQL does: numbers by their size, texts by their UTF-8, dates and
 * timestamps by time. Negative, zero or positive. For types that can be keys.
 */
export function compareCanonical(type: ColumnType, left: string, right: string): number {
  if (!NUMBERS.includes(type.kind)) return Buffer.compare(Buffer.from(left), Buffer.from(right))
  const difference = toScaled(left) - toScaled(right)
  return difference < 0n ? -1 : Number(difference > 0n)
}

/** Canonical numbers of one column all have the same digits after the point, so without it they compare as whole numbers. */
function toScaled(text: string): bigint {
  return BigInt(text.replace('.', ''))
}
