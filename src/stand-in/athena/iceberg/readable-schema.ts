import { onlyOnTrino } from '../query-error.ts'
import type { IcebergField, IcebergType, TableMetadata } from './metadata.ts'

/**
 * Insists that data files can be read by the ids of their top-level columns.
 *
 * @throws {QueryError} `NOT_SUPPORTED` for tables whose files may lack ids, and for renamed fields inside of a column: DuckDB
 * would read NULL for both without a word.
 */
export function requireReadableSchema(metadata: TableMetadata): void {
  if (metadata.properties['schema.name-mapping.default'] !== undefined) {
    throw onlyOnTrino('An Iceberg table with a name mapping')
  }
  const names = new Map<number, string>()
  for (const field of metadata.schemas.flatMap(schema =>
    schema.fields.flatMap(one => innerFields(one.type)),
  )) {
    const known = names.get(field.id) ?? field.name
    if (known !== field.name)
      throw onlyOnTrino(`An Iceberg table with a renamed field (${known}) in a column`)
    names.set(field.id, known)
  }
}

function innerFields(type: IcebergType): readonly IcebergField[] {
  if (typeof type === 'string') return []
  if (type.type === 'struct') return type.fields.flatMap(field => [field, ...innerFields(field.type)])
  if (type.type === 'list') return innerFields(type.element)
  return [...innerFields(type.key), ...innerFields(type.value)]
}
