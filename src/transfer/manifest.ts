import { type KeyObject, sign } from 'node:crypto'
import type { Destination } from '../domain/destination.ts'
import type { LoadOutcome, LoadRecord } from '../domain/load-record.ts'
import { manifestKey } from '../domain/locations.ts'
import { canonicalJson, publicSigningKey } from './manifest-signature.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'

/**
 * Writes the model's manifest for this transfer: which files were staged (with SHA-256, ETag, rows and bytes), by which
 * query they were loaded, which columns have other names in the table, the window if it was one, and the watermark before
 * and after. Written after the load; the staged files themselves are gone by then.
 *
 * It is canonical JSON (RFC 8785). With a signing key the 64 bytes of an Ed25519 signature over the object's bytes as they
 * are lie beside it under `….json.sig`, written first, so that whoever sees a manifest finds its signature.
 */
export async function writeManifest(
  { s3, signingKey }: Pick<DestinationClients, 's3'> & Pick<TransferDeps, 'signingKey'>,
  { destination, transferId }: { readonly destination: Destination; readonly transferId: string },
  load: LoadRecord,
  outcome: LoadOutcome,
): Promise<void> {
  const loadedAt = new Date().toISOString()
  const signer = await signingKey()
  const Key = manifestKey(destination, load.table, transferId, loadedAt.slice(0, 10))
  const Body = Buffer.from(
    canonicalJson({ ...contentOf(transferId, load, outcome), loadedAt, signedBy: keyIdOf(signer) }),
  )
  const put = (object: { Key: string; Body: Uint8Array; ContentType: string }) =>
    s3.putObject({ Bucket: destination.bucket, ...object })
  if (signer)
    await put({ Key: `${Key}.sig`, Body: sign(null, Body, signer), ContentType: 'application/octet-stream' })
  await put({ Key, Body, ContentType: 'application/json' })
}

function keyIdOf(signer: KeyObject | undefined): string | null {
  return signer ? publicSigningKey(signer).keyId : null
}

function contentOf(transferId: string, load: LoadRecord, outcome: LoadOutcome) {
  return {
    version: 1,
    transferId,
    transferType: load.transferType,
    window: load.window ?? null,
    model: load.model,
    table: load.table,
    renamedColumns: load.renamedColumns,
    queryExecutionId: outcome.queryExecutionId ?? null,
    rowCount: load.rowCount,
    rejectedRowCount: load.rejectedRowCount,
    changedRowCount: outcome.changedRowCount,
    watermark: { before: load.watermarkBefore ?? null, after: load.state.watermark ?? null },
    files: load.files,
  }
}
