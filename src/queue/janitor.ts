import { toTransferError } from '../domain/errors.ts'
import { foldName } from '../domain/names.ts'
import type { TableEntry, TableName } from '../transfer/journal.ts'
import { endReasonOf, markEnded } from './cancellation.ts'
import type { QueueConnection } from './connection.ts'
import { transferPayloadSchema } from './job-payloads.ts'
import type { OpenTables, RedisJournalStore } from './journal-store.ts'
import { releaseLostModels } from './lost-models.ts'
import type { TransferQueues } from './queues.ts'
import { readJob, readJobs } from './read-jobs.ts'
import { modelJobId, type TransferJob } from './transfer-view.ts'

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
  // One that is damaged, or was put into the queue by hand, ends by what a worker says of it.
  const { jobs } = await readJobs(queues.transfers, ['waiting-children', 'active'], MAX_LOOKED_AT)
  for (const job of jobs) {
    const transferId = job.id
    if (transferId === undefined || !transferPayloadSchema.safeParse(job.data).success) continue
    if (isOverdue(job, transferLimitMs) && !(await endReasonOf(connection, transferId))) {
      await markEnded(connection, transferId, 'expired')
      ended.push({ status: 'EXPIRED', transferId })
    }
    const models = await releaseLostModels(queues, job).catch(passOverUnreadable)
    if (models.length > 0) ended.push({ status: 'ORPHANED', transferId, models })
  }
  return ended
}

/** A model's job that cannot be read is not lost: a worker ends it, and tells why. */
function passOverUnreadable(thrown: unknown): readonly string[] {
  const error = toTransferError(thrown)
  if (error.code !== 'STATE_UNREADABLE') throw thrown
  return []
}

/** Most transfers of a kind that are looked at; there are as many as destinations, nearly. */
const MAX_LOOKED_AT = 100_000

function isOverdue({ data, processedOn }: TransferJob, limitMs: number): boolean {
  const startedMs = data.fannedOut ? Date.parse(data.fannedOut.at) : processedOn
  return startedMs !== undefined && Date.now() - startedMs > limitMs
}

/**
 * Tables whose load is open though nobody will come back for it: the attempt's lease is over, and the job of its model has
 * ended or is gone. What cannot be read is told beside them and hides no other.
 */
export async function abandonedTables(
  queues: TransferQueues,
  journal: RedisJournalStore,
): Promise<OpenTables> {
  const open = await journal.open()
  const tables: TableName[] = []
  const problems = [...open.problems]
  for (const table of open.tables) {
    try {
      if (await isAbandoned(queues, journal, table)) tables.push(table)
    } catch (thrown) {
      problems.push(toTransferError(thrown))
    }
  }
  return { tables, problems }
}

async function isAbandoned(
  queues: TransferQueues,
  journal: RedisJournalStore,
  table: TableName,
): Promise<boolean> {
  const { entry, leaseLeftMs } = await journal.read(table)
  if (!entry || entry.position.state === 'cleaned' || leaseLeftMs > 0) return false
  return !(await willComeBack(queues, table, entry))
}

async function willComeBack(queues: TransferQueues, table: TableName, entry: TableEntry): Promise<boolean> {
  for (const model of await modelsOf(queues, table, entry)) {
    const job = await readJob(queues.models, modelJobId(entry.transferId, model))
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
  const job = await readJob(queues.transfers, transferId)
  const data = transferPayloadSchema.safeParse(job?.data).data
  const models = data?.fannedOut?.models ?? data?.models ?? []
  return models.filter(model => foldName(model) === table)
}
