import { randomBytes } from 'node:crypto'
import { STATUS_TABLE, updateStatusTable } from '../catalog/status-table.ts'
import type { Destination } from '../domain/destination.ts'
import { s3Uri, statusPrefix } from '../domain/locations.ts'
import type { ModelResult } from '../domain/transfer.ts'
import { writeStatusFile } from '../staging/write-status-file.ts'
import type { TransferDeps } from './ports.ts'

/** A transfer whose models have all ended. */
export interface FinishedTransfer {
  readonly transferId: string
  readonly destination: Destination
  readonly models: readonly Pick<ModelResult, 'model' | 'status'>[]
}

/**
 * Tells the customer: the models that succeeded get the present time in `_transfer_status`, also when no row changed.
 * Nothing is written when none succeeded. No query is needed. Safe to repeat.
 */
export async function finishTransfer(
  deps: Pick<TransferDeps, 'connect' | 'workDir'>,
  { transferId, destination, models }: FinishedTransfer,
  signal: AbortSignal = AbortSignal.timeout(FINISH_TIMEOUT_MS),
): Promise<void> {
  const now = new Date().toISOString()
  const succeeded = models.filter(model => model.status === 'SUCCESS')
  if (succeeded.length === 0) return
  const changed = Object.fromEntries(succeeded.map(({ model }) => [model, now]))
  const clients = await deps.connect(destination)
  try {
    await updateStatusTable(clients.glue, destination.schema, changed, async rows => {
      const folder = statusPrefix(destination, transferId, randomBytes(6).toString('hex'))
      const { workDir } = deps
      const key = `${folder}${STATUS_TABLE.replace(/^_/, '')}.parquet`
      await writeStatusFile(rows, { s3: clients.s3, bucket: destination.bucket, key, workDir, signal })
      return { location: s3Uri(destination.bucket, folder) }
    })
  } finally {
    clients.close()
  }
}

/** How long telling may take, in milliseconds. */
const FINISH_TIMEOUT_MS = 60_000
