import type { ColumnType } from '../domain/column-type.ts'
import { quoteString } from './quote.ts'

/** A value in canonical text as a literal of the target column's type; undefined for types that have none here. */
export function sqlLiteral(type: ColumnType, text: string): string | undefined {
  switch (type.kind) {
    case 'boolean':
      return text
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
