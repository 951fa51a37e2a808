/** One element of a compiled pattern: any run of characters, any one character, or this very character. */
type Token = typeof ANY | typeof ONE | string

const ANY = Symbol('any')
const ONE = Symbol('one')

/** Looks a policy variable up; undefined when the request has no such key. */
export type VariableLookup = (name: string) => string | undefined

/** A pattern of a policy, variables filled in. */
export type Pattern = readonly Token[]

/** Compiles text in which `*` and `?` are wildcards and nothing is a variable. */
export function compileWildcards(text: string): Pattern {
  return [...text].map(toToken)
}

/** Compiles text in which every character stands for itself. */
function compileLiteral(text: string): Pattern {
  return [...text]
}

/**
 * Compiles text with policy variables: `${key}`, `${key, 'default'}` and the escapes `${*}`, `${?}`, `${$}`.
 * A variable's value is never a wildcard. Undefined when a variable has no value: such a pattern matches nothing.
 */
export function compilePattern(
  text: string,
  lookup: VariableLookup,
  wildcards: 'wildcards' | 'literal',
): Pattern | undefined {
  const tokens: Token[] = []
  for (const piece of text.split(/(\$\{[^}]*\})/)) {
    if (!piece.startsWith('${') || !piece.endsWith('}')) {
      tokens.push(...(wildcards === 'wildcards' ? compileWildcards(piece) : compileLiteral(piece)))
      continue
    }
    const value = substitute(piece.slice(2, -1), lookup)
    if (value === undefined) return undefined
    tokens.push(...compileLiteral(value))
  }
  return tokens
}

function substitute(expression: string, lookup: VariableLookup): string | undefined {
  if (expression === '*' || expression === '?' || expression === '$') return expression
  const match = /^\s*([^,]+?)\s*(?:,\s*'([^']*)'\s*)?$/.exec(expression)
  const name = match?.[1]
  if (name === undefined) return undefined
  return lookup(name) ?? match?.[2]
}

function toToken(character: string): Token {
  if (character === '*') return ANY
  return character === '?' ? ONE : character
}

/** True when the whole text fits the pattern. Time is bounded by the product of the two lengths. */
export function matchesPattern(pattern: Pattern, text: string): boolean {
  const characters = [...text]
  let token = 0
  let position = 0
  let resumeToken = -1
  let resumePosition = 0
  while (position < characters.length) {
    const current = pattern[token]
    if (current === ANY) {
      resumeToken = token++
      resumePosition = position
    } else if (current !== undefined && (current === ONE || current === characters[position])) {
      token++
      position++
    } else if (resumeToken >= 0) {
      token = resumeToken + 1
      position = ++resumePosition
    } else return false
  }
  return pattern.slice(token).every(rest => rest === ANY)
}

/** The six parts of an ARN's text, the last one with its colons; undefined when there are fewer. */
function splitArn(text: string): readonly string[] | undefined {
  const parts = text.split(':')
  return parts.length < 6 ? undefined : [...parts.slice(0, 5), parts.slice(5).join(':')]
}

/**
 * True when an ARN fits a policy's ARN pattern: each of the six parts by itself, as wildcards do not cross them.
 * The pattern `*` alone fits every ARN.
 */
export function matchesArn(patternText: string, arn: string, lookup: VariableLookup): boolean {
  if (patternText === '*') return true
  const patterns = splitArn(protectVariables(patternText))
  const parts = splitArn(arn)
  if (!patterns || !parts) return false
  return patterns.every((text, index) => {
    const pattern = compilePattern(restoreVariables(text), lookup, 'wildcards')
    return pattern !== undefined && matchesPattern(pattern, parts[index] ?? '')
  })
}

/** Hides the colons inside `${…}` while an ARN is split. */
function protectVariables(text: string): string {
  return text.replaceAll(/\$\{[^}]*\}/g, variable => variable.replaceAll(':', '\u0000'))
}

function restoreVariables(text: string): string {
  return text.replaceAll('\u0000', ':')
}
