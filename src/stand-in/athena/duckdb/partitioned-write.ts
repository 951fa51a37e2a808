import { z } from 'zod'
import { parseBound } from '../iceberg/bounds.ts'
import type { DataFile } from '../iceberg/manifest.ts'
import { currentSchema, currentSpec, type TableMetadata } from '../iceberg/metadata.ts'
import {
  type PartitionFieldType,
  type PartitionValue,
  partitionFieldTypes,
} from '../iceberg/partition-type.ts'
import { namedError, onlyOnTrino } from '../query-error.ts'
import { quoteName, quoteText } from '../sql/tokens.ts'
import type { SqlType } from '../types/sql-type.ts'
import type { DataWriter } from './data-writer.ts'
import type { Session } from './session.ts'

/** Athena's limit of partitions that one statement may write to. */
const MAX_PARTITIONS = 100

/**
 * Writes rows into the partitions they belong to; without a partition spec into one.
 *
 * @throws {QueryError} `HIVE_TOO_MANY_OPEN_PARTITIONS` beyond Athena's 100 partitions a statement.
 */
export async function writeRows(
  session: Session,
  writer: DataWriter,
  metadata: TableMetadata,
  selectSql: string,
): Promise<readonly DataFile[]> {
  const parts = partitionFieldTypes(metadata, currentSpec(metadata)).filter(one => one.transform !== 'void')
  if (parts.length === 0) return writer.writeData(selectSql, {})
  const names = new Map(currentSchema(metadata).fields.map(field => [field.id, field.name]))
  const keys = parts.map((part, index) => {
    const column = quoteName(names.get(part.sourceId) ?? '')
    return { part, name: `p${index}`, sql: transformSql(part.transform, part.sourceType, column) }
  })
  await session.run(
    `CREATE TEMP TABLE partitioned AS SELECT *, ${keys.map(key => `${key.sql} AS "stand-in ${key.name}"`).join(', ')} FROM (${selectSql})`,
  )
  const files: DataFile[] = []
  for (const values of await distinctValues(session, keys)) {
    const terms = keys.map((key, index) => matches(`"stand-in ${key.name}"`, values[index] ?? null))
    const columns = [...names.values()].map(quoteName).join(', ')
    const rows = `SELECT ${columns} FROM partitioned WHERE ${terms.join(' AND ')}`
    const entries = keys.map(
      (key, index) => [key.part.name, partitionValue(key.part, values[index] ?? null)] as const,
    )
    files.push(...(await writer.writeData(rows, Object.fromEntries(entries))))
  }
  await session.run('DROP TABLE partitioned')
  return files
}

interface PartitionKey {
  readonly part: PartitionFieldType
  readonly name: string
  readonly sql: string
}

const rowSchema = z.record(z.string(), z.union([z.string(), z.null()]))

async function distinctValues(
  session: Session,
  keys: readonly PartitionKey[],
): Promise<readonly (readonly (string | null)[])[]> {
  const items = keys.map(key => `CAST("stand-in ${key.name}" AS VARCHAR) AS ${key.name}`)
  const rows = await session.all(
    `SELECT DISTINCT ${items.join(', ')} FROM partitioned LIMIT ${MAX_PARTITIONS + 1}`,
  )
  if (rows.length > MAX_PARTITIONS) {
    const message = `Exceeded limit of ${MAX_PARTITIONS} open writers for partitions/buckets`
    throw namedError('HIVE_TOO_MANY_OPEN_PARTITIONS', message)
  }
  return rows.map(row => {
    const values = rowSchema.parse(row)
    return keys.map(key => values[key.name] ?? null)
  })
}

function matches(column: string, value: string | null): string {
  return value === null ? `${column} IS NULL` : `CAST(${column} AS VARCHAR) = ${quoteText(value)}`
}

/** The value of a partition transform, in DuckDB's words; numbers count from 1970 as Iceberg's do. */
function transformSql(transform: string, type: SqlType, column: string): string {
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
      return truncateSql(transform, type, column)
  }
}

function truncateSql(transform: string, type: SqlType, column: string): string {
  const width = /^truncate\[(\d+)\]$/.exec(transform)?.[1]
  if (width === undefined) throw onlyOnTrino(`The partition transform ${transform}`)
  if (type.kind === 'varchar') return `left(${column}, ${width})`
  if (type.kind !== 'integer' && type.kind !== 'bigint') throw onlyOnTrino(`truncate of ${type.kind}`)
  return `(${column} - (((${column} % ${width}) + ${width}) % ${width}))`
}

/** A value in the form of the manifest's partition record. */
function partitionValue(part: PartitionFieldType, text: string | null): PartitionValue {
  if (text === null) return null
  if (part.transform !== 'identity' && !part.transform.startsWith('truncate')) return Number(text)
  const { sourceType } = part
  if (sourceType.kind === 'varchar') return text
  if (sourceType.kind === 'boolean') return text === 'true'
  const bound = parseBound(text, sourceType)
  if (sourceType.kind === 'integer' || sourceType.kind === 'date') return Number(bound)
  const isLong = ['bigint', 'timestamp', 'timestamptz'].includes(sourceType.kind)
  if (!isLong || bound === undefined) throw onlyOnTrino(`A partition by ${sourceType.kind}`)
  return bound
}
