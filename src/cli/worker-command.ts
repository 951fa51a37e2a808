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
import { startOperationsServer } from '../operations/http-server.ts'
import { connectRedis, type QueueConnection, redisWarnings } from '../queue/connection.ts'
import { createJournalStore } from '../queue/journal-store.ts'
import { createModelStateStore } from '../queue/model-state-store.ts'
import { openQueues } from '../queue/queues.ts'
import { createTransferWorker, type TransferWorker } from '../queue/transfer-worker.ts'
import { finishTransfer } from '../transfer/finish-transfer.ts'
import type { TransferDeps } from '../transfer/ports.ts'
import { failedModel } from '../transfer/run-transfer.ts'
import { transferModel } from '../transfer/transfer-model.ts'
import { type Context, composed } from './context.ts'
import { startHousekeeping } from './housekeeping.ts'
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
  const worker = await startWorker({ settings, config, deps, connection, log })
  const queues = openQueues(connection)
  const housekeeping = startHousekeeping({ settings, config, composition, deps, connection, queues, log })
  const server = await startOperationsServer({
    host: settings.httpHost,
    port: settings.httpPort,
    queues,
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
  log.info({ graceMs: settings.shutdownGraceMs }, 'shutdown: no new jobs')
  await Promise.all([worker.close({ graceMs: settings.shutdownGraceMs }), housekeeping.close()])
  log.info('shutdown: closing connections')
  await server.close()
  await Promise.all([queues.transfers.close(), queues.models.close()])
  connection.redis.disconnect()
  await composition.encoders.close()
  log.info('worker stopped')
  return 0
}

interface WorkerParts {
  readonly settings: Settings
  readonly config: Config
  readonly deps: TransferDeps
  readonly connection: QueueConnection
  readonly log: pino.Logger
}

function startWorker({ settings, config, deps, connection, log }: WorkerParts): Promise<TransferWorker> {
  const destinationOf = (name: string) => destinationNamed(config, name)
  return createTransferWorker({
    connection,
    concurrency: settings.concurrency,
    modelsOf: ({ destination, models }) => modelNamesOf(config, destinationOf(destination), models),
    runModel: (payload, options) => {
      const destination = destinationOf(payload.destination)
      const model = modelNamed(config, destination, payload.model)
      return transferModel(deps, { transfer: payload, destination, model }, options)
    },
    failedModel,
    finishTransfer: ({ transferId, destination }, models) =>
      finishTransfer(deps, { transferId, destination: destinationOf(destination), models }),
    onEvent: event => log[event.event.endsWith('failed') || event.event === 'error' ? 'warn' : 'info'](event),
  })
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
