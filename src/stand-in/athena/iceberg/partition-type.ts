import { namedError, onlyOnTrino } from '../query-error.ts'
import type { SqlType } from '../types/sql-type.ts'
import { fromIcebergType } from './iceberg-type.ts'
import type { PartitionField, PartitionSpec, TableMetadata } from './metadata.ts'

/** A partition field with the types its values have. */
export interface PartitionFieldType {
  readonly fieldId: number
  readonly sourceId: number
  readonly name: string
  readonly transform: string
  readonly sourceType: SqlType
  /** The Avro type of a value in a manifest; null is always allowed. */
  readonly avroType: string | object
}

/** A partition value as a manifest holds it. */
export type PartitionValue = null | boolean | number | bigint | string | Buffer

/** Finds the types of a spec's fields in the schemas the table ever had. */
export function partitionFieldTypes(
  metadata: TableMetadata,
  spec: PartitionSpec,
): readonly PartitionFieldType[] {
  return spec.fields.map(field => {
    const sourceType = sourceTypeOf(metadata, field)
    return {
      fieldId: field['field-id'],
      sourceId: field['source-id'],
      name: field.name,
      transform: field.transform,
      sourceType,
      avroType: avroTypeOf(field.transform, sourceType),
    }
  })
}

function sourceTypeOf(metadata: TableMetadata, field: PartitionField): SqlType {
  for (const schema of metadata.schemas.toReversed()) {
    const source = schema.fields.find(one => one.id === field['source-id'])
    if (source) return fromIcebergType(source.type)
  }
  throw namedError('ICEBERG_INVALID_METADATA', `The source of partition field ${field.name} is missing`)
}

function avroTypeOf(transform: string, source: SqlType): string | object {
  if (transform === 'day') return { type: 'int', logicalType: 'date' }
  if (['year', 'month', 'hour'].includes(transform) || transform.startsWith('bucket')) return 'int'
  switch (source.kind) {
    case 'boolean':
      return 'boolean'
    case 'integer':
      return 'int'
    case 'date':
      return { type: 'int', logicalType: 'date' }
    case 'bigint':
    case 'time':
      return 'long'
    case 'timestamp':
    case 'timestamptz':
      return {
        type: 'long',
        logicalType: 'timestamp-micros',
        'adjust-to-utc': source.kind === 'timestamptz',
      }
    case 'real':
      return 'float'
    case 'double':
      return 'double'
    case 'varchar':
      return 'string'
    case 'varbinary':
      return 'bytes'
    case 'decimal':
      return decimalAvroType(source.precision, source.scale)
    default:
      throw onlyOnTrino(`A partition by ${source.kind}`)
  }
}

function decimalAvroType(precision: number, scale: number): object {
  const size = decimalBytes(precision)
  return {
    type: 'fixed',
    size,
    name: `decimal_${precision}_${scale}`,
    logicalType: 'decimal',
    precision,
    scale,
  }
}

/** Bytes that a decimal of this many digits needs. */
export function decimalBytes(precision: number): number {
  let size = 1
  while (2n ** BigInt(size * 8 - 1) <= 10n ** BigInt(precision)) size += 1
  return size
}
