import { foldName } from '../domain/names.ts'
import type { TableEntry, TableName } from '../transfer/journal.ts'
import { endReasonOf, markEnded } from './cancellation.ts'
import type { QueueConnection } from './connection.ts'
import type { RedisJournalStore } from './journal-store.ts'
import { releaseLostModels } from './lost-models.ts'
import type { TransferQueues } from './queues.ts'
import { type ModelJob, modelJobId, type TransferJob } from './transfer-view.ts'

/** What the janitor looks at. */
export interface JanitorOptions {
  readonly connection: QueueConnection
  readonly queues: TransferQueues
  /** How long a transfer may run, in milliseconds. */
  readonly transferLimitMs: number
}

/** A transfer that will not end by itself, and why. */
export type EndedTransfer =
  | { readonly status: 'EXPIRED'; readonly transferId: string }
  | { readonly status: 'ORPHANED'; readonly transferId: string; readonly models: readonly string[] }

/**
 * Finds transfers that will not end by themselves, and lets them end: those that have run for longer than they may, whose
 * models are aborted or never start, and those that wait for models whose jobs Redis has lost. Any worker may do it, and
 * several at once.
 */
export async function endTransfers({
  connection,
  queues,
  transferLimitMs,
}: JanitorOptions): Promise<readonly EndedTransfer[]> {
  const ended: EndedTransfer[] = []
  const jobs: (TransferJob | undefined)[] = await queues.transfers.getJobs(['waiting-children', 'active'])
  for (const job of jobs) {
    if (!job?.id) continue
    const transferId = job.id
    if (isOverdue(job, transferLimitMs) && !(await endReasonOf(connection, transferId))) {
      await markEnded(connection, transferId, 'expired')
      ended.push({ status: 'EXPIRED', transferId })
    }
    const models = await releaseLostModels(queues, job)
    if (models.length > 0) ended.push({ status: 'ORPHANED', transferId, models })
  }
  return ended
}

function isOverdue({ data, processedOn }: TransferJob, limitMs: number): boolean {
  const startedMs = data.fannedOut ? Date.parse(data.fannedOut.at) : processedOn
  return startedMs !== undefined && Date.now() - startedMs > limitMs
}

/**
 * Tables whose load is open though nobody will come back for it: the attempt's lease is over, and the job of its model has
 * ended or is gone.
 */
export async function abandonedTables(
  queues: TransferQueues,
  journal: RedisJournalStore,
): Promise<readonly TableName[]> {
  const abandoned: TableName[] = []
  for (const table of await journal.open()) {
    const { entry, leaseLeftMs } = await journal.read(table)
    if (!entry || entry.position.state === 'cleaned' || leaseLeftMs > 0) continue
    if (!(await willComeBack(queues, table, entry))) abandoned.push(table)
  }
  return abandoned
}

async function willComeBack(queues: TransferQueues, table: TableName, entry: TableEntry): Promise<boolean> {
  for (const model of await modelsOf(queues, table, entry)) {
    const job: ModelJob | undefined = await queues.models.getJob(modelJobId(entry.transferId, model))
    const state = (await job?.getState()) ?? 'unknown'
    if (!['completed', 'failed', 'unknown'].includes(state)) return true
  }
  return false
}

/** The model of a load; before there is one, those of its transfer that may be the table's. */
async function modelsOf(
  queues: TransferQueues,
  { table }: TableName,
  { transferId, position }: TableEntry,
): Promise<readonly string[]> {
  if ('load' in position) return [position.load.model]
  const job: TransferJob | undefined = await queues.transfers.getJob(transferId)
  const models = job?.data.fannedOut?.models ?? job?.data.models ?? []
  return models.filter(model => foldName(model) === table)
}
