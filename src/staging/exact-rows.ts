import { isUtf8 } from 'node:buffer'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { TransferError } from '../domain/errors.ts'
import type { CsvDialect } from '../domain/row-batch.ts'
import { readCell } from './cell-rules.ts'
import { type CsvValue, csvRows } from './csv-rows.ts'
import { type EncodedColumn, ROW_COLUMN } from './encode-sql.ts'
import { type Cell, readJsonLine } from './json-line.ts'

/** A row that does not fit, and why. */
export interface RejectedRow {
  readonly file: string
  /** 1-based; the row's number for Parquet. */
  readonly line: number
  /** Undefined when the row as a whole cannot be read. */
  readonly column?: string | undefined
  /** The first 100 characters. */
  readonly value?: string | undefined
  readonly reason: string
}

/** What the exact reader is to read. */
export interface ExactInput {
  readonly path: string
  readonly origin: string
  readonly format: 'ndjson' | 'csv'
  readonly csv?: CsvDialect | undefined
  /** Header of the CSV file; absent for the slice that begins with it. */
  readonly csvHeader?: readonly string[] | undefined
  readonly firstLine: number
  readonly firstRow: number
  readonly columns: readonly EncodedColumn[]
  /** Rejected rows after which reading stops. */
  readonly maxRejected: number
}

/** What the exact reader found. */
export interface ExactOutcome {
  readonly rowCount: number
  readonly rejected: readonly RejectedRow[]
  readonly csvHeader?: readonly string[]
}

/** Longest value that an error repeats, in characters. */
const MAX_SHOWN = 100

/**
 * Reads a slice value by value and writes the rows that fit to `target` as NDJSON of canonical text. Slower than the
 * checks in SQL, and the one that decides. Memory: a row for NDJSON, a slice for CSV.
 */
export async function readExactly(input: ExactInput, target: string): Promise<ExactOutcome> {
  const out = createWriteStream(target)
  const rejected: RejectedRow[] = []
  let rowCount = 0
  let csvHeader: readonly string[] | undefined
  const rows = input.format === 'csv' ? csvCells(input, header => (csvHeader = header)) : jsonCells(input)
  for await (const { line, cells } of rows) {
    const row = cells instanceof Error ? { reason: cells.message } : readRow(cells, input.columns)
    const place = input.firstRow + rowCount++
    if ('reason' in row) rejected.push({ file: input.origin, line, ...row })
    else if (!out.write(`${JSON.stringify(Object.fromEntries([...row.values, [ROW_COLUMN, place]]))}\n`))
      await once(out, 'drain')
    if (rejected.length > input.maxRejected) break
  }
  out.end()
  await once(out, 'close')
  return { rowCount, rejected, ...(csvHeader ? { csvHeader } : {}) }
}

type Cells = ReadonlyMap<string, Cell>
type ReadRow =
  /** By table name. */
  | { readonly values: readonly (readonly [tableName: string, text: string | null])[] }
  | Omit<RejectedRow, 'file' | 'line'>

function readRow(cells: Cells, columns: readonly EncodedColumn[]): ReadRow {
  const values: [string, string | null][] = []
  for (const column of columns) {
    const cell = cells.get(column.name)
    if (!cell && column.isKey) return { column: column.name, reason: 'is NULL in a primary key' }
    const outcome = cell ? readCell(column.type, cell) : { text: null }
    if ('reason' in outcome)
      return { column: column.name, value: (cell?.text ?? '').slice(0, MAX_SHOWN), reason: outcome.reason }
    values.push([column.tableName, outcome.text])
  }
  return { values }
}

async function* jsonCells(input: ExactInput): AsyncGenerator<{ line: number; cells: Cells | Error }> {
  let line = input.firstLine - 1
  for await (const bytes of linesOf(input.path)) {
    line++
    const content = bytes.toString().replace(line === 1 ? /^\uFEFF/ : '', '')
    if (!isUtf8(bytes)) yield { line, cells: new Error('is not UTF-8') }
    else if (content.trim() !== '') yield { line, cells: attempt(() => readJsonLine(content)) }
  }
}

/** The lines of a file without their newlines. Memory: a chunk and a line. */
async function* linesOf(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  const chunks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 1 << 20 })
  for await (const chunk of chunks) {
    const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let from = 0
    for (let end = text.indexOf(10); end !== -1; end = text.indexOf(10, from)) {
      yield text.subarray(from, end)
      from = end + 1
    }
    rest = text.subarray(from)
  }
  if (rest.length > 0) yield rest
}

function attempt(read: () => Cells): Cells | Error {
  try {
    return read()
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    return new Error(`is not a JSON object on one line: ${reason}`)
  }
}

async function* csvCells(
  input: ExactInput,
  onHeader: (header: readonly string[]) => void,
): AsyncGenerator<{ line: number; cells: Cells | Error }> {
  const bytes = await readFile(input.path)
  if (!isUtf8(bytes))
    throw new TransferError(
      'SOURCE_UNREADABLE',
      `${input.origin}: is not UTF-8 after line ${input.firstLine}`,
    )
  const text = bytes.toString().replace(input.firstLine === 1 ? /^\uFEFF/ : '', '')
  const dialect = input.csv ?? { delimiter: ',', quote: '"', nullText: '' }
  let header = input.csvHeader
  for (const row of csvRows(text, dialect)) {
    const line = input.firstLine + row.line - 1
    if (header) {
      yield {
        line,
        cells: row.problem ? new Error(row.problem) : csvRow(header, row.values, dialect.nullText),
      }
      continue
    }
    header = row.values.map(value => value.text)
    onHeader(header)
    const missing = input.columns.find(column => !header?.includes(column.name))
    if (!missing) continue
    yield {
      line,
      cells: new Error(`the header has no column "${missing.name}"; it has: ${header.join(', ')}`),
    }
    return
  }
}

function csvRow(header: readonly string[], values: readonly CsvValue[], nullText: string): Cells | Error {
  if (values.length !== header.length)
    return new Error(`has ${values.length} values, the header has ${header.length}`)
  const cells = new Map<string, Cell>()
  for (const [index, { text, quoted }] of values.entries()) {
    if (quoted || text !== nullText) cells.set(header[index] ?? '', { kind: 'string', text })
  }
  return cells
}
