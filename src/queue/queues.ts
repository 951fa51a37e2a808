import { Queue } from 'bullmq'
import type { ModelResult, TransferResult } from '../domain/transfer.ts'
import { QUEUES, type QueueConnection } from './connection.ts'
import type { ModelPayload, TransferPayload } from './job-payloads.ts'
import type { ModelJobQueue, TransferJobQueue } from './transfer-view.ts'

/** Attempts of a job whose failure may pass by itself, and the wait between them: 2 s doubled each time, half of it random. */
export const RETRIES = { attempts: 5, backoff: { type: 'exponential', delay: 2_000, jitter: 0.5 } } as const

/** The two queues, for producing and looking; also what the dashboard shows. */
export interface TransferQueues {
  readonly transfers: TransferJobQueue
  readonly models: ModelJobQueue
}

/** Opens both queues on one connection. */
export function openQueues({ redis, prefix }: QueueConnection): TransferQueues {
  const options = { connection: redis, prefix }
  const transfers: TransferJobQueue = new Queue<TransferPayload, TransferResult>(QUEUES.transfers, options)
  const models: ModelJobQueue = new Queue<ModelPayload, ModelResult>(QUEUES.models, options)
  for (const queue of [transfers, models])
    queue.on('error', () => {
      // Safe to pass over: the call that met it rejects, and BullMQ prints what nobody listens for.
    })
  return { transfers, models }
}
