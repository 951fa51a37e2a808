import { rejectedPrefix } from '../domain/locations.ts'
import type { PartitionField } from '../domain/partition-field.ts'
import { windowCursorOf } from '../domain/row-identity.ts'
import { windowStart } from '../domain/watermark.ts'
import type { StagedModel } from '../staging/totals.ts'
import { removeStaged } from './clean-up.ts'
import type { ReadPlan } from './model-state.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'
import type { ModelJob } from './transfer-model.ts'

/** Where a model's run stands. Counts grow while it stages. */
export interface ModelProgress {
  readonly stage: 'connecting' | 'staging' | 'loading'
  readonly rowCount: number
  readonly bytes: number
}

/** How one attempt stages. */
export interface StageStep {
  /** The attempt's own folder in the bucket. */
  readonly prefix: string
  readonly read: ReadPlan
  /** How the target is partitioned. */
  readonly partitionedBy: readonly PartitionField[]
  readonly signal: AbortSignal
  readonly onProgress: (progress: ModelProgress) => void
}

/** Reads the model from its watermark less the lookback, or in its window, and stages it; staging that fails leaves no file. Memory and disk: as `stageModel` says. */
export async function stage(
  clients: Pick<DestinationClients, 's3'>,
  deps: Pick<TransferDeps, 'readSource' | 'stageModel' | 'workDir'>,
  job: ModelJob,
  step: StageStep,
): Promise<StagedModel> {
  const { destination, model, transfer } = job
  const { watermark, knownDigest, window } = step.read
  const type = windowCursorOf(model)?.type
  const from = type && watermark !== undefined ? windowStart(watermark, type, model.lookbackMs) : undefined
  const staging = deps.stageModel({
    model,
    batches: deps.readSource(model, step.signal),
    partitionedBy: step.partitionedBy,
    window: window ?? { from },
    knownDigest: window ? undefined : knownDigest,
    s3: clients.s3,
    bucket: destination.bucket,
    prefix: step.prefix,
    rejectedPrefix: rejectedPrefix(destination, transfer.transferId, model.tableName),
    workDir: deps.workDir,
    signal: step.signal,
    onProgress: counts => step.onProgress({ stage: 'staging', ...counts }),
  })
  return staging.catch(async (thrown: unknown) => {
    await removeStaged(clients, destination, step.prefix)
    throw thrown
  })
}
