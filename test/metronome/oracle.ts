import type { MetronomeModel } from './models.ts'
import type { SourceRow } from './source.ts'

/**
 * What a table must hold after a transfer, by a plain reading of the write modes: the newest row of each key, every row
 * ever seen, or what the source holds. It shares no code with the product.
 */
export function tableAfter(
  { writeMode }: MetronomeModel,
  before: readonly SourceRow[],
  source: readonly SourceRow[],
): readonly SourceRow[] {
  switch (writeMode) {
    case 'append':
      return [...new Set([...before, ...source])]
    case 'merge':
      return newestOf([...before, ...source])
    case 'overwrite':
      return newestOf(source)
  }
}

/** Of equal cursors the later row counts. */
function newestOf(rows: readonly SourceRow[]): readonly SourceRow[] {
  const byKey = new Map<string, SourceRow>()
  for (const row of rows) {
    const other = byKey.get(row.key)
    if (!other || row.at >= other.at) byKey.set(row.key, row)
  }
  return [...byKey.values()]
}

/** How many rows a transfer inserted, updated or removed, each key once where there is one. */
export function changeCount(
  { writeMode }: MetronomeModel,
  before: readonly SourceRow[],
  after: readonly SourceRow[],
): number {
  const [old, present] = [new Set(before), new Set(after)]
  const changed = [...before.filter(row => !present.has(row)), ...after.filter(row => !old.has(row))]
  return writeMode === 'append' ? changed.length : new Set(changed.map(row => row.key)).size
}
