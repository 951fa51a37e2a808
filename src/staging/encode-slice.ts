import { rm } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { PartitionField } from '../domain/partition-field.ts'
import type { CsvDialect, RowFormat } from '../domain/row-batch.ts'
import {
  canonicalRows,
  canonicalText,
  certainRows,
  checkedRows,
  type EncodedColumn,
  hasCheckedRows,
  identifier,
  inWindow,
  isBefore,
  literal,
  type StringReading,
  spanDigests,
  type Window,
  withRowHash,
} from './encode-sql.ts'
import { readExactly } from './exact-rows.ts'
import { holdsFloating } from './negative-zero.ts'
import { parquetAsText } from './parquet-source.ts'
import { floorText, partitionFloors } from './partition-sql.ts'
import { NONE_REJECTED, type RejectedRows } from './rejected-spool.ts'

/** One slice to be made into one Parquet file. */
export interface EncodeRequest {
  readonly path: string
  readonly origin: string
  readonly format: RowFormat
  readonly csv?: CsvDialect | undefined
  readonly csvHeader?: readonly string[] | undefined
  readonly firstLine: number
  readonly firstRow: number
  readonly hasLongNumbers: boolean
  readonly hasNegativeZero: boolean
  /** Number of its rows when each is sure to be read exactly by DuckDB's own types. */
  readonly certainRowCount?: number | undefined
  readonly columns: readonly EncodedColumn[]
  readonly window?: Window | undefined
  /** Name in the tables of the column whose largest value is told. */
  readonly cursor?: string | undefined
  /** True when rows are told apart by their content, so each is staged with its hash. */
  readonly hasRowHash: boolean
  /** How rows are digested: `cursor` is undefined when all are. */
  readonly digest: { readonly cursor?: string | undefined; readonly lookbackMs: number }
  /** Fields of the table's partitions that are told, and how many of these at most. */
  readonly partitions: { readonly fields: readonly PartitionField[]; readonly most: number }
  /** Where rejected rows are appended. */
  readonly rejectedPath: string
  /** Rejected rows after which reading stops; undefined reads all. */
  readonly maxRejected?: number | undefined
  /** Where the Parquet file is to be. Absent afterwards if no row is staged. */
  readonly target: string
}

/** What became of a slice. `rowCount` of the slice = `stagedRowCount` + rejected + outside the window. */
export interface EncodeOutcome extends RejectedRows {
  readonly rowCount: number
  readonly stagedRowCount: number
  readonly csvHeader?: readonly string[] | undefined
  readonly maxCursor: string | null
  /** By table name of each bounded column that is never NULL here, in canonical text. */
  readonly bounds: readonly { readonly column: string; readonly min: string; readonly max: string }[]
  /** See `partitionFloors`; none for a table without such fields. */
  readonly partitions: readonly (readonly (string | null)[])[]
  /** See `SpanDigest`; the sum of hashes in digits. */
  readonly spans: readonly {
    readonly start?: string | undefined
    readonly rowCount: number
    readonly hashSum: string
  }[]
}

/** Rows in a row group of the staged files, half of DuckDB's default to halve its memory; fewer for wide models, whose groups are held in memory. */
const ROW_GROUP = { rows: 61_440, least: 2_048, values: 2_000_000 } as const

/**
 * Dictionaries of more than some thousand values are given up early, which is where most of the writing's time goes otherwise;
 * zstd at its first level costs half of the default's time and a quarter more bytes. Staged files are read once, soon.
 */
const PARQUET =
  'FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION V1, WRITE_BLOOM_FILTER false'

const DICTIONARY = { usual: 2000, none: 0 } as const

function rowGroupRows(columnCount: number): number {
  const fitting = Math.floor(ROW_GROUP.values / columnCount / ROW_GROUP.least) * ROW_GROUP.least
  return Math.max(Math.min(ROW_GROUP.rows, fitting), ROW_GROUP.least)
}

/**
 * Encodes slices one after the other: by DuckDB's own types where every row is certain, else by the checks in SQL where
 * they are enough, else value by value. Strings are read the cheap way until a slice of the model has texts that could be numbers.
 */
export function createSliceEncoder(): (
  connection: DuckDBConnection,
  request: EncodeRequest,
) => Promise<EncodeOutcome> {
  let strings: StringReading = 'plain'
  return async (connection, request) => {
    const certain = await tryCertain(connection, request)
    if (certain) return { ...certain, ...NONE_REJECTED }
    if (!isSurelyExact(request)) return encodeExactly(connection, request)
    const encoded = await tryChecked(connection, request, strings)
    if (encoded) return { ...encoded, ...NONE_REJECTED }
    if (strings === 'inspected' || !hasStrings(request)) return encodeExactly(connection, request)
    const inspected = await tryChecked(connection, request, 'inspected')
    if (!inspected) return encodeExactly(connection, request)
    strings = 'inspected'
    return { ...inspected, ...NONE_REJECTED }
  }
}

function hasStrings({ columns }: EncodeRequest): boolean {
  return columns.some(column => column.type.kind === 'string')
}

/** @throws {TransferError} `SOURCE_UNREADABLE` for input that has no rows to tell of. */
async function encodeExactly(connection: DuckDBConnection, request: EncodeRequest): Promise<EncodeOutcome> {
  const text = request.format === 'parquet' ? await parquetAsText(connection, request) : request.path
  const canonical = `${request.target}.ndjson`
  try {
    const format = request.format === 'csv' ? 'csv' : 'ndjson'
    const exact = await readExactly({ ...request, path: text, format }, canonical)
    const rows = canonicalRows(canonical, request.columns)
    // A dictionary keeps one of the two zeros, and only the exact reader lets both through.
    const isFloating = request.columns.some(({ type }) => holdsFloating(type))
    const dictionary = isFloating ? DICTIONARY.none : DICTIONARY.usual
    const encoded = await copy(connection, request, rows, { dictionary })
    return { ...encoded, ...exact }
  } finally {
    await rm(canonical, { force: true })
    if (text !== request.path) await rm(text, { force: true })
  }
}

/**
 * Numbers with more digits than a double keeps would be rounded by DuckDB's JSON reader before any check, which changes
 * decimals and rounds floats twice; the sign of a zero would be lost.
 */
function isSurelyExact({ format, columns, hasLongNumbers, hasNegativeZero }: EncodeRequest): boolean {
  const isRounded = columns.some(({ type }) => type.kind === 'decimal' || type.kind === 'float')
  const isChanged = hasNegativeZero || (hasLongNumbers && isRounded)
  return format === 'ndjson' && hasCheckedRows(columns) && !isChanged
}

type Encoded = Omit<EncodeOutcome, keyof RejectedRows>

/** The rows must be as many as were looked at, or others look again. */
async function tryCertain(
  connection: DuckDBConnection,
  request: EncodeRequest,
): Promise<Encoded | undefined> {
  const { path, columns, window, firstRow, certainRowCount } = request
  if (certainRowCount === undefined) return undefined
  const rows = certainRows(path, columns, firstRow)
  const encoded = await orUndefined(copy(connection, request, rows, { rowCount: certainRowCount }))
  return window || encoded?.stagedRowCount === certainRowCount ? encoded : undefined
}

/** Whatever it was, a more exact reader looks at the same rows and names it. */
function orUndefined<Value>(value: Promise<Value>): Promise<Value | undefined> {
  return value.catch(() => undefined)
}

async function tryChecked(
  connection: DuckDBConnection,
  request: EncodeRequest,
  strings: StringReading,
): Promise<Encoded | undefined> {
  const { path, columns, firstRow } = request
  return orUndefined(copy(connection, request, checkedRows(path, columns, { firstRow, strings })))
}

async function copy(
  connection: DuckDBConnection,
  request: EncodeRequest,
  rows: string,
  known: { readonly rowCount?: number; readonly dictionary?: number } = {},
): Promise<Encoded> {
  const { target, columns, window } = request
  const hashed = request.hasRowHash ? withRowHash(rows, columns) : rows
  const dictionary = known.dictionary ?? DICTIONARY.usual
  const options = `${PARQUET}, DICTIONARY_SIZE_LIMIT ${dictionary}, ROW_GROUP_SIZE ${rowGroupRows(columns.length)}`
  const total = known.rowCount ?? (window ? await countRows(connection, rows) : undefined)
  await connection.run(`COPY (${inWindow(hashed, columns, window)}) TO ${literal(target)} (${options})`)
  const facts = await readFacts(connection, request)
  const rowCount = total ?? facts.stagedRowCount
  if (facts.stagedRowCount > 0) {
    const partitions = await readPartitions(connection, request)
    return { ...facts, rowCount, partitions, spans: await readSpans(connection, request, facts) }
  }
  await rm(target, { force: true })
  return { ...facts, rowCount, partitions: [], spans: [] }
}

async function countRows(connection: DuckDBConnection, rows: string): Promise<number> {
  const [[count = '0'] = []] = await readTexts(connection, `SELECT CAST(count(*) AS VARCHAR) FROM (${rows})`)
  return Number(count)
}

/** Counts and bounds, read back from the file that was written. */
async function readFacts(
  connection: DuckDBConnection,
  request: EncodeRequest,
): Promise<Omit<Encoded, 'rowCount' | 'spans' | 'partitions'>> {
  const bounded = request.columns.filter(column => column.isBounded)
  const cursor = cursorNamed(request, request.cursor)
  const bounds = bounded.flatMap(column =>
    ['min', 'max'].map(name => canonicalText(column, boundValue(name, identifier(column.tableName)))),
  )
  const maxCursor = cursor ? canonicalText(cursor, largest(cursor, request.window)) : 'NULL'
  const select = ['CAST(count(*) AS VARCHAR)', maxCursor, ...bounds].join(', ')
  const from = `read_parquet(${literal(request.target)})`
  const [[count, max, ...values] = []] = await readTexts(connection, `SELECT ${select} FROM ${from}`)
  return {
    stagedRowCount: Number(count ?? 0),
    maxCursor: max ?? null,
    bounds: bounded.flatMap(({ tableName }, index) => {
      const [min, maximum] = [values[index * 2], values[index * 2 + 1]]
      return min == null || maximum == null ? [] : [{ column: tableName, min, max: maximum }]
    }),
  }
}

/** The largest cursor inside the window; of rows that were deleted after it none counts. */
function largest({ tableName, type }: EncodedColumn, window: Window | undefined): string {
  const name = identifier(tableName)
  const where = window?.to === undefined ? '' : ` FILTER (WHERE ${isBefore(name, window.to, type)})`
  return `max(${name})${where}`
}

/** NULL as soon as one value is: bounds say nothing of rows without a value. */
function boundValue(aggregate: string, name: string): string {
  return `CASE WHEN count(*) = count(${name}) THEN ${aggregate}(${name}) END`
}

function cursorNamed({ columns }: EncodeRequest, name: string | undefined): EncodedColumn | undefined {
  return columns.find(column => column.tableName === name)
}

async function readPartitions(
  connection: DuckDBConnection,
  { target, columns, partitions: { fields, most } }: EncodeRequest,
): Promise<Encoded['partitions']> {
  if (fields.length === 0) return []
  const rows = await readTexts(connection, partitionFloors(target, columns, fields, most))
  return rows.map(row => fields.map((field, index) => floorText(row[index] ?? null, field, columns)))
}

async function readSpans(
  connection: DuckDBConnection,
  request: EncodeRequest,
  { maxCursor }: { readonly maxCursor: string | null },
): Promise<Encoded['spans']> {
  const { target, columns, digest } = request
  const scope = { ...digest, cursor: cursorNamed(request, digest.cursor) }
  const rows = await readTexts(connection, spanDigests(target, columns, scope, maxCursor))
  return rows.map(([start, count, hashSum]) => ({
    ...(start == null ? {} : { start }),
    rowCount: Number(count ?? 0),
    hashSum: hashSum ?? '0',
  }))
}

async function readTexts(connection: DuckDBConnection, sql: string): Promise<(string | null)[][]> {
  const reader = await connection.runAndReadAll(sql)
  return reader.getRows().map(row => row.map(value => (value === null ? null : String(value))))
}
