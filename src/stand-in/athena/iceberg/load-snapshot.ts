import { namedError, notImitated } from '../query-error.ts'
import { type ManifestEntry, readManifest } from './manifest.ts'
import { type ManifestFile, readManifestList } from './manifest-list.ts'
import type { Snapshot } from './metadata.ts'
import type { TableFiles } from './table-files.ts'

/** A live file of a snapshot, and the manifest that names it. */
export interface LiveFile extends ManifestEntry {
  readonly manifest: ManifestFile
}

/** All that a snapshot consists of. */
export interface SnapshotFiles {
  readonly manifests: readonly ManifestFile[]
  readonly data: readonly LiveFile[]
  readonly positionDeletes: readonly LiveFile[]
}

/**
 * Reads a snapshot's manifest list and manifests; a table without a snapshot has no files.
 *
 * @throws {QueryError} `NOT_SUPPORTED` for equality deletes and for files other than Parquet.
 */
export async function loadSnapshot(
  files: TableFiles,
  snapshot: Snapshot | undefined,
): Promise<SnapshotFiles> {
  if (!snapshot) return { manifests: [], data: [], positionDeletes: [] }
  const manifests = await readManifestList(await files.read(snapshot['manifest-list']))
  const live: LiveFile[] = []
  for (const manifest of manifests) {
    const entries = await readEntries(files, manifest)
    live.push(...entries.filter(entry => entry.status !== 'deleted').map(entry => ({ ...entry, manifest })))
  }
  for (const { file } of live) requireReadable(file.content, file.format)
  return {
    manifests,
    data: live.filter(one => one.file.content === 0),
    positionDeletes: live.filter(one => one.file.content === 1),
  }
}

function requireReadable(content: number, format: string): void {
  if (content === 2) throw notImitated('An Iceberg table with equality deletes')
  if (content > 2) throw namedError('ICEBERG_INVALID_METADATA', `Unknown file content ${content}`)
  if (format !== 'PARQUET') throw notImitated(`An Iceberg table with ${format} files`)
}

/** Reads one manifest of a manifest list. */
export async function readEntries(
  files: TableFiles,
  manifest: ManifestFile,
): Promise<readonly ManifestEntry[]> {
  return readManifest(await files.read(manifest.manifest_path), {
    snapshotId: manifest.added_snapshot_id,
    sequenceNumber: manifest.sequence_number,
  })
}
