import { type KeyObject, sign } from 'node:crypto'
import { manifestKey } from '../domain/locations.ts'
import { renamedColumns } from '../domain/model.ts'
import type { CursorWindow } from '../domain/transfer-window.ts'
import type { Watermark } from '../domain/watermark.ts'
import type { StagedModel } from '../staging/totals.ts'
import type { Executed } from './execute-plan.ts'
import { canonicalJson, publicSigningKey } from './manifest-signature.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'
import type { ModelJob } from './transfer-model.ts'

/** What a manifest tells of one loaded model. */
export interface ManifestFacts {
  readonly staged: StagedModel
  readonly executed: Executed
  readonly before: Watermark | undefined
  readonly after: Watermark | undefined
  readonly window: CursorWindow | undefined
}

/**
 * Writes the model's manifest for this transfer: which files were staged (with SHA-256, ETag, rows and bytes), by which
 * query they were loaded, which columns have other names in the table, the window if it was one, and the watermark before and after. Written after
 * the load; the staged files themselves are gone by then.
 *
 * It is canonical JSON (RFC 8785). With a signing key the 64 bytes of an Ed25519 signature over the object's bytes as they
 * are lie beside it under `….json.sig`, written first, so that whoever sees a manifest finds its signature.
 */
export async function writeManifest(
  { s3, signingKey }: Pick<DestinationClients, 's3'> & Pick<TransferDeps, 'signingKey'>,
  job: ModelJob,
  facts: ManifestFacts,
): Promise<void> {
  const { destination, model, transfer } = job
  const loadedAt = new Date().toISOString()
  const signer = await signingKey()
  const Key = manifestKey(destination, model.tableName, transfer.transferId, loadedAt.slice(0, 10))
  const Body = Buffer.from(canonicalJson({ ...contentOf(job, facts), loadedAt, signedBy: keyIdOf(signer) }))
  const put = (object: { Key: string; Body: Uint8Array; ContentType: string }) =>
    s3.putObject({ Bucket: destination.bucket, ...object })
  if (signer)
    await put({ Key: `${Key}.sig`, Body: sign(null, Body, signer), ContentType: 'application/octet-stream' })
  await put({ Key, Body, ContentType: 'application/json' })
}

function keyIdOf(signer: KeyObject | undefined): string | null {
  return signer ? publicSigningKey(signer).keyId : null
}

function contentOf({ model, transfer }: ModelJob, facts: ManifestFacts) {
  const { staged, executed, before, after, window } = facts
  return {
    version: 1,
    transferId: transfer.transferId,
    transferType: transfer.type,
    window: window ?? null,
    model: model.name,
    table: model.tableName,
    renamedColumns: renamedColumns(model),
    queryExecutionId: executed.queryExecutionId ?? null,
    rowCount: staged.rowCount,
    rejectedRowCount: staged.rejectedRowCount,
    changedRowCount: executed.changedRowCount,
    watermark: { before: before ?? null, after: after ?? null },
    files: staged.files,
  }
}
