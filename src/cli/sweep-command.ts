import { destinationNamed } from '../config/load-config.ts'
import { type Settings, settingsSchema, variableOf } from '../config/settings.ts'
import type { Destination } from '../domain/destination.ts'
import { TransferError } from '../domain/errors.ts'
import { openLoadsOf } from '../maintenance/open-loads.ts'
import { type SweepReport, sweepDestination } from '../maintenance/sweep-destination.ts'
import { KEEP_REASONS, SWEPT_KINDS, type SweptCount } from '../maintenance/sweep-tally.ts'
import { connectRedis, type QueueConnection } from '../queue/connection.ts'
import { createJournalStore, openEntries } from '../queue/journal-store.ts'
import { withLease } from '../queue/lease.ts'
import type { Composition } from './compose.ts'
import { type Context, composed } from './context.ts'
import { describeDuration, parseDuration } from './duration.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { table } from './output.ts'

/** What `sweep` takes. */
export interface SweepCommandOptions {
  readonly dryRun?: boolean
  readonly olderThan?: string
}

/** Removes what attempts that died left in a destination; with `dryRun` tells what that would be. */
export async function sweepCommand(
  context: Context,
  destinationName: string,
  { dryRun = false, olderThan }: SweepCommandOptions,
): Promise<number> {
  const { settings, config, composition } = await composed(context)
  const destination = destinationNamed(config, destinationName)
  const olderThanMs = sweepAgeOf(settings, olderThan)
  const connection = await connectRedis({ redisUrl: settings.redisUrl, prefix: settings.queuePrefix })
  try {
    const parts = { composition, connection, destination, olderThanMs, dryRun, signal: context.signal }
    const report = await sweep(parts)
    if (!report) {
      throw new TransferError(
        'TARGET_BUSY',
        `destination "${destination.name}" is being swept by another process`,
        { hint: 'Nothing to do: sweep again once the other one has ended.' },
      )
    }
    context.output.result(report, () => describeSweep(report))
    return EXIT_CODES.success.code
  } finally {
    connection.redis.disconnect()
    await composition.encoders.close()
  }
}

/**
 * The age from which a sweep takes things. A statement of a load that no journal names may run as long as statements may.
 *
 * @throws {TransferError} `CONFIG_INVALID` for one below that.
 */
export function sweepAgeOf(settings: Settings, text?: string): number {
  const ageMs = text === undefined ? settings.sweepAgeMs : parseDuration('--older-than', text)
  if (ageMs >= settings.queryTimeoutMs) return ageMs
  const { sweepAgeMs, queryTimeoutMs } = settingsSchema.shape
  const option = text === undefined ? variableOf(sweepAgeMs) : '--older-than'
  const limit = `${variableOf(queryTimeoutMs)} (${describeDuration(settings.queryTimeoutMs)})`
  throw new TransferError(
    'CONFIG_INVALID',
    `${option}: found ${describeDuration(ageMs)}, expected ${limit} or more`,
    {
      hint: 'Give a longer age: a statement that is still running may read what is younger.',
    },
  )
}

/** What a sweep of one destination needs. */
export interface SweepParts {
  readonly composition: Composition
  readonly connection: QueueConnection
  readonly destination: Destination
  readonly olderThanMs: number
  readonly dryRun: boolean
  readonly signal: AbortSignal
}

/** Sweeps a destination; undefined when another process does. */
export async function sweep(parts: SweepParts): Promise<SweepReport | undefined> {
  return withLease(parts.connection, `sweep:${parts.destination.name}`, async lost => {
    const { composition, connection, destination, signal, ...options } = parts
    const clients = await composition.connect(destination)
    try {
      return await sweepDestination(clients, {
        ...options,
        destination,
        open: openLoadsOf(await openEntries(createJournalStore(connection), destination.name)),
        nowMs: Date.now(),
        signal: AbortSignal.any([signal, lost]),
      })
    } finally {
      clients.close()
    }
  })
}

function describeSweep({ destination, dryRun, olderThanMs, counts, uploadsListed }: SweepReport): string {
  const rows = Object.entries(SWEPT_KINDS).map(([kind, words]) => {
    const count = Object.entries(counts).find(([name]) => name === kind)?.[1]
    return [words, count?.found ?? 0, count?.removed ?? 0, count?.removedBytes ?? 0, describeKept(count)]
  })
  return [
    `${destination}: what is older than ${describeDuration(olderThanMs)}${dryRun ? '; a trial, nothing was changed' : ''}`,
    table(['', 'found', dryRun ? 'would go' : 'removed', 'bytes', 'kept'], rows),
    ...(uploadsListed
      ? []
      : [
          "unfinished uploads: the customer's policy does not let them be listed; a lifecycle rule ends them",
        ]),
  ].join('\n')
}

function describeKept(count: SweptCount | undefined): string {
  return Object.entries(KEEP_REASONS)
    .flatMap(([reason, words]) => {
      const number = Object.entries(count?.kept ?? {}).find(([name]) => name === reason)?.[1]
      return number === undefined ? [] : [`${number} ${words}`]
    })
    .join(', ')
}
