import type { ResultRow } from '../engine.ts'

/** Writes one row as Athena's result files do: every value in double quotes, NULL as nothing at all. */
export function csvLine(row: ResultRow): string {
  return `${row.map(value => (value === null ? '' : `"${value.replaceAll('"', '""')}"`)).join(',')}\n`
}

/** Writes one row of a text result: tabs between values, no quotes. */
export function textLine(row: ResultRow): string {
  return `${row.map(value => (value ?? '').replaceAll(/[\t\n]/g, ' ')).join('\t')}\n`
}

/** A row read from a file, and where the next one begins, in bytes from the start of what was read. */
export interface ReadRow {
  readonly row: ResultRow
  readonly endsAt: number
}

const [QUOTE, COMMA, NEWLINE] = [0x22, 0x2c, 0x0a]

/** Reads rows from bytes that begin at a row; an unfinished last row is not given. */
export function* readCsvRows(bytes: Buffer): Generator<ReadRow> {
  let values: (string | null)[] = []
  let start = 0
  let isQuoted = false
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte === QUOTE) isQuoted = !isQuoted
    if (isQuoted || (byte !== COMMA && byte !== NEWLINE)) continue
    values.push(readValue(bytes.toString('utf8', start, at)))
    start = at + 1
    if (byte !== NEWLINE) continue
    yield { row: values, endsAt: start }
    values = []
  }
}

function readValue(raw: string): string | null {
  return raw === '' ? null : raw.slice(1, -1).replaceAll('""', '"')
}

/** Reads rows of a text result. */
export function* readTextRows(bytes: Buffer): Generator<ReadRow> {
  let start = 0
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, start)) {
    const row = bytes.toString('utf8', start, at).split('\t')
    start = at + 1
    yield { row, endsAt: start }
  }
}
