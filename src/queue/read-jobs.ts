import { type Job, type JobJson, type JobType, Worker } from 'bullmq'
import type { TransferError } from '../domain/errors.ts'
import type { QueueConnection } from './connection.ts'
import { onKey, unreadableState } from './unreadable-state.ts'

/** Jobs of a queue, and those that are there but cannot be read. */
export interface FoundJobs<Found> {
  readonly jobs: readonly Found[]
  readonly damaged: readonly { readonly id: string; readonly problem: TransferError }[]
}

/** The part of a queue that reading needs; BullMQ's `Queue` fits it. */
interface JobSource<Found> {
  getJob(id: string): Promise<Found | undefined>
  getRanges(states: JobType[], from: number, to: number, oldestFirst?: boolean): Promise<string[]>
  toKey(id: string): string
}

/**
 * A job by its id; undefined when there is none.
 *
 * @throws {TransferError} `STATE_UNREADABLE` for one whose data was damaged.
 */
export async function readJob<Found>(queue: JobSource<Found>, id: string): Promise<Found | undefined> {
  const key = queue.toKey(id)
  try {
    return await onKey(key, () => queue.getJob(id))
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw unreadableState(key, 'is damaged: the job in it is no JSON')
    throw thrown
  }
}

/** The jobs in some states, at most `most`; one that cannot be read hides no other. */
export async function readJobs<Found>(
  queue: JobSource<Found>,
  states: readonly JobType[],
  most: number,
): Promise<FoundJobs<Found>> {
  const jobs: Found[] = []
  const damaged: { id: string; problem: TransferError }[] = []
  for (const id of await queue.getRanges([...states], 0, most)) {
    try {
      const job = await readJob(queue, id)
      if (job) jobs.push(job)
    } catch (thrown) {
      if (!isUnreadable(thrown)) throw thrown
      damaged.push({ id, problem: thrown })
    }
  }
  return { jobs, damaged }
}

/**
 * Age of the job that is taken next, in milliseconds, whatever became of its data; 0 when none waits, or when its age cannot be
 * read.
 */
export async function ageOfNextJob(queue: JobSource<unknown>, { redis }: QueueConnection): Promise<number> {
  const [id] = await queue.getRanges(['wait'], 0, 0, true)
  if (id === undefined) return 0
  const key = queue.toKey(id)
  try {
    const timestamp = Number((await onKey(key, () => redis.hget(key, 'timestamp'))) ?? Number.NaN)
    return Number.isFinite(timestamp) ? Math.max(0, Date.now() - timestamp) : 0
  } catch (thrown) {
    if (isUnreadable(thrown)) return 0
    throw thrown
  }
}

function isUnreadable(thrown: unknown): thrown is TransferError {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'STATE_UNREADABLE'
}

/**
 * BullMQ's worker, which gives a job whose data is no JSON to its processor, with `null` as data, instead of meeting it again and
 * again: so it ends by the name of what is wrong. What lies in Redis stays as it is.
 */
export class JobWorker<Data, Result> extends Worker<Data, Result> {
  protected override createJob(json: JobJson, jobId: string): Job<Data, Result> {
    try {
      return super.createJob(json, jobId)
    } catch (thrown) {
      if (!(thrown instanceof SyntaxError)) throw thrown
      return super.createJob({ ...json, data: 'null' }, jobId)
    }
  }
}
