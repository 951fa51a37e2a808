/**
 * The members of a JSON object, each with its value as it is spelled: numbers keep their digits, nested values their
 * spaces. Of a name that occurs twice the last counts, as `JSON.parse` has it.
 *
 * Only for text that `JSON.parse` has read as an object; nothing is checked again.
 */
export function jsonMembers(text: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>()
  let at = skipSpace(text, text.indexOf('{') + 1)
  while (text[at] === '"') {
    const nameEnd = endOfString(text, at)
    const name = String(JSON.parse(text.slice(at, nameEnd)))
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1)
    const end = endOfValue(text, start)
    members.set(name, text.slice(start, end))
    at = skipSpace(text, skipSpace(text, end) + 1)
  }
  return members
}

const NOT_SPACE = /[^ \t\r\n]/g

function skipSpace(text: string, from: number): number {
  NOT_SPACE.lastIndex = from
  return NOT_SPACE.exec(text)?.index ?? text.length
}

/** The index behind a string's closing quote: the next one after an even number of backslashes. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text[at - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return at + 1
  }
}

/** What ends a number or a word, opens or closes brackets, or begins a string. */
const SCALAR_END = /[,}\] \t\r\n]/g
const BRACKET_OR_QUOTE = /["{}[\]]/g

function endOfValue(text: string, start: number): number {
  const first = text[start]
  if (first === '"') return endOfString(text, start)
  if (first === '{' || first === '[') return endOfBrackets(text, start)
  SCALAR_END.lastIndex = start
  return SCALAR_END.exec(text)?.index ?? text.length
}

function endOfBrackets(text: string, start: number): number {
  let depth = 0
  let at = start
  do {
    BRACKET_OR_QUOTE.lastIndex = at
    at = BRACKET_OR_QUOTE.exec(text)?.index ?? text.length
    const found = text[at]
    if (found === '{' || found === '[') depth++
    if (found === '}' || found === ']') depth--
    at = found === '"' ? endOfString(text, at) : at + 1
  } while (depth > 0)
  return at
}
