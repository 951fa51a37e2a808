import { TransferError } from '../domain/errors.ts'
import { type GluePort, type GlueTable, isNotFound } from './glue-port.ts'
import { MAX_TRIES, updateIfCurrent, versionOf } from './update-table.ts'
import { writableFields } from './writable-fields.ts'

/** Parameter that every shadow table carries until it takes its target's place, with the transfer's id as value. */
export const SHADOW_PARAMETER = 'athena_transfer.shadow'

/** What every shadow table's name begins with. */
export const SHADOW_PREFIX = '_transfer_shadow_'

/**
 * Marks a shadow table as ours, for whoever finds it after a crash, and returns its entry. One that is marked stays as it is.
 *
 * @throws {TransferError} `COMMIT_CONFLICT` when somebody else removed it or keeps changing it, which nobody has a reason to.
 */
export async function markShadow(
  glue: GluePort,
  database: string,
  name: string,
  transferId: string,
): Promise<GlueTable> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const entry = await readEntry(glue, database, name)
    if (entry.Parameters?.[SHADOW_PARAMETER] === transferId) return entry
    const Parameters = { ...entry.Parameters, [SHADOW_PARAMETER]: transferId }
    const marked = { ...writableFields(entry, name), Parameters }
    if (await updateIfCurrent(glue, database, entry, marked)) return entry
  }
  throw changed(database, name)
}

/** A table, and the one whose data it is to take over. */
export interface TableSwap {
  readonly name: string
  /** Version of the table's entry that may be changed. */
  readonly versionId: string
  readonly shadowTable: string
  /** Folder of the shadow table, which no other table has ever had. `s3://…`, no slash at the end. */
  readonly location: string
}

/**
 * Lets a table take over the data of its shadow, by compare-and-set: **a commit point**. Only where the data lies and the
 * columns' field ids come from the shadow; description, Parameters and all else stay the target's.
 *
 * Safe to repeat, by several at once too: a table that lies in the shadow's folder was swapped, whoever did it and
 * whatever was written to it since.
 *
 * @throws {TransferError} `COMMIT_CONFLICT` when the table is not the version that was named; it is left as it is.
 */
export async function swapTable(glue: GluePort, database: string, swap: TableSwap): Promise<void> {
  const target = await readEntry(glue, database, swap.name)
  if (isSwapped(target, swap)) return
  if (versionOf(target) !== swap.versionId) throw changed(database, swap.name)
  const shadow = await readEntry(glue, database, swap.shadowTable)
  const swapped = {
    ...writableFields(target, swap.name),
    StorageDescriptor: shadow.StorageDescriptor,
    Parameters: {
      ...target.Parameters,
      metadata_location: shadow.Parameters?.metadata_location ?? '',
      previous_metadata_location: target.Parameters?.metadata_location ?? '',
    },
  }
  if (await updateIfCurrent(glue, database, target, swapped)) return
  if (!isSwapped(await readEntry(glue, database, swap.name), swap)) throw changed(database, swap.name)
}

function isSwapped({ StorageDescriptor }: GlueTable, { location }: TableSwap): boolean {
  return StorageDescriptor?.Location?.replace(/\/+$/, '') === location
}

async function readEntry(glue: GluePort, database: string, name: string): Promise<GlueTable> {
  try {
    const { Table } = await glue.getTable({ DatabaseName: database, Name: name })
    if (Table) return Table
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown
  }
  throw changed(database, name)
}

/** `terminal`: nothing of the swap is under way, so the load may be given up. */
function changed(database: string, name: string): TransferError {
  return new TransferError(
    'COMMIT_CONFLICT',
    `table "${database}"."${name}" was changed by others while its rows were loaded; it is as they left it`,
    { details: { database, table: name, terminal: true } },
  )
}
