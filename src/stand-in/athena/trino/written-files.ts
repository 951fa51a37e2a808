import { loadSnapshot } from '../iceberg/load-snapshot.ts'
import { currentSnapshot, type TableMetadata } from '../iceberg/metadata.ts'
import type { TableFiles } from '../iceberg/table-files.ts'

/** URIs of the data and delete files that a table's newest snapshot added. */
export async function writtenFiles(files: TableFiles, metadata: TableMetadata): Promise<readonly string[]> {
  const snapshot = currentSnapshot(metadata)
  const { data, positionDeletes } = await loadSnapshot(files, snapshot)
  const id = snapshot?.['snapshot-id']
  return [...data, ...positionDeletes]
    .filter(one => one.status === 'added' && one.manifest.added_snapshot_id === id)
    .map(one => one.file.filePath)
}
