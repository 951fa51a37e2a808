import { namedError } from '../query-error.ts'
import { loadSnapshot } from './load-snapshot.ts'
import { currentSnapshot, type TableMetadata } from './metadata.ts'
import { type FieldLimit, mayContain } from './prune.ts'
import type { TableFiles } from './table-files.ts'

/**
 * Insists that a change computed from `base` still holds on `current`.
 *
 * @throws {QueryError} `ICEBERG_COMMIT_ERROR` when the schema or partitioning changed, or, for a change that read rows within
 * `limits`, when files that can hold such rows were added, given deletes or removed since.
 */
export async function requireNoConflict(
  files: TableFiles,
  base: TableMetadata,
  current: TableMetadata,
  limits: readonly FieldLimit[] | undefined,
): Promise<void> {
  if (isOtherShape(base, current)) {
    throw commitError('the table was replaced, or its schema or partitioning changed')
  }
  if (!limits || current['current-snapshot-id'] === base['current-snapshot-id']) return
  const before = await loadSnapshot(files, currentSnapshot(base))
  const after = await loadSnapshot(files, currentSnapshot(current))
  const [known, live] = [paths(before.data), paths(after.data)]
  const newData = after.data.filter(one => !known.has(one.file.filePath))
  const lost = before.data.filter(one => !live.has(one.file.filePath))
  const hasNewDeletes = after.positionDeletes.length !== before.positionDeletes.length
  if (hasNewDeletes || lost.length > 0 || newData.some(one => mayContain(one.file, limits))) {
    const example = newData[0]?.file.filePath ?? ''
    throw commitError(`Found conflicting files that can contain records matching the statement: [${example}]`)
  }
}

function isOtherShape(base: TableMetadata, current: TableMetadata): boolean {
  return (
    base['table-uuid'] !== current['table-uuid'] ||
    base['current-schema-id'] !== current['current-schema-id'] ||
    base['default-spec-id'] !== current['default-spec-id']
  )
}

function paths(entries: readonly { readonly file: { readonly filePath: string } }[]): ReadonlySet<string> {
  return new Set(entries.map(entry => entry.file.filePath))
}

function commitError(reason: string) {
  return namedError('ICEBERG_COMMIT_ERROR', `Failed to commit the transaction during write: ${reason}`)
}
