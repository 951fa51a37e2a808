import type { SqlType } from '../types/sql-type.ts'

/** Writes a value of DuckDB's JSON form as Athena's results show it; NULL stays null. */
export function resultText(value: unknown, type: SqlType): string | null {
  if (value === null || value === undefined) return null
  switch (type.kind) {
    case 'real':
      return javaDouble(shortestReal(Math.fround(numberOf(value))))
    case 'double':
      return javaDouble(numberOf(value))
    case 'timestamp':
    case 'timestamptz':
      return momentText(String(value), type)
    case 'varbinary':
      return (String(value).match(/../g) ?? []).join(' ').toLowerCase()
    case 'array':
      return `[${asArray(value)
        .map(item => nested(item, type.element))
        .join(', ')}]`
    case 'map':
      return `{${asArray(value)
        .map(item => mapEntry(item, type))
        .join(', ')}}`
    case 'row':
      return `{${rowEntries(value, type)}}`
    default:
      return String(value)
  }
}

/** DuckDB's texts of the numbers that JSON lacks; the sign of zero comes as text too. */
function numberOf(value: unknown): number {
  switch (value) {
    case 'inf':
      return Number.POSITIVE_INFINITY
    case '-inf':
      return Number.NEGATIVE_INFINITY
    default:
      return Number(value)
  }
}

function nested(value: unknown, type: SqlType): string {
  return resultText(value, type) ?? 'null'
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : null
}

function mapEntry(item: unknown, type: Extract<SqlType, { kind: 'map' }>): string {
  return `${nested(member(item, 'key'), type.key)}=${nested(member(item, 'value'), type.value)}`
}

function rowEntries(value: unknown, type: Extract<SqlType, { kind: 'row' }>): string {
  const values = typeof value === 'object' && value !== null ? Object.values(value) : []
  return type.fields
    .map((field, index) => {
      // JavaScript moves members whose names are numbers to the front, so names come before places.
      const named = field.name === undefined || Array.isArray(value) ? undefined : member(value, field.name)
      const own = named === undefined ? values[index] : named
      return `${field.name ?? `field${index}`}=${nested(own, field.type)}`
    })
    .join(', ')
}

/** The number with the fewest digits, two at least as in Java, that is the same in 32 bits: 1.4E-45, not 1.0E-45. */
function shortestReal(value: number): number {
  if (value === 0) return value
  for (let digits = 2; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return value
}

/** Java's `Double.toString`: plain from 0.001 to 10,000,000, with an exponent outside. */
function javaDouble(number: number): string {
  if (Number.isNaN(number)) return 'NaN'
  if (!Number.isFinite(number)) return number > 0 ? 'Infinity' : '-Infinity'
  if (Object.is(number, -0)) return '-0.0'
  const size = Math.abs(number)
  if (number === 0 || (size >= 1e-3 && size < 1e7)) {
    const plain = String(number)
    return plain.includes('.') ? plain : `${plain}.0`
  }
  // Java gives two digits at least: 4.9E-324, not 5.0E-324.
  const short = number.toExponential()
  const [digits = '', exponent = ''] = (short.includes('.') ? short : number.toExponential(1)).split('e')
  return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`
}

function momentText(text: string, type: Extract<SqlType, { precision: number }>): string {
  const [moment = '', fraction = ''] = text.split('.')
  const precision = 'precision' in type ? Math.min(type.precision, 9) : 0
  const digits = precision === 0 ? '' : `.${fraction.padEnd(precision, '0').slice(0, precision)}`
  return `${moment}${digits}${type.kind === 'timestamptz' ? ' UTC' : ''}`
}
