import { quoteIdentifier } from './quote.ts'
import { qualified } from './staged-rows.ts'

/** Removes the rows of a target whose version is older than the active one, or unknown. Running it again changes nothing. */
export function olderVersionsStatement(
  table: { readonly database: string; readonly name: string },
  version: { readonly column: string; readonly active: number },
): string {
  const column = quoteIdentifier(version.column)
  return [
    `DELETE FROM ${qualified(table.database, table.name)}`,
    `WHERE ${column} IS NULL OR ${column} < ${version.active}`,
  ].join('\n')
}
