import type { Place } from '../query-error.ts'
import type { DmlStatement, Expression, Merge, MergeClause, Query } from '../sql/ast.ts'

/** UPDATE and DELETE are a MERGE of one row that every row of the target within WHERE matches. */
export function changeAsMerge(change: Extract<DmlStatement, { kind: 'update' | 'delete' }>): Merge {
  const { target } = change
  const always: Expression = { kind: 'literal', place: target.place, type: { kind: 'boolean' }, text: 'true' }
  const clause: MergeClause =
    change.kind === 'delete'
      ? { kind: 'delete', place: target.place, condition: undefined }
      : { kind: 'update', place: target.place, condition: undefined, assignments: change.assignments }
  return {
    kind: 'merge',
    target,
    source: {
      kind: 'query',
      query: oneRow(target.place),
      alias: { name: 'stand-in row', columns: ['stand-in row'] },
    },
    on: change.where ?? always,
    clauses: [clause],
  }
}

function oneRow(place: Place): Query {
  const one: Expression = { kind: 'literal', place, type: { kind: 'integer' }, text: '1' }
  const body = { kind: 'values', place, rows: [[one]] } as const
  return { place, with: [], body, orderBy: [], offset: undefined, limit: undefined }
}
