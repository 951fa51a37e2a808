import type { SqlType } from '../types/sql-type.ts'
import { parseTrinoType } from '../types/trino-type.ts'

/** The type that Trino names; a type we have no word for is shown as text. */
export function typeOfColumn(text: string): SqlType {
  return text === 'unknown' ? { kind: 'unknown' } : (parseTrinoType(text) ?? { kind: 'varchar' })
}

/** Brings a value of Trino's JSON into the form that `resultText` takes: bytes as hex, maps as entries. */
export function plainValue(value: unknown, type: SqlType): unknown {
  if (value === null || value === undefined) return null
  switch (type.kind) {
    case 'varbinary':
      return Buffer.from(String(value), 'base64').toString('hex')
    case 'array':
      return Array.isArray(value) ? value.map(item => plainValue(item, type.element)) : value
    case 'row':
      return Array.isArray(value)
        ? value.map((item, index) => plainValue(item, type.fields[index]?.type ?? { kind: 'varchar' }))
        : value
    case 'map':
      return Object.entries(value).map(([key, item]) => ({
        key: plainValue(key, type.key),
        value: plainValue(item, type.value),
      }))
    default:
      return value
  }
}
