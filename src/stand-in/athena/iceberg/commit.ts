import { randomUUID } from 'node:crypto'
import { AwsError, type Caller, type Catalog, type GlueTable } from '../../services.ts'
import { namedError } from '../query-error.ts'
import { joinUri } from '../s3-uri.ts'
import { type PreparedSnapshot, prepareSnapshot, type TableChange } from './build-commit.ts'
import { requireNoConflict } from './conflict.ts'
import { pointTo } from './glue-entry.ts'
import { printJson } from './json.ts'
import { loadSnapshot } from './load-snapshot.ts'
import { currentSnapshot, parseMetadata, type TableMetadata } from './metadata.ts'
import type { FieldLimit } from './prune.ts'
import type { TableFiles } from './table-files.ts'

/** The table that a change was computed from. */
export interface CommitBase {
  readonly database: string
  readonly name: string
  readonly metadata: TableMetadata
}

/** What a commit needs. */
export interface CommitContext {
  readonly catalog: Catalog
  readonly files: TableFiles
  readonly caller: Caller
  /** Called before the Glue entry is changed; a test's fault throws here. */
  readonly beforeCommit: () => void
}

/** How often a commit that lost a race is tried again, as Iceberg's `commit.retry.num-retries` + 1 by default. */
const MAX_ATTEMPTS = 5

/**
 * Makes a change visible: one snapshot, by one conditional update of the Glue entry. This is the commit point.
 *
 * A change that read the table (`conflictLimits` given) fails when another writer has meanwhile added or removed files that
 * can hold rows within the limits; one that only adds rows is put on top of whatever is there.
 *
 * @throws {QueryError} `ICEBERG_COMMIT_ERROR`; nothing is changed then, and what was written for the commit is removed.
 */
export async function commitChange(
  context: CommitContext,
  base: CommitBase,
  change: TableChange,
  conflictLimits: readonly FieldLimit[] | undefined,
): Promise<void> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const glue = await context.catalog.getTable(context.caller, base.database, base.name)
    const location = glue.Parameters?.metadata_location ?? ''
    const metadata = parseMetadata((await context.files.read(location)).toString('utf8'), location)
    await requireNoConflict(context.files, base.metadata, metadata, conflictLimits)
    const snapshotFiles = await loadSnapshot(context.files, currentSnapshot(metadata))
    const prepared = await prepareSnapshot(context.files, metadata, snapshotFiles, change)
    const next = withSnapshot(metadata, prepared, location)
    if (await swapMetadata(context, base, { glue, location, next }, prepared.written)) return
  }
  throw namedError(
    'ICEBERG_COMMIT_ERROR',
    'Failed to commit the transaction during write: too many concurrent commits',
  )
}

function withSnapshot(metadata: TableMetadata, prepared: PreparedSnapshot, location: string): TableMetadata {
  const { snapshot } = prepared
  const id = snapshot['snapshot-id']
  const moment = snapshot['timestamp-ms']
  return {
    ...metadata,
    'last-sequence-number': snapshot['sequence-number'],
    'last-updated-ms': moment,
    'current-snapshot-id': id,
    refs: { ...metadata.refs, main: { 'snapshot-id': id, type: 'branch' } },
    snapshots: [...metadata.snapshots, snapshot],
    'snapshot-log': [...metadata['snapshot-log'], { 'snapshot-id': id, 'timestamp-ms': moment }],
    'metadata-log': logWith(metadata, location),
  }
}

/** How many older metadata files are remembered, Iceberg's default. */
const METADATA_LOG_LENGTH = 100

/** The metadata log with the file that is being replaced. */
export function logWith(metadata: TableMetadata, location: string): TableMetadata['metadata-log'] {
  const entry = { 'metadata-file': location, 'timestamp-ms': metadata['last-updated-ms'] }
  return [...metadata['metadata-log'], entry].slice(-METADATA_LOG_LENGTH)
}

/** A Glue entry, the metadata file it names, and the metadata to come. */
export interface MetadataSwap {
  readonly glue: GlueTable
  readonly location: string
  readonly next: TableMetadata
}

/** Writes new metadata and points the Glue entry to it; false when another writer was faster, and all is removed again. */
export async function swapMetadata(
  context: CommitContext,
  table: { readonly database: string; readonly name: string },
  swap: MetadataSwap,
  written: readonly string[],
): Promise<boolean> {
  const uri = nextMetadataUri(swap.next, swap.location)
  const input = pointTo(swap.glue, swap.next, { current: uri, previous: swap.location })
  try {
    await context.files.write(uri, Buffer.from(printJson(swap.next)))
    context.beforeCommit()
    const options = { versionId: swap.glue.VersionId, skipArchive: true }
    await context.catalog.updateTable(context.caller, table.database, input, options)
    return true
  } catch (error) {
    await removeFiles(context.files, [...written, uri])
    if (error instanceof AwsError && error.code === 'ConcurrentModificationException') return false
    throw error
  }
}

/** Removes files of a failed write; what may not be deleted stays behind as an orphan that no table names. */
export async function removeFiles(files: TableFiles, uris: readonly string[]): Promise<void> {
  await Promise.allSettled(uris.map(uri => files.delete(uri)))
}

function nextMetadataUri(metadata: TableMetadata, location: string): string {
  const version = Number(/\/(\d+)-[^/]*$/.exec(location)?.[1] ?? '0') + 1
  return joinUri(
    metadata.location,
    `metadata/${String(version).padStart(5, '0')}-${randomUUID()}.metadata.json`,
  )
}
