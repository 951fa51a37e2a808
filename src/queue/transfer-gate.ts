import type { CircuitOptions, Verdict } from '../domain/circuit.ts'
import { type CircuitStore, createCircuitStore } from './circuit-store.ts'
import type { QueueConnection } from './connection.ts'
import { createDestinationLine, type DestinationLine } from './destination-line.ts'
import type { TransferQueues } from './queues.ts'
import type { TransferJob, TransferJobQueue } from './transfer-view.ts'
import { type Waiting, waitingOf } from './waiting.ts'

/** A transfer's job as its destination's line knows it. */
interface InQueue {
  readonly destination: string
  readonly transferId: string
}

/** How transfers of a destination are held back. */
export interface GateOptions extends CircuitOptions {
  /** Transfers of a destination that run at a time. */
  readonly transfersPerDestination: number
}

/** Decides which transfers start, so that no destination takes what is another's. */
export interface TransferGate {
  /** Lets a transfer start, or tells what it waits for and for how long, in milliseconds. May be asked again after a crash. */
  enter(job: TransferJob): Promise<{ readonly waiting: Waiting; readonly delayMs: number } | undefined>
  /** Takes a transfer out that ended, and starts those whose turn it is. */
  leave(transfer: InQueue, verdict: Verdict | undefined): Promise<void>
  /** Starts those whose turn it is; to be called once a transfer that has to wait lies in the queue. */
  wake(destination: string): Promise<void>
}

/**
 * How long a transfer waits before it asks again by itself, in milliseconds, as whoever makes room wakes it sooner: any time
 * between the first two if it is the next, and so many times as long as it has places before it, so that a long line is no
 * work for the workers.
 */
const BUSY_MS = { shortest: 30_000, longest: 60_000, longestInLine: 600_000 } as const

/** Longest time after the end of a pause until a transfer asks again, in milliseconds; any time within it. */
const PAUSE_JITTER_MS = 2_000

/** Opens the gate for all workers of a queue. */
export function createTransferGate(
  connection: QueueConnection,
  { transfers }: Pick<TransferQueues, 'transfers'>,
  options: GateOptions,
): TransferGate {
  const line = createDestinationLine(connection)
  const circuits = createCircuitStore(connection)
  const limit = options.transfersPerDestination
  const wake = async (destination: string): Promise<void> =>
    promoteAll(transfers, await line.next(destination, limit))
  return {
    wake,
    enter: async job => {
      const { destination, transferId } = job.data
      const place = { destination, transferId, enqueuedMs: job.timestamp }
      const since = waitingOf(job)?.since ?? new Date().toISOString()
      const transferIds = await livingBefore(transfers, line, place, limit)
      if (transferIds.length > 0) {
        const delayMs = busyDelayMs(await line.rank(place))
        return { waiting: { reason: 'busy', since, transferIds: [...transferIds] }, delayMs }
      }
      const paused = await pauseOf(circuits, place)
      if (!paused) return undefined
      await line.stepBack(place)
      const until = new Date(Date.now() + paused.waitMs).toISOString()
      return {
        waiting: { reason: 'paused', since, until, failure: paused.reason },
        delayMs: paused.waitMs + Math.random() * PAUSE_JITTER_MS,
      }
    },
    leave: async ({ destination, transferId }, verdict) => {
      await circuits.afterTransfer(destination, { transferId, verdict }, options)
      await line.leave({ destination, transferId })
      await wake(destination)
    },
  }
}

/** Ends the wait of delayed transfers; they ask the gate again. */
export async function promoteAll(transfers: TransferJobQueue, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const job: TransferJob | undefined = await transfers.getJob(id)
    await job?.promote().catch(() => {
      // Safe: it is not delayed, so it asks by itself.
    })
  }
}

/** Those before a transfer; ones that ended without leaving, or whose job was removed, are taken out. */
async function livingBefore(
  transfers: TransferJobQueue,
  line: DestinationLine,
  place: InQueue & { readonly enqueuedMs: number },
  limit: number,
): Promise<readonly string[]> {
  for (;;) {
    const before = await line.enter(place, limit)
    const dead: string[] = []
    for (const transferId of before)
      if (ENDED.has(await transfers.getJobState(transferId))) dead.push(transferId)
    if (dead.length === 0) return before
    for (const transferId of dead) await line.leave({ destination: place.destination, transferId })
  }
}

/** States of jobs that will not leave the line by themselves. */
export const ENDED: ReadonlySet<string> = new Set(['completed', 'failed', 'unknown'])

async function pauseOf(circuits: CircuitStore, { destination, transferId }: InQueue) {
  const admission = await circuits.admit(destination, transferId)
  return admission.admitted ? undefined : admission
}

function busyDelayMs(rank: number): number {
  const { shortest, longest, longestInLine } = BUSY_MS
  return Math.min((shortest + Math.random() * (longest - shortest)) * (rank + 1), longestInLine)
}
