import type { RowTexts } from '../support/load-problems.ts'
import { spelled, type TortureSource } from './source.ts'

/** What a read of a table showed. Each list tells rows or versions in sentences; none when all is well. */
export interface TableReading {
  readonly rowCount: number
  /** The version whose rows these are to be: the largest batch; 0 for a table without rows. */
  readonly version: number
  readonly lost: readonly string[]
  readonly doubled: readonly string[]
  /** Rows of other versions among those of this one. */
  readonly torn: readonly string[]
}

/** Compares the rows (id, value, batch) of one read with the one version of the source that they must be, row by row. */
export function checkReading(source: TortureSource, rows: readonly RowTexts[]): TableReading {
  const version = rows.reduce((largest, [, , batch]) => Math.max(largest, Number(batch)), 0)
  const expected = source.rowsOf(version) ?? new Map<string, string>()
  const found = new Map<string, string>()
  const doubled: string[] = []
  for (const [id = null, value = null, batch = null] of rows) {
    const key = String(id)
    if (found.has(key)) doubled.push(`id ${key} more than once`)
    found.set(key, spelled(value, batch))
  }
  return {
    rowCount: rows.length,
    version,
    doubled,
    lost: [...expected.keys()].filter(id => !found.has(id)).map(id => `id ${id} of version ${version}`),
    torn: [...found]
      .filter(([id, text]) => expected.get(id) !== text)
      .map(
        ([id, text]) => `id ${id} is "${text}", in version ${version} "${expected.get(id) ?? 'not there'}"`,
      ),
  }
}
