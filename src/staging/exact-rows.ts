import { isUtf8 } from 'node:buffer'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type ColumnType, isNested } from '../domain/column-type.ts'
import { TransferError } from '../domain/errors.ts'
import { linesOf } from '../domain/lines.ts'
import type { RejectedRow } from '../domain/rejected-row.ts'
import type { CsvDialect } from '../domain/row-batch.ts'
import { ROW_COLUMN } from '../domain/row-identity.ts'
import type { CellProblem } from './cell-rules.ts'
import { type CsvValue, csvRows } from './csv-rows.ts'
import type { EncodedColumn, Window } from './encode-sql.ts'
import { type Cell, readJsonLine } from './json-line.ts'
import { listed } from './listed.ts'
import { openRejectedSpool, type RejectedRows } from './rejected-spool.ts'
import { readValue } from './value-rules.ts'

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
  /** Rows outside of it are passed over, should they not fit. */
  readonly window?: Window | undefined
  /** Where rejected rows are appended. */
  readonly rejectedPath: string
  /** Rejected rows after which reading stops; undefined reads all. */
  readonly maxRejected?: number | undefined
}

/** What the exact reader found. */
export interface ExactOutcome extends RejectedRows {
  readonly rowCount: number
  readonly csvHeader?: readonly string[]
}

/** Longest value that an error repeats, and longest reason that a parser gives, which may repeat the row, in characters. */
const [MAX_SHOWN, MAX_REASON] = [100, 300]

/**
 * Reads a slice value by value and writes the rows that fit to `target` as NDJSON of canonical text, the others to
 * `rejectedPath`. Slower than the checks in SQL, and the one that decides. Memory: a row for NDJSON, a slice for CSV.
 */
export async function readExactly(input: ExactInput, target: string): Promise<ExactOutcome> {
  const out = createWriteStream(target)
  const rejected = openRejectedSpool(input.rejectedPath)
  let rowCount = 0
  let csvHeader: readonly string[] | undefined
  const rows = input.format === 'csv' ? csvCells(input, header => (csvHeader = header)) : jsonCells(input)
  for await (const { line, cells } of rows) {
    const row = cells instanceof Error ? { reason: cells.message } : readRow(cells, input.columns)
    const place = input.firstRow + rowCount++
    if ('reason' in row && !(cells instanceof Error) && isOutside(cells, input)) continue
    if ('reason' in row) await rejected.add({ file: input.origin, line, ...row })
    else if (!out.write(`{${row.members.join(',')},"${ROW_COLUMN}":${place}}\n`)) await once(out, 'drain')
    if (rejected.count >= (input.maxRejected ?? Number.POSITIVE_INFINITY)) break
  }
  out.end()
  await once(out, 'close')
  return { rowCount, ...(await rejected.close()), ...(csvHeader ? { csvHeader } : {}) }
}

/**
 * True when a row's cursor lies outside of the window, so that the row is not read, whatever else it holds: the checks in
 * SQL do not look at it either. A cursor or a flag of deletion that does not fit lies nowhere, and tells nothing.
 */
function isOutside(cells: Cells, { columns, window }: ExactInput): boolean {
  const cursor = columns.find(({ tableName }) => tableName === window?.column)
  if (!cursor || !window) return false
  const at = textOf(cells, cursor)
  if (at === undefined) return false
  if (at === null) return window.to !== undefined
  const isBefore = (bound: string): boolean => isLess(at, boundText(bound, cursor), cursor.type)
  if (window.from !== undefined && isBefore(window.from)) return true
  return window.to !== undefined && !isBefore(window.to) && !mayBeDeleted(cells, columns, window)
}

/** A bound as the cursor's cells are read. */
function boundText(bound: string, { name, type }: EncodedColumn): string {
  const outcome = readValue(type, { kind: 'string', text: bound })
  if ('reason' in outcome || outcome.text === null)
    throw new TransferError('INTERNAL', `a window of column "${name}" is bounded by "${bound}"`)
  return outcome.text
}

/** By canonical texts: days sort as they are, microseconds and whole numbers as numbers. */
function isLess(left: string, right: string, type: ColumnType): boolean {
  return type.kind === 'date' ? left < right : BigInt(left) < BigInt(right)
}

function mayBeDeleted(cells: Cells, columns: readonly EncodedColumn[], { deletedBy }: Window): boolean {
  const column = columns.find(({ tableName }) => tableName === deletedBy)
  const text = column && textOf(cells, column)
  return column !== undefined && text !== null && text !== 'false'
}

/** A cell in canonical text; undefined when it does not fit. */
function textOf(cells: Cells, { name, type }: EncodedColumn): string | null | undefined {
  const cell = cells.get(name)
  const outcome = cell ? readValue(type, cell) : { text: null }
  return 'reason' in outcome ? undefined : outcome.text
}

type Cells = ReadonlyMap<string, Cell>
/** Members by table name. */
type ReadRow = { readonly members: readonly string[] } | Omit<RejectedRow, 'file' | 'line'>

function readRow(cells: Cells, columns: readonly EncodedColumn[]): ReadRow {
  const members: string[] = []
  for (const { name, tableName, type, isKey } of columns) {
    const cell = cells.get(name)
    if (!cell && isKey) return { column: name, reason: 'is NULL in a primary key' }
    const outcome = cell ? readValue(type, cell) : { text: null }
    if ('reason' in outcome) return rejection(name, cell?.text ?? '', outcome)
    const value = isNested(type) && outcome.text !== null ? outcome.text : JSON.stringify(outcome.text)
    members.push(`${JSON.stringify(tableName)}:${value}`)
  }
  return { members }
}

function rejection(column: string, text: string, { reason, part }: CellProblem): ReadRow {
  const value = (part?.text ?? text).slice(0, MAX_SHOWN)
  return { column, ...(part && { path: `${column}${part.path}` }), value, reason }
}

async function* jsonCells(input: ExactInput): AsyncGenerator<{ line: number; cells: Cells | Error }> {
  let line = input.firstLine - 1
  for await (const bytes of linesOf(createReadStream(input.path, { highWaterMark: 1 << 20 }))) {
    line++
    const content = bytes.toString().replace(line === 1 ? /^\uFEFF/ : '', '')
    if (!isUtf8(bytes)) yield { line, cells: new Error('is not UTF-8') }
    else if (content.trim() !== '') yield { line, cells: attempt(() => readJsonLine(content)) }
  }
}

function attempt(read: () => Cells): Cells | Error {
  try {
    return read()
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    return new Error(`is not a JSON object on one line: ${reason.slice(0, MAX_REASON)}`)
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
    ensureColumns(input, header, line)
  }
}

/** @throws {TransferError} `SOURCE_UNREADABLE` for a header that lacks a column of the model's, or has it twice. */
function ensureColumns({ origin, columns }: ExactInput, header: readonly string[], line: number): void {
  const counts = new Map<string, number>()
  for (const name of header) counts.set(name, (counts.get(name) ?? 0) + 1)
  for (const { name } of columns) {
    const count = counts.get(name) ?? 0
    if (count === 1) continue
    const problem = count === 0 ? `no column "${name}"` : `column "${name}" ${count} times`
    const message = `${origin} line ${line}: ${problem}; the header has: ${listed(header)}`
    throw new TransferError('SOURCE_UNREADABLE', message, { details: { file: origin, line } })
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
