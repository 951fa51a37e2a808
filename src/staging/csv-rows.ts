import type { CsvDialect } from '../domain/row-batch.ts'

/** One value of a CSV row; only an unquoted one can be NULL. */
export interface CsvValue {
  readonly text: string
  readonly quoted: boolean
}

/** One row with the 1-based line it begins at, counted from the beginning of the text. */
export interface CsvRow {
  readonly line: number
  readonly values: readonly CsvValue[]
  /** What is wrong with the row's quoting, if anything. */
  readonly problem?: string
}

/**
 * Splits text that begins and ends at row boundaries into rows. Empty lines are no rows. Quotes are doubled inside
 * quoted values; a quote within an unquoted value is a character like any other.
 */
export function* csvRows(text: string, { delimiter, quote }: CsvDialect): Generator<CsvRow> {
  let at = 0
  let line = 1
  while (at < text.length) {
    const row = readRow(text, at, { delimiter, quote })
    const isEmpty = row.values.length === 1 && row.values[0]?.text === '' && !row.values[0].quoted
    if (!isEmpty)
      yield { line, values: row.values, ...(row.problem === undefined ? {} : { problem: row.problem }) }
    for (
      let next = text.indexOf('\n', at);
      next !== -1 && next < row.end;
      next = text.indexOf('\n', next + 1)
    )
      line++
    at = row.end
  }
}

interface ReadRow {
  readonly values: CsvValue[]
  readonly end: number
  readonly problem: string | undefined
}

function readRow(text: string, start: number, dialect: Pick<CsvDialect, 'delimiter' | 'quote'>): ReadRow {
  const values: CsvValue[] = []
  let at = start
  let problem: string | undefined
  for (;;) {
    const value = text[at] === dialect.quote ? readQuoted(text, at, dialect.quote) : undefined
    const plainEnd = endOfPlain(text, value?.end ?? at, dialect.delimiter)
    const rest = text.slice(value?.end ?? at, plainEnd).replace(/\r$/, '')
    if (value && rest !== '') problem ??= `text after the closing quote: ${JSON.stringify(rest.slice(0, 20))}`
    if (value && !value.closed) problem ??= 'a quoted value without its end'
    values.push(value ? { text: value.text, quoted: true } : { text: rest, quoted: false })
    at = plainEnd
    if (text[at] !== dialect.delimiter) return { values, end: at + 1, problem }
    at++
  }
}

function readQuoted(
  text: string,
  start: number,
  quote: string,
): { text: string; end: number; closed: boolean } {
  let from = start + 1
  let content = ''
  for (;;) {
    const next = text.indexOf(quote, from)
    if (next === -1) return { text: content + text.slice(from), end: text.length, closed: false }
    content += text.slice(from, next)
    if (text[next + 1] !== quote) return { text: content, end: next + 1, closed: true }
    content += quote
    from = next + 2
  }
}

function endOfPlain(text: string, from: number, delimiter: string): number {
  let at = from
  while (at < text.length && text[at] !== delimiter && text[at] !== '\n') at++
  return at
}
