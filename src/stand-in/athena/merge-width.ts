import { namedError } from './query-error.ts'
import type { Merge } from './sql/ast.ts'
import type { IcebergTable } from './table-catalog.ts'

/** Columns up to which Athena's MERGE with several WHEN clauses runs; neither engine here has such a limit of its own. */
const MAX_MERGE_COLUMNS = 321

/** Refuses a MERGE that is too wide for Athena. */
export function requireMergeWidth(merge: Merge, { columns }: IcebergTable): void {
  if (merge.clauses.length === 1 || columns.length <= MAX_MERGE_COLUMNS) return
  throw namedError('GENERIC_INTERNAL_ERROR', `MERGE of ${columns.length} columns is too wide`)
}
