import { errorAt } from '../query-error.ts'
import type { ColumnDeclaration } from '../sql/ddl.ts'
import { parseHiveType } from '../types/hive-type.ts'
import type { SqlType } from '../types/sql-type.ts'

/** Types that Athena takes for columns of Iceberg tables. */
const ICEBERG_KINDS = [
  'boolean',
  'integer',
  'bigint',
  'real',
  'double',
  'decimal',
  'varchar',
  'varbinary',
  'date',
  'timestamp',
]

/** @throws {QueryError} `SYNTAX_ERROR` for a type that Athena's DDL does not know. */
export function declaredType(column: ColumnDeclaration): SqlType {
  const type = parseHiveType(column.typeText)
  if (type) return type
  throw errorAt(
    'SYNTAX_ERROR',
    column.place,
    `Unsupported type '${column.typeText}' of column '${column.name}'`,
  )
}

/** @throws {QueryError} `SYNTAX_ERROR` also for types that Athena refuses in Iceberg tables, such as tinyint. */
export function declaredIcebergType(column: ColumnDeclaration): SqlType {
  const type = declaredType(column)
  if (isIcebergType(type)) return withMicroseconds(type)
  const message = `Type '${column.typeText}' of column '${column.name}' is not supported by Iceberg tables`
  throw errorAt('SYNTAX_ERROR', column.place, message)
}

function isIcebergType(type: SqlType): boolean {
  switch (type.kind) {
    case 'array':
      return isIcebergType(type.element)
    case 'map':
      return isIcebergType(type.key) && isIcebergType(type.value)
    case 'row':
      return type.fields.every(field => isIcebergType(field.type))
    case 'varchar':
      return type.length === undefined
    default:
      return ICEBERG_KINDS.includes(type.kind)
  }
}

function withMicroseconds(type: SqlType): SqlType {
  return type.kind === 'timestamp' ? { kind: 'timestamp', precision: 6 } : type
}
