import type { SnapshotFiles } from '../iceberg/load-snapshot.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import { quoteText } from '../sql/tokens.ts'
import type { TableColumn } from '../table-catalog.ts'
import type { SqlType } from '../types/sql-type.ts'
import { valuesSql } from './values-sql.ts'

/** The tables about a table, named `"table$…"`. */
export type MetadataTable = 'snapshots' | 'history' | 'files'

const BIGINT: SqlType = { kind: 'bigint' }
const VARCHAR: SqlType = { kind: 'varchar' }
const MOMENT: SqlType = { kind: 'timestamptz', precision: 3 }

const COLUMNS: Readonly<Record<MetadataTable, readonly TableColumn[]>> = {
  snapshots: [
    { name: 'committed_at', type: MOMENT },
    { name: 'snapshot_id', type: BIGINT },
    { name: 'parent_id', type: BIGINT },
    { name: 'operation', type: VARCHAR },
    { name: 'manifest_list', type: VARCHAR },
    { name: 'summary', type: { kind: 'map', key: VARCHAR, value: VARCHAR } },
  ],
  history: [
    { name: 'made_current_at', type: MOMENT },
    { name: 'snapshot_id', type: BIGINT },
    { name: 'parent_id', type: BIGINT },
    { name: 'is_current_ancestor', type: { kind: 'boolean' } },
  ],
  files: [
    { name: 'content', type: { kind: 'integer' } },
    { name: 'file_path', type: VARCHAR },
    { name: 'file_format', type: VARCHAR },
    { name: 'record_count', type: BIGINT },
    { name: 'file_size_in_bytes', type: BIGINT },
  ],
}

/** The columns of a metadata table. */
export function metadataTableColumns(table: MetadataTable): readonly TableColumn[] {
  return COLUMNS[table]
}

/** Cuts `$snapshots` and its like off a table's name. */
export function splitMetadataName(parts: readonly string[]): {
  readonly parts: readonly string[]
  readonly metadataTable: MetadataTable | undefined
} {
  const [, base, suffix] = /^(.+)\$(snapshots|history|files)$/.exec(parts.at(-1) ?? '') ?? []
  const metadataTable = (['snapshots', 'history', 'files'] as const).find(one => one === suffix)
  if (base === undefined || !metadataTable) return { parts, metadataTable: undefined }
  return { parts: [...parts.slice(0, -1), base], metadataTable }
}

/** A SELECT that gives a metadata table's rows. */
export function metadataTableSql(
  table: MetadataTable,
  metadata: TableMetadata,
  files: SnapshotFiles,
): string {
  const rows = {
    snapshots: () => snapshotRows(metadata),
    history: () => historyRows(metadata),
    files: () => fileRows(files),
  }[table]()
  return valuesSql(COLUMNS[table], rows)
}

function moment(milliseconds: number): string {
  return quoteText(`${new Date(milliseconds).toISOString().slice(0, 23).replace('T', ' ')}+00`)
}

function snapshotRows(metadata: TableMetadata): readonly (readonly string[])[] {
  return metadata.snapshots.map(snapshot => {
    const { operation = '', ...summary } = snapshot.summary ?? {}
    const entries = Object.entries(summary).map(([key, value]) => `${quoteText(key)}: ${quoteText(value)}`)
    return [
      moment(snapshot['timestamp-ms']),
      String(snapshot['snapshot-id']),
      String(snapshot['parent-snapshot-id'] ?? 'NULL'),
      quoteText(operation),
      quoteText(snapshot['manifest-list']),
      `MAP {${entries.join(', ')}}`,
    ]
  })
}

function historyRows(metadata: TableMetadata): readonly (readonly string[])[] {
  const parents = new Map(
    metadata.snapshots.map(one => [one['snapshot-id'], one['parent-snapshot-id'] ?? undefined]),
  )
  const ancestors = new Set<bigint>()
  for (let id = metadata['current-snapshot-id']; id !== undefined; id = parents.get(id)) ancestors.add(id)
  return metadata['snapshot-log'].map(entry => [
    moment(entry['timestamp-ms']),
    String(entry['snapshot-id']),
    String(parents.get(entry['snapshot-id']) ?? 'NULL'),
    String(ancestors.has(entry['snapshot-id'])),
  ])
}

function fileRows(files: SnapshotFiles): readonly (readonly string[])[] {
  return [...files.data, ...files.positionDeletes].map(({ file }) => [
    String(file.content),
    quoteText(file.filePath),
    quoteText(file.format),
    String(file.recordCount),
    String(file.sizeBytes),
  ])
}
