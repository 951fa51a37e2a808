/**
 * Where the parts of a JSON text begin and end, by their delimiters alone: whether a part is JSON is for `JSON.parse` to
 * say. So numbers and nested values keep their spelling.
 */

const NOT_SPACE = /[^ \t\r\n]/g

/** What ends a number or a word. */
const SCALAR_END = /[,}\] \t\r\n]/g

/** What opens or closes brackets, or begins a string. */
const BRACKET_OR_QUOTE = /["{}[\]]/g

/** The index of the next character that is no space; the text's length when there is none. */
export function skipSpace(text: string, from: number): number {
  return indexOfMatch(NOT_SPACE, text, from)
}

/**
 * The index behind the value that begins at `start`: of a string behind its quote, of brackets by depth, of the rest at the
 * next delimiter.
 *
 * @throws {SyntaxError} for a string or brackets without their end.
 */
export function endOfValue(text: string, start: number): number {
  const first = text[start]
  if (first === '"') return endOfString(text, start)
  if (first === '{' || first === '[') return endOfBrackets(text, start)
  return indexOfMatch(SCALAR_END, text, start)
}

/**
 * The index behind the closing quote of the string that begins at `start`: the next quote after an even number of
 * backslashes.
 *
 * @throws {SyntaxError} for a string without its end.
 */
export function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text[at - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return at + 1
  }
  throw new SyntaxError('a string without its end')
}

function endOfBrackets(text: string, start: number): number {
  let depth = 0
  let at = start
  do {
    at = indexOfMatch(BRACKET_OR_QUOTE, text, at)
    const found = text[at]
    if (found === undefined) throw new SyntaxError('brackets without their end')
    if (found === '{' || found === '[') depth++
    if (found === '}' || found === ']') depth--
    at = found === '"' ? endOfString(text, at) : at + 1
  } while (depth > 0)
  return at
}

function indexOfMatch(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from
  return pattern.exec(text)?.index ?? text.length
}
