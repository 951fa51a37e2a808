import type { ColumnType } from '../domain/column-type.ts'

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
  return `SELECT ${[...values, identifier(ROW_COLUMN)].join(', ')} FROM ${ndjson(path, types, LONGEST_ROW_BYTES)}`
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

/** Longest rows that DuckDB's reader takes, which sizes its buffers; longer ones than usual are left to the exact reader. */
const USUAL_ROW_BYTES = 4 * 1024 * 1024
const LONGEST_ROW_BYTES = 64 * 1024 * 1024

function ndjson(path: string, types: readonly string[], maxRowBytes = USUAL_ROW_BYTES): string {
  return `read_json(${literal(path)}, format = 'newline_delimited', columns = {${types.join(', ')}}, maximum_object_size = ${maxRowBytes})`
}

function checked(column: EncodedColumn): string {
  const raw = identifier(column.name)
  const otherwise = `error('not surely exact: ' || coalesce(${raw}, 'NULL'))`
  const whenNull = column.isKey ? '' : `WHEN ${raw} IS NULL THEN NULL `
  const cases = certainCasts(raw, column.type).map(
    ({ when, cast }) => `WHEN ${when} THEN coalesce(${cast}, ${otherwise})`,
  )
  return `CASE ${whenNull}${cases.join(' ')} ELSE ${otherwise} END`
}

/** A cast that gives the exact value or NULL, for cells that meet a condition. */
interface CertainCast {
  readonly when: string
  readonly cast: string
}

/** What surely changes nothing. Good cells may be missing here: the exact reader decides on them. */
function certainCasts(raw: string, type: ColumnType): readonly CertainCast[] {
  const matches = (pattern: string): string => `regexp_full_match(${raw}, '${pattern}')`
  const cast = `TRY_CAST(${raw} AS ${typeOf(type)})`
  switch (type.kind) {
    case 'string':
      return [{ when: `starts_with(${raw}, '"')`, cast: `json_extract_string(${raw}, '$')` }]
    case 'boolean':
      return [{ when: `${raw} IN ('true', 'false')`, cast }]
    case 'integer':
    case 'bigint':
      return [{ when: `CAST(${cast} AS VARCHAR) = ${raw}`, cast }]
    case 'decimal':
      return decimalCasts(raw, type)
    case 'float':
    case 'double':
      return [
        {
          when: matches('-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?'),
          cast: `CASE WHEN isfinite(${cast}) THEN ${cast} END`,
        },
      ]
    case 'date':
      return [
        {
          when: `length(${raw}) = 10 AND ${raw} >= '0001' AND CAST(${cast} AS VARCHAR) = ${raw}`,
          cast: cast,
        },
      ]
    case 'timestamp':
      return [{ when: matches(FAST_TIMESTAMP), cast: `epoch_us(TRY_CAST(${raw} AS TIMESTAMP))` }]
    case 'uuid':
      return [{ when: matches('[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'), cast: raw }]
    default:
      return []
  }
}

/** Digits of a decimal that DuckDB keeps in 64 bits; reading text as a wider one takes a hundred times as long (measured on 1.5.6). */
const FAST_DECIMAL_DIGITS = 18

function decimalCasts(
  raw: string,
  type: { readonly precision: number; readonly scale: number },
): readonly CertainCast[] {
  const { precision, scale } = type
  const narrow = Math.min(precision, FAST_DECIMAL_DIGITS)
  const upTo = (digits: number): string =>
    `regexp_full_match(${raw}, '-?[0-9]{1,${digits}}(\\.[0-9]{0,${scale}})?')`
  const wide = {
    when: upTo(Math.max(precision - scale, 1)),
    cast: `TRY_CAST(${raw} AS DECIMAL(${precision},${scale}))`,
  }
  if (narrow <= scale) return [wide]
  const fast = `CAST(TRY_CAST(${raw} AS DECIMAL(${narrow},${scale})) AS DECIMAL(${precision},${scale}))`
  return [{ when: upTo(narrow - scale), cast: fast }, wide]
}

/** UTC only: other zones go to the exact reader. Year 0000 is before the first. */
const FAST_TIMESTAMP =
  '([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+]00:00)?)?'

function castOf(raw: string, type: ColumnType): string {
  if (type.kind === 'bytes') return `from_base64(${raw})`
  if (type.kind === 'decimal' && type.precision > FAST_DECIMAL_DIGITS) {
    const cases = decimalCasts(raw, type).map(({ when, cast }) => `WHEN ${when} THEN ${cast}`)
    return `CASE ${cases.join(' ')} END`
  }
  return `CAST(${raw} AS ${typeOf(type)})`
}

/** The DuckDB type that becomes the staged Parquet type (DECIMAL as declared, timestamps as microseconds). */
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
