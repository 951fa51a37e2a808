import type pino from 'pino'
import { type Config, destinationNamed } from '../config/load-config.ts'
import type { Settings } from '../config/settings.ts'
import type { AbortReason } from '../domain/abort-reason.ts'
import { SYSTEM_CLOCK } from '../domain/clock.ts'
import { toTransferError } from '../domain/errors.ts'
import { sweepWorkFolder } from '../maintenance/sweep-work-folder.ts'
import type { QueueConnection } from '../queue/connection.ts'
import { abandonedTables, endTransfers } from '../queue/janitor.ts'
import type { RedisJournalStore } from '../queue/journal-store.ts'
import { takeTurn, withLease } from '../queue/lease.ts'
import type { TransferQueues } from '../queue/queues.ts'
import type { TransferDeps } from '../transfer/ports.ts'
import { settleLoad } from '../transfer/settle-load.ts'
import type { Composition } from './compose.ts'
import { sweep, sweepAgeOf } from './sweep-command.ts'

/** What upkeep beside the jobs needs. */
export interface HousekeepingParts {
  readonly settings: Settings
  readonly config: Config
  readonly composition: Composition
  readonly deps: TransferDeps & { readonly journal: RedisJournalStore }
  readonly connection: QueueConnection
  readonly queues: TransferQueues
  readonly log: pino.Logger
}

/** How often each part is looked at, in milliseconds: transfers are limited in hours, sweeps in days. */
const LOOK_MS = { transfers: 60_000, loads: 60_000, sweeps: 300_000 } as const

/**
 * Looks after what no job does: transfers that will not end by themselves, loads that nobody comes back for, things that
 * dead attempts left in customers' accounts. Each worker does it; what fails is logged, and looked at again.
 */
export function startHousekeeping(
  parts: HousekeepingParts,
  lookMs: Readonly<Record<keyof typeof LOOK_MS, number>> = LOOK_MS,
): { close(): Promise<void> } {
  const stop = new AbortController()
  const { signal } = stop
  const look = (what: string, once: () => Promise<void>): Promise<void> =>
    once().catch((thrown: unknown) => {
      if (!signal.aborted) parts.log.warn(toTransferError(thrown).toReport(), `housekeeping: ${what}`)
    })
  const loops = [
    look('work folder', () => sweepFolder(parts)),
    repeat(lookMs.transfers, 'transfers', () => tidyTransfers(parts)),
    repeat(lookMs.loads, 'loads', () => settleLoads(parts, signal)),
    repeat(lookMs.sweeps, 'work folder', () => sweepFolder(parts)),
    repeat(lookMs.sweeps, 'sweeps', () => sweepDestinations(parts, signal)),
  ]
  return {
    close: async () => {
      stop.abort('shutdown' satisfies AbortReason)
      await Promise.all(loops)
    },
  }

  async function repeat(everyMs: number, what: string, once: () => Promise<void>): Promise<void> {
    for (;;) {
      // Workers that start together need not look together.
      await SYSTEM_CLOCK.sleep(everyMs * (1 + SYSTEM_CLOCK.random() / 4), signal)
      if (signal.aborted) return
      await look(what, once)
    }
  }
}

async function tidyTransfers({ connection, queues, settings, log }: HousekeepingParts): Promise<void> {
  const { transferLimitMs } = settings
  const ended = await withLease(connection, 'janitor', () =>
    endTransfers({ connection, queues, transferLimitMs }),
  )
  for (const one of ended ?? []) log.warn(one, 'a transfer would not end by itself')
}

async function settleLoads(
  { deps, queues, config, log }: HousekeepingParts,
  signal: AbortSignal,
): Promise<void> {
  const { tables, problems } = await abandonedTables(queues, deps.journal)
  for (const problem of problems) log.warn(problem.toReport(), 'a journal cannot be read')
  for (const table of tables) {
    if (signal.aborted) return
    try {
      const destination = destinationNamed(config, table.destination)
      const settlement = await settleLoad(deps, { destination, table: table.table }, signal)
      log.info({ ...table, settlement }, 'a load was left open')
    } catch (thrown) {
      if (!signal.aborted) log.warn({ ...table, ...toTransferError(thrown).toReport() }, 'a load stays open')
    }
  }
}

/** What killed workers of this machine left: at the start, when it is most likely, and from time to time. */
async function sweepFolder({ settings, composition, log }: HousekeepingParts): Promise<void> {
  if (settings.sweepIntervalMs === 0) return
  const options = { olderThanMs: sweepAgeOf(settings), nowMs: Date.now() }
  const folders = await sweepWorkFolder(composition.workDir, options)
  if (folders > 0) log.info({ folders }, 'removed what killed workers left in the work folder')
}

async function sweepDestinations(
  { settings, config, composition, connection, log }: HousekeepingParts,
  signal: AbortSignal,
): Promise<void> {
  if (settings.sweepIntervalMs === 0) return
  const olderThanMs = sweepAgeOf(settings)
  for (const destination of config.destinations.values()) {
    if (signal.aborted) return
    if (!(await takeTurn(connection, `sweep:${destination.name}`, settings.sweepIntervalMs))) continue
    try {
      const parts = { composition, connection, destination, olderThanMs, dryRun: false, signal }
      const report = await sweep(parts)
      if (report) log.info(report, 'swept')
    } catch (thrown) {
      if (!signal.aborted)
        log.warn({ destination: destination.name, ...toTransferError(thrown).toReport() }, 'not swept')
    }
  }
}
