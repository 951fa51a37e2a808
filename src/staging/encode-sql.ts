import type { ColumnType } from '../domain/column-type.ts'
import { TIMESTAMP_MICROS } from './cell-rules.ts'

/** A column as the encoder is told of it. */
export interface EncodedColumn {
  /** Name in the source. */
  readonly name: string
  /** Name in the tables and in the Parquet file. */
  readonly tableName: string
  readonly type: ColumnType
  readonly isKey: boolean
}

/** Bounds of the cursor in canonical text; `from` is inclusive, `to` exclusive. */
export interface Window {
  readonly column: string
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** Name of the staging-only column with the row's place in the source's order. */
export const ROW_COLUMN = '_transfer_row'

/** A DuckDB identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A DuckDB string literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/**
 * Rows of canonical text, as the exact reader writes them: plain casts, since every value was found to fit.
 */
export function canonicalRows(path: string, columns: readonly EncodedColumn[]): string {
  const types = [
    ...columns.map(column => `${identifier(column.name)}: 'VARCHAR'`),
    `${identifier(ROW_COLUMN)}: 'BIGINT'`,
  ]
  const values = columns.map(
    column => `${castOf(identifier(column.name), column.type)} AS ${identifier(column.tableName)}`,
  )
  return `SELECT ${[...values, identifier(ROW_COLUMN)].join(', ')} FROM ${ndjson(path, types)}`
}

/**
 * Rows of an NDJSON slice as they are, each cell checked on the way: the first that is not surely exact fails the
 * statement with `error()`, and the slice goes to the exact reader. `firstRow` is the slice's place in the model.
 */
export function checkedRows(path: string, columns: readonly EncodedColumn[], firstRow: number): string {
  const types = columns.map(
    ({ name, type }) => `${identifier(name)}: '${type.kind === 'string' ? 'JSON' : 'VARCHAR'}'`,
  )
  const values = columns.map(column => `${checked(column)} AS ${identifier(column.tableName)}`)
  const row = `${firstRow} + row_number() OVER () - 1 AS ${identifier(ROW_COLUMN)}`
  return `SELECT ${[...values, row].join(', ')} FROM ${ndjson(path, types)}`
}

/** True for models whose every column has a check in SQL; nested JSON is spelled anew by DuckDB, so it has none. */
export function hasCheckedRows(columns: readonly EncodedColumn[]): boolean {
  return columns.every(column => column.type.kind !== 'json')
}

function ndjson(path: string, types: readonly string[]): string {
  return `read_json(${literal(path)}, format = 'newline_delimited', columns = {${types.join(', ')}}, maximum_object_size = 67108864)`
}

function checked(column: EncodedColumn): string {
  const raw = identifier(column.name)
  const otherwise = `error('not surely exact: ' || coalesce(${raw}, 'NULL'))`
  const whenNull = column.isKey ? '' : `WHEN ${raw} IS NULL THEN NULL `
  return `CASE ${whenNull}WHEN ${certainty(raw, column.type)} THEN ${fastCast(raw, column.type)} ELSE ${otherwise} END`
}

/** A condition that holds only for cells whose cast changes nothing. May fail for good ones: then the exact reader decides. */
function certainty(raw: string, type: ColumnType): string {
  switch (type.kind) {
    case 'string':
      return `(starts_with(${raw}, '"') AND NOT contains(${raw}, '\\'))`
    case 'boolean':
      return `${raw} IN ('true', 'false')`
    case 'integer':
    case 'bigint':
      return `CAST(TRY_CAST(${raw} AS ${typeOf(type)}) AS VARCHAR) = ${raw}`
    case 'decimal':
      return `(regexp_full_match(${raw}, '-?[0-9]+(\\.[0-9]{0,${type.scale}})?') AND TRY_CAST(${raw} AS ${typeOf(type)}) IS NOT NULL)`
    case 'float':
    case 'double':
      return `(regexp_full_match(${raw}, '-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?') AND isfinite(TRY_CAST(${raw} AS ${typeOf(type)})))`
    case 'date':
      return `(regexp_full_match(${raw}, '[0-9]{4}-[0-9]{2}-[0-9]{2}') AND TRY_CAST(${raw} AS DATE) >= DATE '0001-01-01')`
    case 'timestamp':
      return `(regexp_full_match(${raw}, '${FAST_TIMESTAMP}') AND epoch_us(TRY_CAST(${raw} AS TIMESTAMP)) >= ${TIMESTAMP_MICROS.min})`
    case 'uuid':
      return `regexp_full_match(${raw}, '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}')`
    default:
      return 'false'
  }
}

/** UTC only: other zones go to the exact reader. */
const FAST_TIMESTAMP =
  '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+]00:00)?)?'

function fastCast(raw: string, type: ColumnType): string {
  if (type.kind === 'string') return `${raw}[2:-2]`
  if (type.kind === 'timestamp') return `epoch_us(CAST(${raw} AS TIMESTAMP))`
  return castOf(raw, type)
}

function castOf(raw: string, type: ColumnType): string {
  if (type.kind === 'bytes') return `from_base64(${raw})`
  return `CAST(${raw} AS ${typeOf(type)})`
}

/** The DuckDB type that becomes the staged Parquet type (facts.md, Types). */
function typeOf(type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
      return 'BOOLEAN'
    case 'integer':
      return 'INTEGER'
    case 'bigint':
    case 'timestamp':
      return 'BIGINT'
    case 'float':
      return 'FLOAT'
    case 'double':
      return 'DOUBLE'
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`
    case 'date':
      return 'DATE'
    case 'bytes':
      return 'BLOB'
    default:
      return 'VARCHAR'
  }
}

/** The rows inside the window; all without one. */
export function inWindow(
  rows: string,
  columns: readonly EncodedColumn[],
  window: Window | undefined,
): string {
  const cursor = columns.find(column => column.tableName === window?.column)
  if (!cursor || !window) return rows
  const name = identifier(cursor.tableName)
  const bounds = [
    window.from === undefined ? undefined : `${name} >= ${boundOf(window.from, cursor.type)}`,
    window.to === undefined ? undefined : `${name} < ${boundOf(window.to, cursor.type)}`,
  ].filter(bound => bound !== undefined)
  return bounds.length === 0 ? rows : `SELECT * FROM (${rows}) WHERE ${bounds.join(' AND ')}`
}

function boundOf(text: string, type: ColumnType): string {
  if (type.kind === 'timestamp') return `epoch_us(TIMESTAMPTZ ${literal(text)})`
  return type.kind === 'date' ? `DATE ${literal(text)}` : `CAST(${literal(text)} AS BIGINT)`
}

/** A staged value as canonical text; timestamps are staged as microseconds. */
export function canonicalText(column: EncodedColumn, value: string): string {
  if (column.type.kind !== 'timestamp') return `CAST(${value} AS VARCHAR)`
  return `strftime(make_timestamp(${value}), '%Y-%m-%dT%H:%M:%S.%fZ')`
}
