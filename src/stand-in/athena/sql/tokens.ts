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

/** How strings are spelled: DML doubles a quote, DDL is Hive's, where a backslash goes before it. */
export type StringSpelling = 'dml' | 'ddl'

/** A string of Hive's: whatever follows a backslash does not end it. */
const HIVE_STRING = /'(?:[^'\\]|\\[\s\S])*'/y

/** Characters that Hive spells by a letter. */
const HIVE_ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', 0: '\0' }

/**
 * Cuts a statement into tokens; the last one is always `end`.
 *
 * @throws {QueryError} `SYNTAX_ERROR` at a character or an unclosed quote that no token begins with.
 */
export function tokenize(sql: string, strings: StringSpelling = 'dml'): Tokens {
  const tokens: Token[] = []
  const lines = lineStarts(sql)
  let hasComments = false
  let at = 0
  while (at < sql.length) {
    const [kind, raw] = matchAt(sql, at, strings) ?? []
    if (kind === undefined || raw === undefined) throw unrecognised(sql, placeOf(lines, at), at)
    if (kind === 'comment') hasComments = true
    else if (kind !== 'blank')
      tokens.push(toToken(kind, contentOf(kind, raw, strings), at, placeOf(lines, at), raw.length))
    at += raw.length
  }
  tokens.push(toToken('end', '', at, placeOf(lines, at), 0))
  return { tokens, hasComments }
}

function matchAt(
  sql: string,
  at: number,
  strings: StringSpelling,
): readonly [Token['kind'] | 'blank' | 'comment', string] | undefined {
  for (const [kind, usual] of PATTERNS) {
    const pattern = kind === 'string' && strings === 'ddl' ? HIVE_STRING : usual
    pattern.lastIndex = at
    const raw = pattern.exec(sql)?.[0]
    if (raw !== undefined) return [kind, raw]
  }
  return undefined
}

function toToken(kind: Token['kind'], text: string, start: number, place: Place, length: number): Token {
  const keyword = kind === 'word' ? text.toUpperCase() : ''
  return { kind, text, keyword, place, start, end: start + length }
}

function contentOf(kind: Token['kind'], raw: string, strings: StringSpelling): string {
  switch (kind) {
    case 'quoted':
      return raw.slice(1, -1).replaceAll('""', '"')
    case 'backquoted':
      return raw.slice(1, -1).replaceAll('``', '`')
    case 'string':
      if (strings === 'ddl') return unescaped(raw.slice(1, -1))
      return raw.slice(1, -1).replaceAll("''", "'")
    case 'binary':
      return raw.slice(2, -1)
    default:
      return raw
  }
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(u([0-9a-fA-F]{4})|[\s\S])/g, (_, character: string, code?: string) =>
    code === undefined
      ? (HIVE_ESCAPES[character] ?? character)
      : String.fromCharCode(Number.parseInt(code, 16)),
  )
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

/** Quotes a text as a string literal of DDL. */
export function quoteHiveText(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`
}

/** Quotes a text as a string literal of DML. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
