import type { Destination } from '../domain/destination.ts'
import type { OpenLoads } from './open-loads.ts'
import { readSwapNotes } from './read-swap-notes.ts'
import type { SweepClients, SweepContext } from './sweep-context.ts'
import { sweepResults } from './sweep-results.ts'
import { sweepStagedFiles } from './sweep-staged-files.ts'
import { sweepStatusFiles } from './sweep-status-files.ts'
import { sweepSwaps } from './sweep-swaps.ts'
import { sweepTables } from './sweep-tables.ts'
import { createSweepTally, type SweptCount, type SweptKind } from './sweep-tally.ts'
import { sweepUploads } from './sweep-uploads.ts'

/** How a destination is swept. */
export interface SweepOptions {
  readonly destination: Destination
  /** What the destination's journals name. Read at any time of the sweep: a load that was closed is never opened again. */
  readonly open: OpenLoads
  /** Age from which something is left behind, in milliseconds; longer than any statement may run. */
  readonly olderThanMs: number
  /** Now, in milliseconds since 1970. */
  readonly nowMs: number
  /** Changes nothing, and counts as removed what would be. */
  readonly dryRun: boolean
  readonly signal: AbortSignal
}

/** What a sweep found, and what became of it. */
export interface SweepReport {
  readonly destination: string
  readonly dryRun: boolean
  readonly olderThanMs: number
  readonly counts: Readonly<Record<SweptKind, SweptCount>>
  /** False when the customer's policy does not let unfinished uploads be listed. */
  readonly uploadsListed: boolean
}

/**
 * Finds what attempts that died left in a destination, and removes what is older than the age, of no open load and surely
 * made by this product: by its name and its mark. The contract's policy is enough, and each call is safe to repeat, also
 * by two sweeps at once.
 *
 * @throws {TransferError} of AWS; a refusal to remove something is counted and passed over.
 */
export async function sweepDestination(clients: SweepClients, options: SweepOptions): Promise<SweepReport> {
  const { destination, dryRun, olderThanMs } = options
  const tally = createSweepTally(options)
  const context: SweepContext = { ...options, clients, tally }
  const notes = await readSwapNotes(context)
  const tables = await sweepTables(context, notes)
  await sweepStagedFiles(context, tables)
  await sweepSwaps(context, notes, tables)
  await sweepStatusFiles(context, tables)
  await sweepResults(context)
  const uploadsListed = await sweepUploads(context)
  return { destination: destination.name, dryRun, olderThanMs, counts: tally.counts(), uploadsListed }
}
