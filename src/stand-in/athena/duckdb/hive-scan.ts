import { z } from 'zod'
import type { Caller, ObjectStore, StoredObject } from '../../services.ts'
import { namedError } from '../query-error.ts'
import { parseS3Uri } from '../s3-uri.ts'
import { quoteName, quoteText } from '../sql/tokens.ts'
import type { HiveTable, TableColumn } from '../table-catalog.ts'
import { duckdbType, printType, type SqlType } from '../types/sql-type.ts'
import type { Scan, ScanRequest } from './scan.ts'
import type { Session } from './session.ts'

/** What is asked of an external Parquet table. */
export interface HiveScanRequest extends ScanRequest<HiveTable> {
  readonly session: Session
  readonly store: ObjectStore
  readonly caller: Caller
}

/**
 * Plans the reading of all visible Parquet objects under a table's location: columns by name in any case, absent ones
 * NULL, timestamps cut to milliseconds.
 *
 * @throws {QueryError} `HIVE_BAD_DATA` when a file's column has another type than the table's.
 */
export async function planHiveScan(request: HiveScanRequest): Promise<Scan> {
  const objects = await visibleObjects(request)
  const selects: string[] = []
  for (const object of objects) selects.push(await readObject(request, object))
  const columns = request.table.columns
  return {
    sql: selects.length > 0 ? selects.join(' UNION ALL ') : emptyScan(columns),
    paths: objects.map(object => object.path),
    scannedBytes: await usedBytes(request, objects),
  }
}

async function visibleObjects(request: HiveScanRequest): Promise<readonly StoredObject[]> {
  const location = parseS3Uri(request.table.location)
  if (!location) throw namedError('HIVE_BAD_DATA', `Not an S3 location: ${request.table.location}`)
  const prefix = location.key === '' || location.key.endsWith('/') ? location.key : `${location.key}/`
  const listed = await request.store.list(request.caller, location.bucket, prefix)
  const visible = listed.filter(object => object.size > 0 && isVisible(object.key))
  // Listing shows an object; reading it is a right of its own.
  return Promise.all(visible.map(object => request.store.get(request.caller, location.bucket, object.key)))
}

function isVisible(key: string): boolean {
  return !/^[_.]/.test(key.slice(key.lastIndexOf('/') + 1)) && !key.endsWith('/')
}

const describeSchema = z.array(z.object({ column_name: z.string(), column_type: z.string() }))

async function readObject(request: HiveScanRequest, object: StoredObject): Promise<string> {
  const from = `read_parquet(${quoteText(object.path)}, hive_partitioning = false)`
  const found = describeSchema.parse(await describe(request.session, from, object))
  const byName = new Map(found.map(one => [one.column_name.toLowerCase(), one]))
  const items = request.table.columns.map(column => {
    const physical = byName.get(column.name)
    const value = physical
      ? convert(column, physical.column_name, physical.column_type, object.key)
      : `CAST(NULL AS ${duckdbType(column.type)})`
    return `${value} AS ${quoteName(column.name)}`
  })
  return `SELECT ${items.join(', ')} FROM ${from}`
}

async function describe(session: Session, from: string, object: StoredObject): Promise<unknown> {
  try {
    return await session.all(`DESCRIBE SELECT * FROM ${from}`)
  } catch (cause) {
    throw namedError('HIVE_BAD_DATA', `Malformed Parquet file ${object.key}: ${String(cause)}`)
  }
}

function convert(column: TableColumn, name: string, physical: string, key: string): string {
  const sql = quoteName(name)
  const { type } = column
  if (type.kind === 'timestamp' && /^TIMESTAMP/.test(physical)) {
    return `date_trunc('milliseconds', CAST(${sql} AS TIMESTAMP))`
  }
  if ((type.kind === 'varchar' || type.kind === 'char') && physical === 'BLOB') return `decode(${sql})`
  if (type.kind === 'varbinary' && physical === 'VARCHAR') return `encode(${sql})`
  if (!isReadable(type, physical)) {
    const message = `Field ${column.name}'s type ${physical} in parquet file ${key} is incompatible with type ${printType(type)} defined in table schema`
    throw namedError('HIVE_BAD_DATA', message)
  }
  return `CAST(${sql} AS ${duckdbType(type)})`
}

const INT32 = ['TINYINT', 'SMALLINT', 'INTEGER', 'UTINYINT', 'USMALLINT']

/** Physical types that Athena's Parquet reader accepts without changing a value. */
function isReadable(type: SqlType, physical: string): boolean {
  switch (type.kind) {
    case 'tinyint':
    case 'smallint':
    case 'integer':
      return INT32.slice(0, INT32.indexOf(duckdbType(type)) + 1).includes(physical)
    case 'bigint':
      return [...INT32, 'UINTEGER', 'BIGINT'].includes(physical)
    case 'double':
      return physical === 'DOUBLE' || physical === 'FLOAT'
    case 'decimal':
      return fitsDecimal(type, physical)
    default:
      return normalized(physical) === normalized(duckdbType(type))
  }
}

function fitsDecimal(
  type: { readonly precision: number; readonly scale: number },
  physical: string,
): boolean {
  const found = /^DECIMAL\((\d+),(\d+)\)$/.exec(physical)
  return found !== null && Number(found[1]) <= type.precision && Number(found[2]) === type.scale
}

function normalized(type: string): string {
  return type.toLowerCase().replaceAll(/["\s]/g, '')
}

function emptyScan(columns: readonly TableColumn[]): string {
  const items = columns.map(column => `CAST(NULL AS ${duckdbType(column.type)}) AS ${quoteName(column.name)}`)
  return `SELECT ${items.join(', ')} WHERE false`
}

const sizesSchema = z.array(z.object({ name: z.string(), bytes: z.coerce.number() }))

async function usedBytes(request: HiveScanRequest, objects: readonly StoredObject[]): Promise<number> {
  if (objects.length === 0 || request.usedColumns.size === 0) return 0
  const list = objects.map(object => quoteText(object.path)).join(', ')
  const rows = await request.session.all(
    `SELECT lower(split_part(path_in_schema, ', ', 1)) AS name, sum(total_compressed_size) AS bytes
     FROM parquet_metadata([${list}]) GROUP BY 1`,
  )
  return sizesSchema
    .parse(rows)
    .filter(row => request.usedColumns.has(row.name))
    .reduce((total, row) => total + row.bytes, 0)
}
