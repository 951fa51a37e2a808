import { rm } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { CsvDialect, RowFormat } from '../domain/row-batch.ts'
import {
  canonicalRows,
  canonicalText,
  checkedRows,
  type EncodedColumn,
  hasCheckedRows,
  identifier,
  inWindow,
  literal,
  type Window,
} from './encode-sql.ts'
import { type RejectedRow, readExactly } from './exact-rows.ts'
import { parquetAsText } from './parquet-source.ts'

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
  readonly columns: readonly EncodedColumn[]
  readonly window?: Window | undefined
  readonly cursor?: string | undefined
  readonly maxRejected: number
  /** Where the Parquet file is to be. Absent afterwards if no row is staged. */
  readonly target: string
}

/** What became of a slice. `rowCount` of the slice = `stagedRowCount` + rejected + outside the window. */
export interface EncodeOutcome {
  readonly rowCount: number
  readonly stagedRowCount: number
  readonly rejected: readonly RejectedRow[]
  readonly csvHeader?: readonly string[] | undefined
  readonly maxCursor: string | null
  /** By table name of each primary-key column, in canonical text. */
  readonly keyBounds: readonly { readonly column: string; readonly min: string; readonly max: string }[]
}

/** Rows in a row group of the staged files, as DuckDB and Athena read best; fewer for wide models, whose groups are held in memory. */
const ROW_GROUP = { rows: 122_880, least: 2_048, values: 2_000_000 } as const

function rowGroupRows(columnCount: number): number {
  const fitting = Math.floor(ROW_GROUP.values / columnCount / ROW_GROUP.least) * ROW_GROUP.least
  return Math.max(Math.min(ROW_GROUP.rows, fitting), ROW_GROUP.least)
}

/**
 * Encodes one slice: by the checks in SQL where they are enough, value by value where they are not or found something.
 *
 * @throws {TransferError} `SOURCE_UNREADABLE` for input that has no rows to tell of.
 */
export async function encodeSlice(
  connection: DuckDBConnection,
  request: EncodeRequest,
): Promise<EncodeOutcome> {
  if (isSurelyExact(request)) {
    const encoded = await tryChecked(connection, request)
    if (encoded) return { ...encoded, rejected: [] }
  }
  const text = request.format === 'parquet' ? await parquetAsText(connection, request) : request.path
  const canonical = `${request.target}.ndjson`
  try {
    const format = request.format === 'csv' ? 'csv' : 'ndjson'
    const exact = await readExactly({ ...request, path: text, format }, canonical)
    const encoded = await copy(connection, request, canonicalRows(canonical, request.columns))
    return { ...encoded, rowCount: exact.rowCount, rejected: exact.rejected, csvHeader: exact.csvHeader }
  } finally {
    await rm(canonical, { force: true })
    if (text !== request.path) await rm(text, { force: true })
  }
}

/** Decimals written with more digits than a double keeps would be rounded by DuckDB's JSON reader before any check. */
function isSurelyExact({ format, columns, hasLongNumbers }: EncodeRequest): boolean {
  const hasDecimals = columns.some(column => column.type.kind === 'decimal')
  return format === 'ndjson' && hasCheckedRows(columns) && !(hasLongNumbers && hasDecimals)
}

type Encoded = Omit<EncodeOutcome, 'rejected'>

async function tryChecked(
  connection: DuckDBConnection,
  request: EncodeRequest,
): Promise<Encoded | undefined> {
  try {
    return await copy(connection, request, checkedRows(request.path, request.columns, request.firstRow))
  } catch {
    // Whatever it was, the exact reader looks at the same rows and names it.
    return undefined
  }
}

async function copy(connection: DuckDBConnection, request: EncodeRequest, rows: string): Promise<Encoded> {
  const { target, columns, window } = request
  const options = `FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V1, ROW_GROUP_SIZE ${rowGroupRows(columns.length)}`
  const total = window ? await countRows(connection, rows) : undefined
  await connection.run(`COPY (${inWindow(rows, columns, window)}) TO ${literal(target)} (${options})`)
  const facts = await readFacts(connection, request)
  if (facts.stagedRowCount === 0) await rm(target, { force: true })
  return { ...facts, rowCount: total ?? facts.stagedRowCount }
}

async function countRows(connection: DuckDBConnection, rows: string): Promise<number> {
  const [count = '0'] = await readTexts(connection, `SELECT CAST(count(*) AS VARCHAR) FROM (${rows})`)
  return Number(count)
}

/** Counts and bounds, read back from the file that was written. */
async function readFacts(
  connection: DuckDBConnection,
  request: EncodeRequest,
): Promise<Omit<Encoded, 'rowCount'>> {
  const keys = request.columns.filter(column => column.isKey)
  const cursor = request.columns.find(column => column.tableName === request.cursor)
  const bounds = keys.flatMap(key =>
    ['min', 'max'].map(name => canonicalText(key, `${name}(${identifier(key.tableName)})`)),
  )
  const maxCursor = cursor ? canonicalText(cursor, `max(${identifier(cursor.tableName)})`) : 'NULL'
  const select = ['CAST(count(*) AS VARCHAR)', maxCursor, ...bounds].join(', ')
  const [count, max, ...values] = await readTexts(
    connection,
    `SELECT ${select} FROM read_parquet(${literal(request.target)})`,
  )
  return {
    stagedRowCount: Number(count ?? 0),
    maxCursor: max ?? null,
    keyBounds: keys.flatMap((key, index) => {
      const [min, maximum] = [values[index * 2], values[index * 2 + 1]]
      return min == null || maximum == null ? [] : [{ column: key.tableName, min, max: maximum }]
    }),
  }
}

async function readTexts(connection: DuckDBConnection, sql: string): Promise<(string | null)[]> {
  const reader = await connection.runAndReadAll(sql)
  return (reader.getRows()[0] ?? []).map(value => (value === null ? null : String(value)))
}
