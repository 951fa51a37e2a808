import { errorAt, type Place } from '../query-error.ts'
import { commonType, printType, type SqlType } from '../types/sql-type.ts'
import type { Rendered } from './scope.ts'

/** Insists on a boolean, as WHERE, ON, AND and NOT do. */
export function requireBoolean(value: Rendered, place: Place, what: string): void {
  if (value.type.kind === 'boolean' || value.type.kind === 'unknown') return
  throw errorAt(
    'TYPE_MISMATCH',
    place,
    `${what} must evaluate to a boolean (actual: ${printType(value.type)})`,
  )
}

/** The common type of two values, or a `TYPE_MISMATCH` with the message for the printed types. */
export function commonOf(
  a: SqlType,
  b: SqlType,
  place: Place,
  message: (printedA: string, printedB: string) => string,
): SqlType {
  const type = commonType(a, b)
  if (!type) throw errorAt('TYPE_MISMATCH', place, message(printType(a), printType(b)))
  return type
}
