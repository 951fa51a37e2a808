import { errorAt, type Place, type QueryError } from '../query-error.ts'
import type { Token } from './tokens.ts'

/** A position among a statement's tokens, moved forward as the parsers eat them. */
export interface TokenCursor {
  /** The token `ahead` steps from here; `end` for ever behind the last. */
  peek(ahead?: number): Token
  take(): Token
  readonly place: Place
  /** True when these keywords or signs come next, in this order; eats nothing. */
  sees(...words: readonly string[]): boolean
  /** Eats these keywords or signs when all of them come next. */
  accept(...words: readonly string[]): boolean
  /** @throws {QueryError} `SYNTAX_ERROR` when something else comes next. */
  expect(...words: readonly string[]): void
  /** A name: a plain word that is not reserved, or a quoted one; always lower case, as Athena folds it. */
  takeName(): string
  takeString(): string
  /** The error of meeting the next token here. */
  unexpected(expecting: string): QueryError
  /** The statement's text between two tokens. */
  textFrom(start: Token): string
  mark(): number
  reset(mark: number): void
}

/** What a cursor takes as names: DDL writes backquotes, DML double quotes. */
export interface NameRules {
  readonly quotes: readonly Token['kind'][]
  readonly reserved: ReadonlySet<string>
}

/** Opens a cursor at the first token. */
export function tokenCursor(sql: string, tokens: readonly Token[], rules: NameRules): TokenCursor {
  let at = 0
  const last = tokens.length - 1
  const cursor: TokenCursor = {
    peek: (ahead = 0) => tokenAt(tokens, Math.min(at + ahead, last)),
    take: () => {
      const token = cursor.peek()
      at = Math.min(at + 1, last)
      return token
    },
    get place() {
      return cursor.peek().place
    },
    sees: (...words) => words.every((word, ahead) => isWord(cursor.peek(ahead), word)),
    accept: (...words) => {
      if (!cursor.sees(...words)) return false
      at += words.length
      return true
    },
    expect: (...words) => {
      for (const word of words) if (!cursor.accept(word)) throw cursor.unexpected(`'${word}'`)
    },
    takeName: () => {
      const token = cursor.peek()
      if (!isName(token, rules)) throw cursor.unexpected('<identifier>')
      return cursor.take().text.toLowerCase()
    },
    takeString: () => {
      if (cursor.peek().kind !== 'string') throw cursor.unexpected('<string>')
      return cursor.take().text
    },
    unexpected: expecting => {
      const token = cursor.peek()
      const found = token.kind === 'end' ? '<EOF>' : sql.slice(token.start, token.end)
      return errorAt('SYNTAX_ERROR', token.place, `mismatched input '${found}'. Expecting: ${expecting}`)
    },
    textFrom: start => sql.slice(start.start, tokenAt(tokens, Math.max(at - 1, 0)).end),
    mark: () => at,
    reset: mark => {
      at = mark
    },
  }
  return cursor
}

function tokenAt(tokens: readonly Token[], index: number): Token {
  const token = tokens[index]
  if (!token) throw new Error('A tokenized statement always ends with an end token')
  return token
}

function isWord(token: Token, word: string): boolean {
  return token.kind === 'sign' ? token.text === word : token.keyword === word
}

function isName(token: Token, rules: NameRules): boolean {
  if (token.kind === 'word') return !rules.reserved.has(token.keyword)
  return rules.quotes.includes(token.kind)
}
