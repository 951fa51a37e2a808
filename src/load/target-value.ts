import { type ColumnType, holdsTimestamp } from '../domain/column-type.ts'
import type { Column } from '../domain/model.ts'
import { quoteIdentifier } from './quote.ts'

/**
 * A staged column's value as the target stores it. Microseconds become timestamps again, exact from
 * year 1 to 9999 (facts.md, T). Nested values with timestamps in them hold texts in their place, and one cast goes through
 * lists, maps and structs of any depth, where functions would need a lambda for each.
 */
export function targetValue(column: Column): string {
  const name = quoteIdentifier(column.tableName)
  if (column.type.kind === 'timestamp')
    return `CAST(from_unixtime_nanos(CAST(${name} AS decimal(20,0)) * 1000) AS timestamp(6))`
  return holdsTimestamp(column.type) ? `CAST(${name} AS ${trinoTypeOf(column.type)})` : name
}

/** The target's type as DML spells it. */
function trinoTypeOf(type: ColumnType): string {
  switch (type.kind) {
    case 'list':
      return `array(${trinoTypeOf(type.element)})`
    case 'map':
      return `map(${trinoTypeOf(type.key)}, ${trinoTypeOf(type.value)})`
    case 'struct':
      return `row(${type.members.map(member => `${quoteIdentifier(member.tableName)} ${trinoTypeOf(member.type)}`).join(', ')})`
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'timestamp':
      return 'timestamp(6)'
    case 'float':
      return 'real'
    case 'string':
    case 'json':
    case 'uuid':
    case 'time':
      return 'varchar'
    case 'bytes':
      return 'varbinary'
    default:
      return type.kind
  }
}
