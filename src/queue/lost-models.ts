import type { ModelPayload } from './job-payloads.ts'
import type { TransferQueues } from './queues.ts'
import { readJob } from './read-jobs.ts'
import { modelJobId, type TransferJob } from './transfer-view.ts'

/** So long that no worker takes a job which is made only to be removed, in milliseconds. */
const NEVER_MS = 7 * 24 * 3_600_000

/**
 * Lets a transfer that waits for its models go on without those whose jobs are not in Redis any more, or in no list of the
 * queue: no worker would ever take them. Returns their names; it collects them as lost once all others have ended. Nor does it
 * wait for one that has failed.
 *
 * The queue removes a job from what its parent waits for when the job is removed, so one that is gone is made anew first.
 */
export async function releaseLostModels(
  { models }: TransferQueues,
  parent: TransferJob,
): Promise<readonly string[]> {
  const { fannedOut, version, transferId, destination, type, window } = parent.data
  if (!fannedOut || (await parent.getState()) !== 'waiting-children') return []
  const { unprocessed = [] } = await parent.getDependencies({ unprocessed: { count: MAX_MODELS } })
  const awaited = new Set(unprocessed)
  const lost: string[] = []
  for (const model of fannedOut.models) {
    const jobId = modelJobId(transferId, model)
    if (!awaited.has(models.toKey(jobId))) continue
    const job = await readJob(models, jobId)
    const state = await job?.getState()
    // It failed before the queue was told, once more, to wait for it.
    if (state === 'failed') await job?.removeChildDependency()
    if (state !== undefined && state !== 'unknown') continue
    const payload: ModelPayload = { version, transferId, destination, type, ...(window && { window }), model }
    const options = { jobId, delay: NEVER_MS, parent: { id: transferId, queue: parent.queueQualifiedName } }
    const removable = job ?? (await models.add(model, payload, options))
    await removable.remove()
    lost.push(model)
  }
  return lost
}

/** More than a destination has. */
const MAX_MODELS = 100_000
