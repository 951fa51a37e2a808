import { z } from 'zod'
import { namedError } from '../query-error.ts'
import { readAvro, writeAvro } from './avro-file.ts'
import { MANIFEST_LIST_SCHEMA } from './manifest-schemas.ts'

const optionalBytes = z
  .instanceof(Uint8Array)
  .transform(bytes => Buffer.from(bytes))
  .nullish()
  .default(null)

const manifestFileSchema = z.object({
  manifest_path: z.string(),
  manifest_length: z.bigint(),
  partition_spec_id: z.number(),
  content: z.number(),
  sequence_number: z.bigint(),
  min_sequence_number: z.bigint(),
  added_snapshot_id: z.bigint(),
  added_files_count: z.number(),
  existing_files_count: z.number(),
  deleted_files_count: z.number(),
  added_rows_count: z.bigint(),
  existing_rows_count: z.bigint(),
  deleted_rows_count: z.bigint(),
  partitions: z
    .array(
      z.object({
        contains_null: z.boolean(),
        contains_nan: z.boolean().nullish().default(null),
        lower_bound: optionalBytes,
        upper_bound: optionalBytes,
      }),
    )
    .nullish()
    .default(null),
})

/** One line of a manifest list, in Iceberg's own words. */
export type ManifestFile = z.infer<typeof manifestFileSchema>

/**
 * Reads a manifest list.
 *
 * @throws {QueryError} `ICEBERG_INVALID_METADATA`.
 */
export async function readManifestList(bytes: Buffer): Promise<readonly ManifestFile[]> {
  const records = await readAvro(bytes)
  return records.map(record => {
    const parsed = manifestFileSchema.safeParse(record)
    if (!parsed.success) throw namedError('ICEBERG_INVALID_METADATA', z.prettifyError(parsed.error))
    return parsed.data
  })
}

/** What a manifest list's header says of its snapshot. */
export interface ManifestListSubject {
  readonly snapshotId: bigint
  readonly parentSnapshotId: bigint | undefined
  readonly sequenceNumber: number
}

/** Writes a manifest list. */
export function writeManifestList(
  subject: ManifestListSubject,
  manifests: readonly ManifestFile[],
): Promise<Buffer> {
  return writeAvro(MANIFEST_LIST_SCHEMA, manifests, {
    'snapshot-id': String(subject.snapshotId),
    'parent-snapshot-id': subject.parentSnapshotId === undefined ? 'null' : String(subject.parentSnapshotId),
    'sequence-number': String(subject.sequenceNumber),
    'format-version': '2',
  })
}
