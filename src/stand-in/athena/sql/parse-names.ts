import type { TokenCursor } from './token-cursor.ts'

/** Reads names up to and with the closing parenthesis. */
export function takeNames(cursor: TokenCursor): readonly string[] {
  const names = [cursor.takeName()]
  while (cursor.accept(',')) names.push(cursor.takeName())
  cursor.expect(')')
  return names
}

/** Words that Trino does not reserve but that begin the next clause, so they are no bare alias here. */
const CLAUSES = new Set(
  'UNION EXCEPT INTERSECT LIMIT OFFSET FETCH WINDOW CROSS JOIN INNER LEFT RIGHT FULL NATURAL TABLESAMPLE QUALIFY SET WHEN MATCH_RECOGNIZE ROWS ROW'.split(
    ' ',
  ),
)

/** True when the next token can be an alias without AS. */
export function isAliasNext(cursor: TokenCursor): boolean {
  const token = cursor.peek()
  if (token.kind === 'quoted') return true
  if (token.kind !== 'word' || CLAUSES.has(token.keyword)) return false
  const mark = cursor.mark()
  try {
    cursor.takeName()
    return true
  } catch {
    // A reserved word: it belongs to the next clause.
    return false
  } finally {
    cursor.reset(mark)
  }
}
