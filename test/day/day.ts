import { setTimeout as sleep } from 'node:timers/promises'
import { newTransferId } from '../../src/domain/transfer-id.ts'
import { connectRedis, type QueueConnection } from '../../src/queue/connection.ts'
import { openQueues } from '../../src/queue/queues.ts'
import { createTransferQueue, type TransferQueue } from '../../src/queue/transfer-queue.ts'
import { startRedis } from '../support/redis.ts'
import { speedUp } from './fast-clock.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { type DayDestination, destinationsOf, dueOf } from './plan.ts'
import { type DayWorkers, type Memory, startWorkers } from './workers.ts'

/** What kind of day. */
export interface DayOptions {
  readonly factor: number
  readonly seed: number
  readonly destinations: number
  readonly workers: number
  /** Models that one worker runs at a time. */
  readonly concurrency: number
}

/** The state of things at an hour of the day. */
export interface Sample {
  readonly label: string
  readonly atMs: number
  readonly workers: readonly Memory[]
  readonly redisBytes: number
  readonly redisKeys: number
  /** Transfers that have not ended. */
  readonly open: number
}

/** A day that was lived. */
export interface Day {
  readonly options: DayOptions
  readonly destinations: ReadonlyMap<string, DayDestination>
  readonly startMs: number
  readonly ledger: Ledger
  readonly requestCount: number
  /** Times that enqueuing took, in milliseconds of the machine. */
  readonly enqueueMs: readonly number[]
  readonly samples: readonly Sample[]
  readonly flatOut: FlatOut
  /** Jobs that no queue should have after the end. */
  readonly leftJobs: number
  /** Keys at the end, by kind. */
  readonly keys: Readonly<Record<string, number>>
  /** From the last minute of the day until the last transfer had ended. */
  readonly drainMs: number
}

/** Transfers and models a second of the machine while the queue had nothing else to do. */
export interface FlatOut {
  readonly transfersPerSecond: number
  readonly modelsPerSecond: number
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Longest time after the day until all transfers have ended: longer than the longest pause and two models of it. */
const DRAIN_LIMIT_MS = 6 * HOUR_MS

/** A job's lock: longer than in service, as a machine that is held up for a moment loses hours of the day in it. */
const LOCK_MS = 30 * MINUTE_MS

/** How often a worker looks for transfers that will not end; once a minute in service. */
const JANITOR_MS = 15 * MINUTE_MS

/** Requests that are put into the queue at a time. */
const PRODUCERS = 16

const PREFIX = 'day'

/** Lives a day from its first request until its last transfer has ended. */
export async function liveDay(options: DayOptions): Promise<Day> {
  const redis = await startRedis()
  const connection = await connectRedis({ redisUrl: redis.url, prefix: PREFIX })
  const queue = await createTransferQueue({ redisUrl: redis.url, prefix: PREFIX })
  let ledger = createLedger()
  const { seed, destinations: count, concurrency } = options
  const setup = { redisUrl: redis.url, prefix: PREFIX, seed, destinations: count, concurrency }
  const workers = await startWorkers(
    options.workers,
    { ...setup, lockDurationMs: LOCK_MS, janitorMs: JANITOR_MS },
    told => ledger.told(told),
  )
  const destinations = destinationsOf(seed, count)
  try {
    const flatOut = await measureFlatOut(queue, ledger, [...destinations.values()])
    ledger = createLedger()
    const samples = [await sample('start', connection, workers, ledger)]
    await speedUp()
    const startMs = Date.now()
    const asked = await ask(queue, ledger, { destinations, startMs, factor: options.factor }, async hour => {
      samples.push(await sample(`${hour} h`, connection, workers, ledger))
    })
    const endMs = Date.now()
    while (ledger.openCount() > 0 && Date.now() < endMs + DRAIN_LIMIT_MS) await sleep(MINUTE_MS)
    const drainMs = Date.now() - endMs
    // What the last job leaves is removed with it.
    await sleep(MINUTE_MS)
    samples.push(await sample('end', connection, workers, ledger))
    return {
      ...{ options, destinations, startMs, ledger, ...asked, samples, flatOut, drainMs },
      leftJobs: await leftJobs(connection),
      keys: await keysByKind(connection),
    }
  } finally {
    await workers.stop()
    await queue.close()
    connection.redis.disconnect()
    await redis.stop()
  }
}

/** Transfers of a day's models that take no time, one of each of the first destinations. It also warms the workers up. */
async function measureFlatOut(
  queue: TransferQueue,
  ledger: Ledger,
  destinations: readonly DayDestination[],
): Promise<FlatOut> {
  const some = destinations.filter(({ nature }) => nature === 'healthy').slice(0, FLAT_OUT_TRANSFERS)
  const startMs = Date.now()
  await inParallel(some, async destination => {
    const { transferId } = await queue.enqueue({ destination: destination.name, type: 'full-refresh' })
    ledger.enqueued(transferId, destination, startMs)
  })
  while (ledger.openCount() > 0) await sleep(20)
  const seconds = (Date.now() - startMs) / 1_000
  const models = some.reduce((sum, one) => sum + one.models.length, 0)
  return { transfersPerSecond: some.length / seconds, modelsPerSecond: models / seconds }
}

const FLAT_OUT_TRANSFERS = 2_000

/** Asks for all that is due, when it is due. */
async function ask(
  queue: TransferQueue,
  ledger: Ledger,
  day: {
    readonly destinations: ReadonlyMap<string, DayDestination>
    readonly startMs: number
    readonly factor: number
  },
  onHour: (hour: number) => Promise<void>,
): Promise<Pick<Day, 'requestCount' | 'enqueueMs'>> {
  const due = Map.groupBy(dueOf(day.destinations.values()), ({ minute }) => minute)
  const enqueueMs: number[] = []
  for (let minute = 0; minute < 24 * 60; minute++) {
    const dueMs = day.startMs + minute * MINUTE_MS
    await sleep(Math.max(0, dueMs - Date.now()))
    if (minute % 60 === 0 && minute > 0) await onHour(minute / 60)
    await inParallel(due.get(minute) ?? [], async ({ destination }) => {
      const beganMs = performance.now()
      const { transferId } = await queue.enqueue({
        ...{ destination: destination.name, transferId: newTransferId(), whenBusy: 'merge' },
      })
      enqueueMs.push((performance.now() - beganMs) / day.factor)
      ledger.enqueued(transferId, destination, dueMs)
    })
  }
  return { requestCount: enqueueMs.length, enqueueMs }
}

async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values()
  const one = async (): Promise<void> => {
    for (const item of left) await work(item)
  }
  await Promise.all(Array.from({ length: PRODUCERS }, one))
}

async function sample(
  label: string,
  { redis }: QueueConnection,
  workers: DayWorkers,
  ledger: Ledger,
): Promise<Sample> {
  const info = await redis.info('memory')
  return {
    label,
    atMs: Date.now(),
    workers: await workers.memory(),
    redisBytes: Number(/used_memory:(\d+)/.exec(info)?.[1]),
    redisKeys: await redis.dbsize(),
    open: ledger.openCount(),
  }
}

async function leftJobs(connection: QueueConnection): Promise<number> {
  const { transfers, models } = openQueues(connection)
  const counts = await Promise.all(
    [transfers, models].map(queue => queue.getJobCounts('waiting', 'active', 'delayed', 'waiting-children')),
  )
  await Promise.all([transfers.close(), models.close()])
  return counts.flatMap(count => Object.values(count)).reduce((sum, number) => sum + number, 0)
}

/** Names of destinations and ids of transfers made one, so that what grows with them is seen. */
async function keysByKind({ redis }: QueueConnection): Promise<Readonly<Record<string, number>>> {
  const kinds: Record<string, number> = {}
  for await (const keys of redis.scanStream({ count: 1_000 }))
    for (const key of keys) {
      const kind = String(key)
        .replace(/[0-9a-z]{26}(\.[\w-]+)?/, '…')
        .replace(/:(d|own-|shared-)\d+/, ':…')
      kinds[kind] = (kinds[kind] ?? 0) + 1
    }
  return kinds
}
