import type { Destination } from '../domain/destination.ts'
import { cleaned } from '../domain/journal.ts'
import { stagingPrefix } from '../domain/locations.ts'
import { cleanUp, removeStaged } from './clean-up.ts'
import { finishLoad, type OpenLoad } from './finish-load.ts'
import { type TableEntry, takeOpenLoad, whileHeld } from './journal.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'

/** What became of a load that was left open. */
export type Settlement = 'loaded' | 'given up' | 'nothing to do'

/**
 * Settles a table's load that nobody will come back for, by its journal alone: what may have been submitted is brought to
 * its end, well or not; what was only staged is given up and removed. Safe to repeat, and by many at once.
 *
 * @throws {TransferError} `TARGET_BUSY` while another attempt has the table, `CANCELLED`, and what keeps the load open.
 */
export async function settleLoad(
  deps: TransferDeps,
  { destination, table: tableName }: { readonly destination: Destination; readonly table: string },
  stop: AbortSignal,
): Promise<Settlement> {
  const table = { destination: destination.name, table: tableName }
  const { entry } = await deps.journal.read(table)
  if (!entry || entry.position.state === 'cleaned') return 'nothing to do'
  const clients = await deps.connect(destination)
  try {
    const taken = await takeOpenLoad(deps.journal, table)
    if (!taken) return 'nothing to do'
    const { journal, left } = taken
    return await whileHeld(deps, journal, stop, async signal => {
      if (journal.entry().position.state !== 'planned')
        return settle({ clients, deps, destination, journal, signal })
      await journal.move(cleaned(journal.entry(), undefined))
      await removeUnsubmitted(clients, destination, tableName, left)
      return 'given up'
    })
  } finally {
    clients.close()
  }
}

/** Removes what an attempt staged that submitted nothing; no statement reads it. */
async function removeUnsubmitted(
  clients: DestinationClients,
  destination: Destination,
  table: string,
  { transferId, attempt, position }: TableEntry,
): Promise<void> {
  if (position.state === 'staged') await cleanUp(clients, destination, position.load)
  else await removeStaged(clients, destination, stagingPrefix(destination, transferId, table, attempt))
}

/** Brings the load that another transfer left open to its end, well or not. */
export async function settle(open: OpenLoad): Promise<Settlement> {
  try {
    await finishLoad(open)
    return 'loaded'
  } catch (thrown) {
    if (open.journal.entry().position.state !== 'cleaned') throw thrown
    return 'given up'
  }
}
