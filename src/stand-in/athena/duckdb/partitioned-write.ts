import { z } from 'zod'
import type { DataFile } from '../iceberg/manifest.ts'
import { currentSchema, currentSpec, type TableMetadata } from '../iceberg/metadata.ts'
import { type PartitionFieldType, partitionFieldTypes } from '../iceberg/partition-type.ts'
import { namedError } from '../query-error.ts'
import { quoteName, quoteText } from '../sql/tokens.ts'
import type { DataWriter } from './data-writer.ts'
import { partitionValue, transformSql } from './partition-values.ts'
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

/** The text takes the column's type, so that DuckDB passes over blocks without the value. */
function matches(column: string, value: string | null): string {
  return value === null ? `${column} IS NULL` : `${column} = ${quoteText(value)}`
}
