import { errorAt } from '../query-error.ts'
import type { Expression, SortItem } from '../sql/ast.ts'
import type { OutputColumn } from './render-context.ts'

/** The 1-based position in the result that an ORDER BY or GROUP BY item stands for, if it is a name or number of one. */
export function outputOrdinal(by: Expression, columns: readonly OutputColumn[]): number | undefined {
  if (by.kind === 'literal' && by.type.kind === 'integer') {
    const ordinal = Number(by.text)
    if (ordinal >= 1 && ordinal <= columns.length) return ordinal
    throw errorAt('SYNTAX_ERROR', by.place, `ORDER BY position ${ordinal} is not in select list`)
  }
  if (by.kind !== 'column' || by.parts.length !== 1) return undefined
  const index = columns.findIndex(column => column.name === by.parts[0])
  return index < 0 ? undefined : index + 1
}

/** Writes one item of ORDER BY, the place of NULLs spelled out. */
export function sortText(sql: string, item: SortItem): string {
  return `${sql} ${item.isDescending ? 'DESC' : 'ASC'} NULLS ${item.nullsFirst ? 'FIRST' : 'LAST'}`
}
