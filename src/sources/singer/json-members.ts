import { endOfString, endOfValue, skipSpace } from '../../domain/json-text.ts'

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
