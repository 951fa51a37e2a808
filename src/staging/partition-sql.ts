import type { PartitionField } from '../domain/partition-field.ts'
import { canonicalText, type EncodedColumn, identifier, literal } from './encode-sql.ts'

/**
 * The partitions of the rows of a staged file: of each, and of each field, the smallest value that the field's partition
 * can have, in canonical text. Not for buckets, which follow no order.
 */
export function partitionFloors(
  target: string,
  columns: readonly EncodedColumn[],
  fields: readonly PartitionField[],
  most: number,
): string {
  const floors = fields.map(field => {
    const column = columns.find(({ tableName }) => tableName === field.column)
    return column ? floorOf(field, column) : 'NULL'
  })
  return `SELECT DISTINCT ${floors.join(', ')} FROM read_parquet(${literal(target)}) LIMIT ${most}`
}

function floorOf({ transform, size = 1 }: PartitionField, column: EncodedColumn): string {
  const name = identifier(column.tableName)
  if (transform === 'identity') return canonicalText(column, name)
  if (transform === 'truncate') return truncated(column, name, size)
  if (column.type.kind === 'date') return `CAST(CAST(date_trunc('${transform}', ${name}) AS DATE) AS VARCHAR)`
  const moment = `CAST(date_trunc('${transform}', make_timestamp(${name})) AS TIMESTAMP)`
  return canonicalText(column, `epoch_us(${moment})`)
}

/** Whole numbers are floored as 128 bits, which the smallest of 64 bits needs; decimals by their digits without the point. */
function truncated({ type }: EncodedColumn, name: string, width: number): string {
  if (type.kind === 'decimal') {
    const digits = `CAST(replace(CAST(${name} AS VARCHAR), '.', '') AS HUGEINT)`
    return `CAST(${floored(digits, width)} AS VARCHAR)`
  }
  if (type.kind === 'integer' || type.kind === 'bigint')
    return `CAST(${floored(`CAST(${name} AS HUGEINT)`, width)} AS VARCHAR)`
  return `left(${name}, ${width})`
}

function floored(value: string, width: number): string {
  return `(${value} - ((${value} % ${width}) + ${width}) % ${width})`
}

/** A floor as `partitionFloors` gives it, with a decimal's point where it belongs. */
export function floorText(
  floor: string | null,
  field: PartitionField,
  columns: readonly EncodedColumn[],
): string | null {
  const type = columns.find(({ tableName }) => tableName === field.column)?.type
  if (floor === null || field.transform !== 'truncate' || type?.kind !== 'decimal' || type.scale === 0)
    return floor
  const [, sign = '', digits = ''] = /^(-?)(\d+)$/.exec(floor) ?? []
  const padded = digits.padStart(type.scale + 1, '0')
  return `${sign}${padded.slice(0, -type.scale)}.${padded.slice(-type.scale)}`
}
