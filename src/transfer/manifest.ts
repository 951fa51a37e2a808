import { manifestKey } from '../domain/locations.ts'
import { renamedColumns } from '../domain/model.ts'
import type { Watermark } from '../domain/watermark.ts'
import type { StagedModel } from '../staging/totals.ts'
import type { Executed } from './execute-plan.ts'
import type { DestinationClients } from './ports.ts'
import type { ModelJob } from './transfer-model.ts'

/** What a manifest tells of one loaded model. */
export interface ManifestFacts {
  readonly staged: StagedModel
  readonly executed: Executed
  readonly before: Watermark | undefined
  readonly after: Watermark | undefined
}

/**
 * Writes the model's manifest for this transfer: which files were staged (with SHA-256, ETag, rows and bytes), by which
 * query they were loaded, which columns have other names in the table, and the watermark before and after. Written after
 * the load; the staged files themselves are gone by then.
 */
export async function writeManifest(
  s3: DestinationClients['s3'],
  job: ModelJob,
  facts: ManifestFacts,
): Promise<void> {
  const { destination, model, transfer } = job
  const loadedAt = new Date().toISOString()
  const manifest = {
    version: 1,
    transferId: transfer.transferId,
    transferType: transfer.type,
    model: model.name,
    table: model.tableName,
    renamedColumns: renamedColumns(model),
    loadedAt,
    queryExecutionId: facts.executed.queryExecutionId ?? null,
    rowCount: facts.staged.rowCount,
    rejectedRowCount: facts.staged.rejected.length,
    changedRowCount: facts.executed.changedRowCount,
    watermark: { before: facts.before ?? null, after: facts.after ?? null },
    files: facts.staged.files,
  }
  await s3.putObject({
    Bucket: destination.bucket,
    Key: manifestKey(destination, model.tableName, transfer.transferId, loadedAt.slice(0, 10)),
    Body: Buffer.from(JSON.stringify(manifest, null, 2)),
    ContentType: 'application/json',
  })
}
