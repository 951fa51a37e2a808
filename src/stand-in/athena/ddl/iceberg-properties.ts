import { namedError } from '../query-error.ts'

/** Athena's closed list of Iceberg table properties, and the Iceberg property each one becomes, if any. */
const PROPERTIES: ReadonlyMap<string, string | undefined> = new Map([
  ['table_type', undefined],
  ['format', 'write.format.default'],
  ['write_compression', 'write.parquet.compression-codec'],
  ['compression_level', 'write.parquet.compression-level'],
  ['write_target_data_file_size_bytes', 'write.target-file-size-bytes'],
  ['optimize_rewrite_min_data_file_size_bytes', 'optimize_rewrite_min_data_file_size_bytes'],
  ['optimize_rewrite_max_data_file_size_bytes', 'optimize_rewrite_max_data_file_size_bytes'],
  ['optimize_rewrite_data_file_threshold', 'optimize_rewrite_data_file_threshold'],
  ['optimize_rewrite_delete_file_threshold', 'optimize_rewrite_delete_file_threshold'],
  ['vacuum_min_snapshots_to_keep', 'vacuum_min_snapshots_to_keep'],
  ['vacuum_max_snapshot_age_seconds', 'vacuum_max_snapshot_age_seconds'],
  ['vacuum_max_metadata_files_to_keep', 'vacuum_max_metadata_files_to_keep'],
])

/**
 * The properties that a new table's metadata gets.
 *
 * @throws {QueryError} `INVALID_TABLE_PROPERTY` for names outside Athena's list and formats other than Parquet.
 */
export function icebergProperties(given: ReadonlyMap<string, string>): Record<string, string> {
  const result: Record<string, string> = {
    'write.parquet.compression-codec': 'zstd',
    'write.delete.mode': 'merge-on-read',
    'write.update.mode': 'merge-on-read',
    'write.merge.mode': 'merge-on-read',
  }
  for (const [name, value] of given) {
    const key = name.toLowerCase()
    if (!PROPERTIES.has(key))
      throw namedError('INVALID_TABLE_PROPERTY', `Unsupported table property key: ${name}`)
    if (key === 'format' && value.toLowerCase() !== 'parquet') {
      throw namedError('INVALID_TABLE_PROPERTY', `The format ${value} is not written by this engine`)
    }
    const target = PROPERTIES.get(key)
    if (target !== undefined) result[target] = value.toLowerCase()
  }
  return result
}
