import type { Place } from '../query-error.ts'
import type { Expression, Query } from './ast.ts'
import type { TokenCursor } from './token-cursor.ts'

/** What the parts of the grammar share; they contain each other, so they meet here instead of importing one another. */
export interface ParseContext {
  readonly cursor: TokenCursor
  /** Reads a whole query at the cursor. */
  readonly parseQuery: () => Query
  /** Reads one expression at the cursor. */
  readonly parseExpression: () => Expression
  /** Reads what may stand on one side of a comparison. */
  readonly parseValue: () => Expression
  /** Gives the expression behind the next `?`. */
  readonly takeParameter: (place: Place) => Expression
}

/** Reads expressions with commas between them, one at least. */
export function parseList(context: ParseContext): readonly Expression[] {
  const items = [context.parseExpression()]
  while (context.cursor.accept(',')) items.push(context.parseExpression())
  return items
}
