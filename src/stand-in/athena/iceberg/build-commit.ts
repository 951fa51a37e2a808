import { randomBytes, randomUUID } from 'node:crypto'
import { joinUri } from '../s3-uri.ts'
import type { LiveFile, SnapshotFiles } from './load-snapshot.ts'
import { readEntries } from './load-snapshot.ts'
import { type DataFile, type ManifestEntry, writeManifest } from './manifest.ts'
import { type ManifestFile, writeManifestList } from './manifest-list.ts'
import {
  currentSchema,
  currentSpec,
  type PartitionSpec,
  type Snapshot,
  type TableMetadata,
} from './metadata.ts'
import { partitionFieldTypes } from './partition-type.ts'
import { snapshotSummary } from './snapshot-summary.ts'
import type { TableFiles } from './table-files.ts'

/** What one statement changes in a table. */
export interface TableChange {
  readonly operation: 'append' | 'overwrite' | 'delete'
  /** New data files, of the current partition spec. */
  readonly addedData: readonly DataFile[]
  /** New position delete files, with the spec of the data they are for. */
  readonly addedDeletes: readonly { readonly specId: number; readonly file: DataFile }[]
  /** Data files without a row left. */
  readonly removed: readonly LiveFile[]
}

/** A snapshot's files, written and not yet committed. */
export interface PreparedSnapshot {
  readonly snapshot: Snapshot
  /** URIs of what was written, to be deleted when the commit fails. */
  readonly written: readonly string[]
}

/** Writes manifests and manifest list of a snapshot on top of `metadata`. */
export async function prepareSnapshot(
  files: TableFiles,
  metadata: TableMetadata,
  base: SnapshotFiles,
  change: TableChange,
): Promise<PreparedSnapshot> {
  const writer = createManifestWriter(files, metadata)
  const kept = await rewriteWithout(files, base, change.removed, writer)
  const added = await writer.write('data', currentSpec(metadata)['spec-id'], writer.added(change.addedData))
  const deletes: ManifestFile[] = []
  for (const [specId, some] of Map.groupBy(change.addedDeletes, one => one.specId)) {
    deletes.push(...(await writer.write('deletes', specId, writer.added(some.map(one => one.file)))))
  }
  const { snapshotId, sequenceNumber } = writer
  const listUri = joinUri(metadata.location, `metadata/snap-${snapshotId}-1-${randomUUID()}.avro`)
  const parentSnapshotId = metadata['current-snapshot-id']
  const list = await writeManifestList({ snapshotId, parentSnapshotId, sequenceNumber }, [
    ...added,
    ...deletes,
    ...kept,
  ])
  await files.write(listUri, list)
  const parent = metadata.snapshots.find(one => one['snapshot-id'] === parentSnapshotId)
  const snapshot: Snapshot = {
    'snapshot-id': snapshotId,
    ...(parentSnapshotId === undefined ? {} : { 'parent-snapshot-id': parentSnapshotId }),
    'sequence-number': sequenceNumber,
    'timestamp-ms': Math.max(Date.now(), metadata['last-updated-ms'] + 1),
    'manifest-list': listUri,
    summary: snapshotSummary(change, parent?.summary),
    'schema-id': currentSchema(metadata)['schema-id'],
  }
  return { snapshot, written: [...writer.written, listUri] }
}

interface ManifestWriter {
  readonly snapshotId: bigint
  readonly sequenceNumber: number
  readonly written: readonly string[]
  added(files: readonly DataFile[]): readonly ManifestEntry[]
  /** Writes one manifest; no entries, no manifest. */
  write(
    content: 'data' | 'deletes',
    specId: number,
    entries: readonly ManifestEntry[],
  ): Promise<readonly ManifestFile[]>
}

function createManifestWriter(files: TableFiles, metadata: TableMetadata): ManifestWriter {
  // 63 random bits, as other writers choose their snapshot ids.
  const snapshotId = BigInt.asUintN(63, randomBytes(8).readBigUInt64BE())
  const sequenceNumber = metadata['last-sequence-number'] + 1
  const written: string[] = []
  const id = randomUUID()
  return {
    snapshotId,
    sequenceNumber,
    written,
    added: some =>
      some.map(file => ({
        status: 'added',
        snapshotId,
        sequenceNumber: BigInt(sequenceNumber),
        fileSequenceNumber: BigInt(sequenceNumber),
        file,
      })),
    async write(content, specId, entries) {
      if (entries.length === 0) return []
      const spec = specOf(metadata, specId)
      const partition = partitionFieldTypes(metadata, spec)
      const bytes = await writeManifest(
        { schema: currentSchema(metadata), spec, partition, content },
        entries,
      )
      const uri = joinUri(metadata.location, `metadata/${id}-m${written.length}.avro`)
      await files.write(uri, bytes)
      written.push(uri)
      return [describeManifest(uri, bytes.length, specId, content, entries, { snapshotId, sequenceNumber })]
    },
  }
}

function specOf(metadata: TableMetadata, specId: number): PartitionSpec {
  return metadata['partition-specs'].find(one => one['spec-id'] === specId) ?? currentSpec(metadata)
}

function describeManifest(
  uri: string,
  length: number,
  specId: number,
  content: 'data' | 'deletes',
  entries: readonly ManifestEntry[],
  commit: { readonly snapshotId: bigint; readonly sequenceNumber: number },
): ManifestFile {
  const count = (status: ManifestEntry['status']): number =>
    entries.filter(one => one.status === status).length
  const rows = (status: ManifestEntry['status']): bigint =>
    entries.reduce((sum, one) => sum + (one.status === status ? one.file.recordCount : 0n), 0n)
  const sequences = entries.filter(one => one.status !== 'deleted').map(one => Number(one.sequenceNumber))
  const own = BigInt(commit.sequenceNumber)
  return {
    manifest_path: uri,
    manifest_length: BigInt(length),
    partition_spec_id: specId,
    content: content === 'data' ? 0 : 1,
    sequence_number: own,
    min_sequence_number: BigInt(Math.min(commit.sequenceNumber, ...sequences)),
    added_snapshot_id: commit.snapshotId,
    added_files_count: count('added'),
    existing_files_count: count('existing'),
    deleted_files_count: count('deleted'),
    added_rows_count: rows('added'),
    existing_rows_count: rows('existing'),
    deleted_rows_count: rows('deleted'),
    partitions: null,
  }
}

/** Manifests that name a removed file are written anew, with that file marked deleted; all others stay as they are. */
async function rewriteWithout(
  files: TableFiles,
  base: SnapshotFiles,
  removed: readonly LiveFile[],
  writer: ManifestWriter,
): Promise<readonly ManifestFile[]> {
  const gone = new Set(removed.map(one => one.file.filePath))
  const touched = new Set(removed.map(one => one.manifest.manifest_path))
  const manifests: ManifestFile[] = []
  for (const manifest of base.manifests) {
    if (!touched.has(manifest.manifest_path)) {
      manifests.push(manifest)
      continue
    }
    const live = (await readEntries(files, manifest)).filter(entry => entry.status !== 'deleted')
    const entries = live.map((entry): ManifestEntry => {
      if (!gone.has(entry.file.filePath)) return { ...entry, status: 'existing' }
      return { ...entry, status: 'deleted', snapshotId: writer.snapshotId }
    })
    manifests.push(...(await writer.write('data', manifest.partition_spec_id, entries)))
  }
  return manifests
}
