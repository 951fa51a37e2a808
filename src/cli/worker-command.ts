import { once } from 'node:events'
import pino from 'pino'
import {
  type Config,
  destinationNamed,
  modelNamed,
  modelNamesOf,
  modelProblems,
} from '../config/load-config.ts'
import { readSecret } from '../config/read-secret.ts'
import type { Settings } from '../config/settings.ts'
import { type Destination, workgroupScopeOf } from '../domain/destination.ts'
import { startOperationsServer } from '../operations/http-server.ts'
import { createMetrics } from '../operations/metrics.ts'
import { connectRedis, type QueueConnection, redisWarnings } from '../queue/connection.ts'
import { createJournalStore } from '../queue/journal-store.ts'
import { createModelStateStore } from '../queue/model-state-store.ts'
import { openQueues } from '../queue/queues.ts'
import { createRateLimiter } from '../queue/rate-limiter.ts'
import type { SlotScope } from '../queue/slots.ts'
import { createTransferWorker, type TransferWorker, type WorkerEvent } from '../queue/transfer-worker.ts'
import { finishTransfer } from '../transfer/finish-transfer.ts'
import type { TransferDeps } from '../transfer/ports.ts'
import { failedModel } from '../transfer/run-transfer.ts'
import { transferModel } from '../transfer/transfer-model.ts'
import { type Context, composed } from './context.ts'
import { startHousekeeping } from './housekeeping.ts'
import { limitedConnect } from './limited-athena.ts'
import { runPhases } from './shutdown.ts'
import { sweepAgeOf } from './sweep-command.ts'

/** Works on the queue until SIGINT or SIGTERM; then ends in named phases, each with its limit. */
export async function workerCommand(context: Context): Promise<number> {
  const { settings, config, composition } = await composed(context)
  await composition.signingKey()
  if (settings.sweepIntervalMs > 0) sweepAgeOf(settings)
  const log = pino({ level: settings.logLevel })
  for (const problem of modelProblems(config)) log.warn(problem.toReport(), 'a model cannot be transferred')
  const connection = await connectRedis({ redisUrl: settings.redisUrl, prefix: settings.queuePrefix })
  for (const warning of await redisWarnings(connection)) log.warn(warning)
  const deps = {
    ...composition,
    states: createModelStateStore(connection),
    journal: createJournalStore(connection),
  }
  const limiter = createRateLimiter(connection)
  const limitedTo = (signal?: AbortSignal) => ({
    ...deps,
    connect: limitedConnect(deps.connect, limiter, signal),
  })
  const queues = openQueues(connection)
  const metrics = createMetrics(queues, connection)
  const onEvent = (event: WorkerEvent): void => {
    metrics.record(event)
    log[event.event.endsWith('failed') || event.event === 'error' ? 'warn' : 'info'](event)
  }
  const worker = await startWorker({ settings, config, limitedTo, connection, onEvent })
  const housekeeping = startHousekeeping({
    ...{ settings, config, composition, connection, queues, log },
    deps: limitedTo(),
  })
  const server = await startOperationsServer({
    host: settings.httpHost,
    port: settings.httpPort,
    queues,
    metrics,
    dashboard: settings.dashboardPassword
      ? { user: settings.dashboardUser, password: await readSecret(settings.dashboardPassword) }
      : undefined,
    problems: () => problemsOf(worker, connection),
  })
  log.info(
    { http: server.url, dashboard: settings.dashboardPassword ? `${server.url}/dashboard` : 'off' },
    'worker started',
  )
  if (!context.signal.aborted) await once(context.signal, 'abort')
  const ended = await runPhases(
    [
      {
        name: 'no new jobs, short work ends',
        limitMs: settings.shutdownGraceMs,
        run: () => Promise.all([worker.drain(), housekeeping.close()]),
      },
      {
        name: 'long work is handed over',
        limitMs: HAND_OVER_MS,
        run: () => {
          worker.handOver()
          return Promise.all([worker.drain(), housekeeping.close()])
        },
      },
      {
        name: 'connections are closed',
        limitMs: CLOSE_MS,
        run: async () => {
          await server.close()
          await worker.close({ graceMs: 0 })
          await Promise.all([queues.transfers.close(), queues.models.close()])
        },
      },
      { name: 'encoders end', limitMs: CLOSE_MS, run: () => composition.encoders.close() },
    ],
    one => log.info(one, 'shutdown'),
  )
  connection.redis.disconnect()
  log.info('worker stopped')
  // Work that did not end in time must not keep the process: other workers take it once its locks run out.
  if (ended.slice(1).some(({ outcome }) => outcome !== 'done')) setTimeout(() => process.exit(), 0)
  return 0
}

/** How long handing work over may take, in milliseconds: the stages hear of it at once, and a call of AWS may have to end. */
const HAND_OVER_MS = 15_000

/** How long connections and encoders may take to close, in milliseconds. */
const CLOSE_MS = 5_000

interface WorkerParts {
  readonly settings: Settings
  readonly config: Config
  /** What models need, with calls of Athena that keep to its rates; an abort ends their waiting. */
  readonly limitedTo: (signal?: AbortSignal) => TransferDeps
  readonly connection: QueueConnection
  readonly onEvent: (event: WorkerEvent) => void
}

function startWorker({
  settings,
  config,
  limitedTo,
  connection,
  onEvent,
}: WorkerParts): Promise<TransferWorker> {
  const destinationOf = (name: string) => destinationNamed(config, name)
  const { transfersPerDestination, waitLimitMs, pauseAfter, pauseMs, concurrency, keptTransfers } = settings
  return createTransferWorker({
    connection,
    ...{ concurrency, transfersPerDestination, waitLimitMs, pauseAfter, pauseMs, keptTransfers },
    scopesOf: payload => slotScopesOf(destinationOf(payload.destination), settings),
    modelsOf: ({ destination, models }) => modelNamesOf(config, destinationOf(destination), models),
    runModel: (payload, options) => {
      const destination = destinationOf(payload.destination)
      const model = modelNamed(config, destination, payload.model)
      return transferModel(limitedTo(options.signal), { transfer: payload, destination, model }, options)
    },
    failedModel,
    finishTransfer: ({ transferId, destination }, models) =>
      finishTransfer(limitedTo(), { transferId, destination: destinationOf(destination), models }),
    onEvent,
  })
}

/** What limits the models that run at a time: their destination, and the workgroup that others may share. */
function slotScopesOf(destination: Destination, settings: Settings): readonly SlotScope[] {
  return [
    { name: `destination:${destination.name}`, limit: settings.modelsPerDestination },
    { name: `workgroup:${workgroupScopeOf(destination)}`, limit: settings.modelsPerWorkgroup },
  ]
}

/** Longest wait for Redis's answer, in milliseconds. */
const PING_TIMEOUT_MS = 2_000

async function problemsOf(worker: TransferWorker, { redis }: QueueConnection): Promise<readonly string[]> {
  const silent = new Promise<string>(resolve => setTimeout(() => resolve('silent'), PING_TIMEOUT_MS).unref())
  const answer = await Promise.race([redis.ping().catch(() => 'silent'), silent])
  return [
    ...(worker.isRunning() ? [] : ['the worker takes no jobs']),
    ...(answer === 'PONG' ? [] : ['Redis does not answer']),
  ]
}
