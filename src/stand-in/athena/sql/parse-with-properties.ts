import { notImitated } from '../query-error.ts'
import type { TokenCursor } from './token-cursor.ts'

/** Reads `(name = 'text', …)`; `what` names the statement in the refusal of other values. */
export function parseWithProperties(cursor: TokenCursor, what: string): ReadonlyMap<string, string> {
  const properties = new Map<string, string>()
  cursor.expect('(')
  do {
    const name = cursor.takeName()
    cursor.expect('=')
    if (cursor.peek().kind !== 'string') throw notImitated(`${what} with ${name}`)
    properties.set(name, cursor.takeString())
  } while (cursor.accept(','))
  cursor.expect(')')
  return properties
}
