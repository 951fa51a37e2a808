import { type ColumnType, isNested, type ScalarType } from '../domain/column-type.ts'
import { HASH_COLUMN, ROW_COLUMN } from '../domain/row-identity.ts'
import { spanMs, windowStart } from '../domain/watermark.ts'
import { canonicalTypeOf, stagedNested } from './nested-sql.ts'

/** A column as the encoder is told of it. */
export interface EncodedColumn {
  /** Name in the source. */
  readonly name: string
  /** Name in the tables and in the Parquet file. */
  readonly tableName: string
  readonly type: ColumnType
  readonly isKey: boolean
  /** True when the smallest and the largest staged value are to be told. */
  readonly isBounded: boolean
}

/** Bounds of the cursor in canonical text; `from` is inclusive, `to` exclusive. Without a `to`, rows whose cursor is NULL are inside. */
export interface Window {
  readonly column: string
  readonly from?: string | undefined
  readonly to?: string | undefined
  /** Column that tells deleted rows: those after `to` are inside, too, so that no older version of such a row comes back. */
  readonly deletedBy?: string | undefined
}

/** A DuckDB identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A DuckDB string literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/**
 * Rows of canonical text under the tables' names, as the exact reader writes them: plain casts, since every value was
 * found to fit. DuckDB takes no two names that differ in case only, which a source may have.
 */
export function canonicalRows(path: string, columns: readonly EncodedColumn[]): string {
  const types = [
    ...columns.map(({ tableName, type }) => `${identifier(tableName)}: '${canonicalTypeOf(type)}'`),
    `${identifier(ROW_COLUMN)}: 'BIGINT'`,
  ]
  const values = columns.map(({ tableName, type }) => {
    const name = identifier(tableName)
    return `${stagedOf(name, type)} AS ${name}`
  })
  return `SELECT ${[...values, identifier(ROW_COLUMN)].join(', ')} FROM ${ndjson(path, types, LONGEST_ROW_BYTES)}`
}

function stagedOf(canonical: string, type: ColumnType): string {
  return isNested(type) ? stagedNested(canonical, type, castOf) : castOf(canonical, type)
}

/** Rows of an NDJSON slice that are all certain, read straight into the columns' types. */
export function certainRows(path: string, columns: readonly EncodedColumn[], firstRow: number): string {
  const types = columns.map(({ name, type }) => `${identifier(name)}: '${readType(type)}'`)
  const values = columns.map(({ name, tableName, type }) => {
    const value = type.kind === 'timestamp' ? `epoch_us(${identifier(name)})` : identifier(name)
    return `${staged(value, type)} AS ${identifier(tableName)}`
  })
  const row = `${firstRow} + row_number() OVER () - 1 AS ${identifier(ROW_COLUMN)}`
  return `SELECT ${[...values, row].join(', ')} FROM ${ndjson(path, types)}`
}

/** The type that DuckDB's reader makes at its full speed, see `staged`. */
function readType(type: ColumnType): string {
  if (type.kind === 'timestamp') return 'TIMESTAMP'
  if (type.kind !== 'decimal') return typeOf(type)
  return `DECIMAL(${Math.min(type.precision, FAST_DECIMAL_DIGITS)},${type.scale})`
}

/** How texts of `string` columns are told from JSON numbers and booleans: `plain` is cheaper, `inspected` takes every text. */
export type StringReading = 'plain' | 'inspected'

/**
 * Rows of an NDJSON slice as they are, each cell checked on the way: the first row with one that is not surely exact
 * fails the statement with `error()`, and the slice goes to the exact reader. `firstRow` is the slice's place in the model.
 *
 * All checks stand in one condition and the casts beside them, so that DuckDB computes both over whole vectors.
 */
export function checkedRows(
  path: string,
  columns: readonly EncodedColumn[],
  { firstRow, strings }: { readonly firstRow: number; readonly strings: StringReading },
): string {
  const cells = columns.map((column, index) => {
    const isInspected = column.type.kind === 'string' && strings === 'inspected'
    const [source, raw, value] = [identifier(column.name), `raw_${index}`, `value_${index}`]
    const certain = (text: string): CertainCast =>
      isInspected ? inspectedString(text) : certainCast(text, column.type, value)
    return { column, isInspected, source, raw, value, cast: certain(source).cast, fits: certain(raw).fits }
  })
  const types = cells.map(({ source, isInspected }) => `${source}: '${isInspected ? 'JSON' : 'VARCHAR'}'`)
  // Each under a name of ours: a source may have columns that are named like these.
  const read = cells.map(({ source, raw, cast, value }) => `${source} AS ${raw}, ${cast} AS ${value}`)
  const fitting = cells.map(({ column, raw, value, fits }) =>
    column.isKey
      ? `(${value} IS NOT NULL AND ${fits})`
      : `((${value} IS NOT NULL AND ${fits}) OR ${raw} IS NULL)`,
  )
  const values = cells.map(
    ({ column, value }) => `${staged(value, column.type)} AS ${identifier(column.tableName)}`,
  )
  const row = `CASE WHEN ${fitting.join(' AND ')} THEN place ELSE error('not surely exact: row ' || place) END`
  return `SELECT ${[...values, `${row} AS ${identifier(ROW_COLUMN)}`].join(', ')} FROM (
    SELECT ${read.join(', ')}, ${firstRow} + row_number() OVER () - 1 AS place FROM ${ndjson(path, types)})`
}

/** True for models whose every column has a check in SQL; what is nested is spelled anew by DuckDB, so it has none. */
export function hasCheckedRows(columns: readonly EncodedColumn[]): boolean {
  return columns.every(({ type }) => type.kind !== 'json' && !isNested(type))
}

/** Longest rows that DuckDB's reader takes, which sizes its buffers; longer ones than usual are left to the exact reader. */
const USUAL_ROW_BYTES = 4 * 1024 * 1024
const LONGEST_ROW_BYTES = 64 * 1024 * 1024

function ndjson(path: string, types: readonly string[], maxRowBytes = USUAL_ROW_BYTES): string {
  return `read_json(${literal(path)}, format = 'newline_delimited', columns = {${types.join(', ')}}, maximum_object_size = ${maxRowBytes})`
}

/** A cast that gives the value or NULL, and what makes it surely exact. Good cells may be missed: the exact reader decides on them. */
interface CertainCast {
  readonly cast: string
  /** Over the raw text and the cast's result. */
  readonly fits: string
}

function certainCast(raw: string, type: ColumnType, value: string): CertainCast {
  const matches = (pattern: string): string => `regexp_full_match(${raw}, '${pattern}')`
  const cast = `TRY_CAST(${raw} AS ${typeOf(type)})`
  switch (type.kind) {
    case 'string':
      return { cast: raw, fits: `(${isSurelyText(raw)})` }
    case 'boolean':
      return { cast, fits: `${raw} IN ('true', 'false')` }
    case 'integer':
    case 'bigint':
      return { cast, fits: `CAST(${value} AS VARCHAR) = ${raw}` }
    case 'decimal':
      return fastDecimal(raw, type)
    case 'float':
    case 'double':
      return { cast, fits: `isfinite(${value}) AND ${matches(NUMBER)}` }
    case 'date':
      return { cast, fits: `${raw} LIKE '____-__-__' AND ${startsInRange(raw)}` }
    case 'timestamp':
      return {
        cast: `epoch_us(TRY_CAST(${raw} AS TIMESTAMP))`,
        fits: `strlen(${raw}) <= 27 AND ${raw} LIKE '____-__-__T__:__:__%Z' AND NOT contains(${raw}, 'T24') AND NOT contains(${raw}, '.Z') AND ${startsInRange(raw)}`,
      }
    case 'uuid':
      return {
        cast: raw,
        fits: `${raw} LIKE '________-____-____-____-____________' AND TRY_CAST(${raw} AS UUID) IS NOT NULL`,
      }
    default:
      return { cast: 'NULL', fits: 'false' }
  }
}

/** As DuckDB spells the JSON numbers that it read. */
const NUMBER = '-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?'

/** What DuckDB spells like a JSON number, boolean, object or list may have been one. The ranges of first letters are what is cheap to tell. */
function isSurelyText(raw: string): string {
  const ranges = [
    ['A', 'I'],
    ['O', '['],
    ['a', 'f'],
    ['o', 't'],
  ].map(([from, to]) => `(${raw} >= '${from}' AND ${raw} < '${to}')`)
  const ambiguous = `(?s)[\\[{].*|true|false|(?i)-?(inf|infinity|nan)|${NUMBER}`
  return `${ranges.join(' OR ')} OR NOT regexp_full_match(${raw}, '${ambiguous}')`
}

/** The year is not before 0001, and no blank stands where a cast would pass over it. */
function startsInRange(raw: string): string {
  return `${raw} >= '0001' AND ${raw} < ':' AND NOT contains(${raw}, ' ')`
}

/** A JSON text begins with a quote; numbers, booleans, objects and lists do not. */
function inspectedString(raw: string): CertainCast {
  return { cast: `json_extract_string(${raw}, '$')`, fits: `starts_with(${raw}, '"')` }
}

/** Digits of a decimal that DuckDB keeps in 64 bits; reading text as a wider one takes a hundred times as long (measured on 1.5.6). */
export const FAST_DECIMAL_DIGITS = 18

interface Decimal {
  readonly precision: number
  readonly scale: number
}

/** Reads a decimal through a narrow one, for texts with few digits; where the scale leaves none before the point, as declared. */
function fastDecimal(raw: string, { precision, scale }: Decimal): CertainCast {
  const narrow = scale < FAST_DECIMAL_DIGITS ? Math.min(precision, FAST_DECIMAL_DIGITS) : precision
  return {
    cast: `TRY_CAST(${raw} AS DECIMAL(${narrow},${scale}))`,
    fits: `regexp_full_match(${raw}, '${decimalPattern(narrow, scale)}')`,
  }
}

function decimalPattern(precision: number, scale: number): string {
  return `-?[0-9]{1,${Math.max(precision - scale, 1)}}(\\.[0-9]{0,${scale}})?`
}

/** A value of `certainCast` as it is staged: narrow decimals as wide as declared. */
function staged(value: string, type: ColumnType): string {
  return type.kind === 'decimal' ? `CAST(${value} AS ${typeOf(type)})` : value
}

function castOf(raw: string, type: ScalarType): string {
  if (type.kind === 'bytes') return `from_base64(${raw})`
  if (type.kind === 'decimal' && type.precision > FAST_DECIMAL_DIGITS) {
    const { fits, cast } = fastDecimal(raw, type)
    return `CASE WHEN ${fits} THEN ${staged(cast, type)} ELSE CAST(${raw} AS ${typeOf(type)}) END`
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
    window.from === undefined
      ? undefined
      : `(${name} >= ${boundOf(window.from, cursor.type)} OR ${name} IS NULL)`,
    window.to === undefined
      ? undefined
      : `(${isBefore(name, window.to, cursor.type)}${deletedLater(columns, name, window)})`,
  ].filter(bound => bound !== undefined)
  return bounds.length === 0 ? rows : `SELECT * FROM (${rows}) WHERE ${bounds.join(' AND ')}`
}

/** A condition on the cursor that holds for no NULL. */
export function isBefore(cursor: string, to: string, type: ColumnType): string {
  return `${cursor} < ${boundOf(to, type)}`
}

function deletedLater(columns: readonly EncodedColumn[], cursor: string, { deletedBy }: Window): string {
  const column = columns.find(({ tableName }) => tableName === deletedBy)
  if (!column) return ''
  const value = identifier(column.tableName)
  const isDeleted = column.type.kind === 'boolean' ? `coalesce(${value}, false)` : `${value} IS NOT NULL`
  return ` OR (${cursor} IS NOT NULL AND ${isDeleted})`
}

/** Rows with the hash of what they hold: of each value that is not NULL with its column's name, in the names' order. */
export function withRowHash(rows: string, columns: readonly EncodedColumn[]): string {
  const values = columns
    .toSorted((left, right) => (left.tableName < right.tableName ? -1 : 1))
    .map(({ tableName, type }) => {
      const text = hashedText(identifier(tableName), type)
      return `coalesce(${literal(`${tableName}=`)} || strlen(${text}) || ':' || ${text}, '')`
    })
  return `SELECT *, md5(concat(${values.join(', ')})) AS ${identifier(HASH_COLUMN)} FROM (${rows})`
}

function hashedText(value: string, type: ColumnType): string {
  switch (type.kind) {
    case 'bytes':
      return `base64(${value})`
    case 'boolean':
    case 'integer':
    case 'bigint':
    case 'float':
    case 'double':
    case 'decimal':
    case 'date':
    case 'timestamp':
      return `CAST(${value} AS VARCHAR)`
    case 'string':
    case 'json':
    case 'uuid':
    case 'time':
      return value
    default:
      return `CAST(to_json(${value}) AS VARCHAR)`
  }
}

/**
 * Digests of the staged rows that the next transfer may read again: those of the lookback before `maxCursor`, span by
 * span, and those without a cursor; all rows as one where there is no cursor.
 */
export function spanDigests(
  target: string,
  columns: readonly EncodedColumn[],
  scope: { readonly cursor: EncodedColumn | undefined; readonly lookbackMs: number },
  maxCursor: string | null,
): string {
  const hash = `hash(${columns.map(column => identifier(column.tableName)).join(', ')})`
  const { cursor, lookbackMs } = scope
  const tail =
    cursor && maxCursor !== null
      ? boundOf(windowStart(maxCursor, cursor.type, lookbackMs), cursor.type)
      : undefined
  const name = cursor ? identifier(cursor.tableName) : ''
  const span = cursor
    ? canonicalText(cursor, spanStart(name, cursor.type, spanMs(lookbackMs) * 1000))
    : 'NULL'
  const where = tail === undefined ? '' : ` WHERE ${name} >= ${tail} OR ${name} IS NULL`
  return `SELECT ${span}, CAST(count(*) AS VARCHAR), CAST(sum(${hash}) AS VARCHAR) FROM read_parquet(${literal(target)})${where} GROUP BY 1`
}

function spanStart(name: string, type: ColumnType, micros: number): string {
  return type.kind === 'timestamp' ? `${name} - ((${name} % ${micros}) + ${micros}) % ${micros}` : name
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
