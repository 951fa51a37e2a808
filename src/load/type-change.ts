/** What becomes of a table column whose type is not the model's: Iceberg widens three of them without touching data. */
export type TypeChange = 'same' | 'widened' | 'wider-already' | 'refused'

/** Compares the type that the table has with the one the model wants, both as Glue spells them. */
export function typeChange(found: string, wanted: string): TypeChange {
  if (found === wanted) return 'same'
  if (isPromotion(found, wanted)) return 'widened'
  return isPromotion(wanted, found) ? 'wider-already' : 'refused'
}

/** Athena's promotions of Iceberg columns: int to bigint, float to double, more digits before a decimal's point. */
function isPromotion(from: string, to: string): boolean {
  if (from === 'int') return to === 'bigint'
  if (from === 'float') return to === 'double'
  const [narrow, wide] = [decimalOf(from), decimalOf(to)]
  return narrow !== undefined && narrow.scale === wide?.scale && narrow.precision < wide.precision
}

function decimalOf(type: string): { readonly precision: number; readonly scale: number } | undefined {
  const [, precision, scale] = /^decimal\((\d+),(\d+)\)$/.exec(type) ?? []
  return precision === undefined ? undefined : { precision: Number(precision), scale: Number(scale) }
}
