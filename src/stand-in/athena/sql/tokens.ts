import { errorAt, type Place, type QueryError } from '../query-error.ts'

/** The smallest pieces of a statement. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'backquoted' | 'string' | 'binary' | 'number' | 'sign' | 'end'
  /** The content: names and strings without their quotes and with doubled quotes made single. */
  readonly text: string
  /** The upper-case form of a plain word; empty for everything else, so that a quoted name is never a keyword. */
  readonly keyword: string
  readonly place: Place
  /** Offset of the first character and of the one after the last. */
  readonly start: number
  readonly end: number
}

/** A statement's tokens, and whether comments were met between them. */
export interface Tokens {
  readonly tokens: readonly Token[]
  readonly hasComments: boolean
}

const PATTERNS: readonly (readonly [kind: Token['kind'] | 'blank' | 'comment', pattern: RegExp])[] = [
  ['blank', /\s+/y],
  ['comment', /--[^\n]*|\/\*[\s\S]*?\*\//y],
  ['binary', /[xX]'(?:[^']|'')*'/y],
  ['string', /'(?:[^']|'')*'/y],
  ['quoted', /"(?:[^"]|"")*"/y],
  ['backquoted', /`(?:[^`]|``)*`/y],
  ['number', /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['word', /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ['sign', /<>|!=|<=|>=|\|\||->|=>|[-+*/%=<>(),.;?[\]:{}|@]/y],
]

/**
 * Cuts a statement into tokens; the last one is always `end`.
 *
 * @throws {QueryError} `SYNTAX_ERROR` at a character or an unclosed quote that no token begins with.
 */
export function tokenize(sql: string): Tokens {
  const tokens: Token[] = []
  const lines = lineStarts(sql)
  let hasComments = false
  let at = 0
  while (at < sql.length) {
    const [kind, raw] = matchAt(sql, at) ?? []
    if (kind === undefined || raw === undefined) throw unrecognised(sql, placeOf(lines, at), at)
    if (kind === 'comment') hasComments = true
    else if (kind !== 'blank') tokens.push(toToken(kind, raw, at, placeOf(lines, at)))
    at += raw.length
  }
  tokens.push(toToken('end', '', at, placeOf(lines, at)))
  return { tokens, hasComments }
}

function matchAt(
  sql: string,
  at: number,
): readonly [Token['kind'] | 'blank' | 'comment', string] | undefined {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at
    const raw = pattern.exec(sql)?.[0]
    if (raw !== undefined) return [kind, raw]
  }
  return undefined
}

function toToken(kind: Token['kind'], raw: string, start: number, place: Place): Token {
  const keyword = kind === 'word' ? raw.toUpperCase() : ''
  return { kind, text: contentOf(kind, raw), keyword, place, start, end: start + raw.length }
}

function contentOf(kind: Token['kind'], raw: string): string {
  switch (kind) {
    case 'quoted':
      return raw.slice(1, -1).replaceAll('""', '"')
    case 'backquoted':
      return raw.slice(1, -1).replaceAll('``', '`')
    case 'string':
      return raw.slice(1, -1).replaceAll("''", "'")
    case 'binary':
      return raw.slice(2, -1)
    default:
      return raw
  }
}

function lineStarts(sql: string): readonly number[] {
  const starts = [0]
  for (let at = sql.indexOf('\n'); at >= 0; at = sql.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function placeOf(starts: readonly number[], at: number): Place {
  let [low, high] = [0, starts.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((starts[middle] ?? 0) <= at) low = middle
    else high = middle - 1
  }
  return { line: low + 1, column: at - (starts[low] ?? 0) + 1 }
}

function unrecognised(sql: string, place: Place, at: number): QueryError {
  return errorAt('SYNTAX_ERROR', place, `mismatched input '${sql.charAt(at)}'`)
}

/** Quotes a name for DuckDB and for Athena's DML alike. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Quotes a text as a string literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
