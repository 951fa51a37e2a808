import { parseBound } from '../iceberg/bounds.ts'
import { decimalBytes, type PartitionFieldType, type PartitionValue } from '../iceberg/partition-type.ts'
import { twosComplement } from '../iceberg/twos-complement.ts'
import { onlyOnTrino } from '../query-error.ts'
import type { SqlType } from '../types/sql-type.ts'
import { HASH_FUNCTIONS } from './bucket-functions.ts'

/** The value of a partition transform, in DuckDB's words; numbers count from 1970 as Iceberg's do. */
export function transformSql(transform: string, type: SqlType, column: string): string {
  const days = `date_diff('day', DATE '1970-01-01', CAST(${column} AS DATE))`
  switch (transform) {
    case 'identity':
      return column
    case 'year':
      return `(year(${column}) - 1970)`
    case 'month':
      return `((year(${column}) - 1970) * 12 + month(${column}) - 1)`
    case 'day':
      return days
    case 'hour':
      return `(${days} * 24 + hour(${column}))`
    default:
      return sizedTransformSql(transform, type, column)
  }
}

function sizedTransformSql(transform: string, type: SqlType, column: string): string {
  const [, name, size = '1'] = /^(bucket|truncate)\[(\d+)\]$/.exec(transform) ?? []
  if (name === 'bucket') return `((${hashSql(type, column)} & 2147483647) % ${size})`
  if (name === 'truncate') return truncateSql(size, type, column)
  throw onlyOnTrino(`The partition transform ${transform}`)
}

function hashSql(type: SqlType, column: string): string {
  switch (type.kind) {
    case 'varchar':
      return `${HASH_FUNCTIONS.bytes}(encode(${column}))`
    case 'varbinary':
      return `${HASH_FUNCTIONS.bytes}(${column})`
    case 'integer':
    case 'bigint':
      return `${HASH_FUNCTIONS.long}(CAST(${column} AS BIGINT))`
    case 'date':
      return `${HASH_FUNCTIONS.long}(date_diff('day', DATE '1970-01-01', ${column}))`
    case 'timestamp':
    case 'timestamptz':
      return `${HASH_FUNCTIONS.long}(epoch_us(${column}))`
    case 'decimal':
      return `${HASH_FUNCTIONS.decimal}(${unscaledText(column)})`
    default:
      throw onlyOnTrino(`bucket of ${type.kind}`)
  }
}

function unscaledText(column: string): string {
  return `replace(CAST(${column} AS VARCHAR), '.', '')`
}

function truncateSql(width: string, type: SqlType, column: string): string {
  const floored = (value: string): string => `(${value} - (((${value} % ${width}) + ${width}) % ${width}))`
  switch (type.kind) {
    case 'varchar':
      return `left(${column}, ${width})`
    case 'integer':
    case 'bigint':
      return floored(`CAST(${column} AS HUGEINT)`)
    case 'decimal':
      return floored(`CAST(${unscaledText(column)} AS HUGEINT)`)
    default:
      throw onlyOnTrino(`truncate of ${type.kind}`)
  }
}

/** A value that `transformSql` gave, from its text, in the form of the manifest's partition record. */
export function partitionValue(part: PartitionFieldType, text: string | null): PartitionValue {
  if (text === null) return null
  const { sourceType: type, transform } = part
  const isTruncated = transform.startsWith('truncate')
  if (transform !== 'identity' && !isTruncated) return Number(text)
  if (type.kind === 'varchar') return text
  if (type.kind === 'boolean') return text === 'true'
  const bound = isTruncated ? BigInt(text) : parseBound(text, type)
  if (typeof bound !== 'bigint') throw onlyOnTrino(`A partition by ${type.kind}`)
  // The smallest values of a type floored below it come round at its other end, as they do in Iceberg's own library.
  if (type.kind === 'integer' || type.kind === 'date') return Number(BigInt.asIntN(32, bound))
  return type.kind === 'decimal'
    ? twosComplement(bound, decimalBytes(type.precision))
    : BigInt.asIntN(64, bound)
}
