import type { LoadedModel } from './whole-product.ts'

/** Texts of a row's cells as Athena gives them; `null` is NULL. */
export type RowTexts = readonly (string | null)[]

/** What a load must have done. */
interface ExpectedLoad {
  /** The table's rows, in any order. */
  readonly rows: readonly RowTexts[]
  /** Rows inserted, updated or removed. Where there are none the load costs neither file nor statement. */
  readonly changeCount: number
}

/** Most rows of each side that are told. */
const MAX_TOLD = 3

/** Where a table, or what the product tells of its load, is not as it must be. Every cell of every row counts. */
export function loadProblems(
  expected: ExpectedLoad,
  told: LoadedModel,
  found: readonly RowTexts[],
): readonly string[] {
  const isUnchanged = expected.changeCount === 0
  return [
    ...rowDifferences(expected.rows, found),
    ...unequal('changed rows', told.changedRowCount, expected.changeCount),
    ...unequal('statements', told.statementCount, isUnchanged ? 0 : 1),
    ...(isUnchanged ? unequal('staged files', told.fileCount, 0) : []),
  ]
}

/** One text with the first rows that only one of two tables has, each as often as it occurs; none for equal tables. */
function rowDifferences(expected: readonly RowTexts[], found: readonly RowTexts[]): readonly string[] {
  const open = Map.groupBy(found.map(spelled), text => text)
  const missing = expected.map(spelled).filter(text => open.get(text)?.pop() === undefined)
  const unexpected = [...open.values()].flat()
  if (missing.length + unexpected.length === 0) return []
  const lines = [
    `${missing.length} rows are missing, ${unexpected.length} unexpected`,
    ...missing.slice(0, MAX_TOLD).map(text => `missing ${text}`),
    ...unexpected.slice(0, MAX_TOLD).map(text => `unexpected ${text}`),
  ]
  return [lines.join('\n')]
}

function spelled(row: RowTexts): string {
  return JSON.stringify(row)
}

function unequal(what: string, found: number, expected: number): readonly string[] {
  return found === expected ? [] : [`${found} ${what}, expected ${expected}`]
}
