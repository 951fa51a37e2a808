import type { ColumnType } from '../domain/column-type.ts'
import { NEWLINE } from '../domain/lines.ts'
import { type EncodedColumn, FAST_DECIMAL_DIGITS } from './encode-sql.ts'

/** What was found of a slice's rows. */
export interface TemplateOutcome {
  /** Rows, all of them certain; undefined when a row was not, which says nothing against it. */
  readonly certainRowCount: number | undefined
}

/** The state of looking, see `createRowTemplate`. */
export type RowTemplate = ReturnType<typeof createRowTemplate>

/**
 * Looks for NDJSON rows that DuckDB surely reads into the columns' own types as they are. Producers write row after row
 * alike, so one regular expression made from a slice's first row is tried on each: same keys in the same order, each value
 * spelled in a way that its type takes without rounding, cutting or guessing. A row that differs only makes its slice
 * take a slower path. Memory: one chunk as text, and the open row.
 */
export function createRowTemplate(columns: readonly EncodedColumn[]) {
  let template: RegExp | undefined
  let isCertain = true
  let rowCount = 0
  let openRow = ''
  const check = (rows: string): void => {
    if (rows.length > LONGEST_BYTES) {
      isCertain = false
      return
    }
    template ??= templateOf(rows.slice(0, rows.indexOf('\n') + 1), columns)
    if (!template) isCertain = false
    else template.lastIndex = 0
    while (isCertain && template && template.lastIndex < rows.length) {
      isCertain = template.test(rows)
      rowCount++
    }
  }
  return {
    isCertain: () => isCertain,
    /** The bytes of the row that has begun and not ended, each as one character. */
    openRow: () => openRow,
    /** Takes the next bytes; `boundary` is behind the last newline among them, 0 without one. */
    next: (chunk: Uint8Array, boundary: number): void => {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      const first = boundary === 0 ? 0 : bytes.indexOf(NEWLINE) + 1
      if (isCertain && first > 0) check(openRow + bytes.toString('latin1', 0, first))
      for (let at = first; isCertain && at < boundary; ) {
        const end = endOfPiece(bytes, at, boundary)
        check(bytes.toString('latin1', at, end))
        at = end
      }
      openRow = (boundary > 0 ? '' : openRow) + bytes.toString('latin1', boundary)
    },
    /** The last row may lack its newline. */
    end: (): void => {
      if (isCertain && openRow !== '') check(`${openRow}\n`)
    },
    /** What was found since the last call; the next row makes a new template. */
    take: (): TemplateOutcome => {
      const outcome = { certainRowCount: isCertain ? rowCount : undefined }
      template = undefined
      isCertain = true
      rowCount = 0
      return outcome
    },
  }
}

/** Bytes made into one text: few enough that V8 makes and forgets it among its short-lived objects. */
const PIECE_BYTES = 64 * 1024

/** Longest text that the expression is tried on: one of many megabytes could exhaust its stack. */
const LONGEST_BYTES = 1024 * 1024

/** Behind the last newline of the next piece, or behind the next newline where a row is longer. */
function endOfPiece(bytes: Buffer, start: number, boundary: number): number {
  const limit = start + PIECE_BYTES
  if (limit >= boundary) return boundary
  const last = bytes.lastIndexOf(NEWLINE, limit)
  return (last >= start ? last : bytes.indexOf(NEWLINE, limit)) + 1
}

/** How producers space a row: not at all, or behind each colon and comma. Fixed text is what a regular expression is fastest at. */
const SPACINGS = ['', ' '] as const

/** The expression for rows like this one; undefined when the row, a key or a type allows none. */
function templateOf(row: string, columns: readonly EncodedColumn[]): RegExp | undefined {
  const keys = keysOf(row)
  if (!columns.every(column => keys.includes(column.name) || !column.isKey)) return undefined
  const members: { readonly key: string; readonly value: string }[] = []
  for (const key of keys) {
    const column = columns.find(({ name }) => name === key)
    const value = column ? valuePattern(column.type) : `${TEXT}|-?\\d[\\d.eE+-]*|true|false|null`
    if (value === undefined) return undefined
    members.push({ key: escaped(key), value: `(?:${value}${column && !column.isKey ? '|null' : ''})` })
  }
  return SPACINGS.map(space => {
    const spelled = members.map(({ key, value }) => `${key}:${space}${value}`)
    return new RegExp(`\\{${spelled.join(`,${space}`)}\\}\\r?\\n`, 'y')
  }).find(template => template.test(row))
}

function keysOf(row: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(row, 'latin1').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []
  } catch {
    // Not a row; the exact reader says what it is.
    return []
  }
}

/** A key as it stands in the bytes, each taken as one character. */
function escaped(key: string): string {
  return Buffer.from(JSON.stringify(key))
    .toString('latin1')
    .replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

const TEXT = '"[^"\\\\\\n]*(?:\\\\.[^"\\\\\\n]*)*"'

/** A class so many times, spelled out: V8 compares four characters at once where `{8}` is a loop with a counter. */
const times = (characterClass: string, count: number): string => characterClass.repeat(count)

const DAY = `(?:[1-9]${times('\\d', 3)}|0(?!000)${times('\\d', 3)})-\\d\\d-\\d\\d`
const UUID = [8, 4, 4, 4, 12].map(digits => times('[0-9a-fA-F]', digits)).join('-')

/** The sign of a number with a point, unless that is zero: the exact reader alone keeps negative zeros. */
const MINUS = '(?:-(?!0+\\.0+\\D))?'

/** How a value is spelled that DuckDB's reader takes exactly; undefined for types that it does not read so. */
function valuePattern(type: ColumnType): string | undefined {
  switch (type.kind) {
    case 'string':
      return TEXT
    case 'boolean':
      return 'true|false'
    case 'integer':
      return '-?[1-9]\\d{0,8}|0'
    case 'bigint':
      return '-?[1-9]\\d{0,17}|0'
    case 'double':
      return `${MINUS}\\d{1,15}\\.\\d{1,17}(?:[eE][+-]?\\d{1,2})?|-?[1-9]\\d{0,14}|0`
    case 'decimal':
      return decimalPattern(type)
    case 'date':
      return `"${DAY}"`
    case 'timestamp':
      return `"${DAY}[T ](?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?Z"`
    case 'uuid':
      return `"${UUID}"`
    default:
      return undefined
  }
}

/** Digits that a double keeps of any decimal number, which is what DuckDB's reader makes of a JSON number first. */
const DOUBLE_DIGITS = 15

function decimalPattern({ precision, scale }: { readonly precision: number; readonly scale: number }) {
  const spelled = (digits: number): string | undefined => {
    const whole = Math.min(precision, digits) - scale
    const fraction = scale === 0 ? '' : `(?:\\.\\d{1,${scale}})?`
    return whole < 1 ? undefined : `-?(?:0|[1-9]\\d{0,${whole - 1}})${fraction}`
  }
  const text = spelled(FAST_DECIMAL_DIGITS)
  const number = spelled(DOUBLE_DIGITS)
  return text === undefined ? undefined : [`"${text}"`, ...(number === undefined ? [] : [number])].join('|')
}
