import { TransferError } from '../domain/errors.ts'
import type { GluePort, GlueTable } from './glue-port.ts'
import { updateIfCurrent } from './update-table.ts'
import { writableFields } from './writable-fields.ts'

/** Parameter that every shadow table carries until it takes its target's place, with the transfer's id as value. */
const SHADOW_PARAMETER = 'athena_transfer.shadow'

/**
 * Marks a shadow table as ours, for whoever finds it after a crash, and returns its entry.
 *
 * @throws {TransferError} `COMMIT_CONFLICT` when somebody else changed it, which nobody has a reason to.
 */
export async function markShadow(
  glue: GluePort,
  database: string,
  name: string,
  transferId: string,
): Promise<GlueTable> {
  const entry = await readEntry(glue, database, name)
  const Parameters = { ...entry.Parameters, [SHADOW_PARAMETER]: transferId }
  const marked = { ...writableFields(entry, name), Parameters }
  if (!(await updateIfCurrent(glue, database, entry, marked))) throw changed(database, name)
  return entry
}

/**
 * Lets a table take over the data of its shadow, by compare-and-set: **a commit point**. Only where the data lies and the
 * columns' field ids come from the shadow; description, Parameters and all else stay the target's.
 *
 * `target` is the entry as it was when the overwrite was planned: a table that anybody changed since is left as it is.
 * Safe to repeat: a swap that was made already, its answer lost, is one.
 *
 * @throws {TransferError} `COMMIT_CONFLICT` when the target changed; nothing is swapped.
 */
export async function swapTable(
  glue: GluePort,
  database: string,
  target: GlueTable & { readonly Name: string },
  shadowName: string,
): Promise<void> {
  const shadow = await readEntry(glue, database, shadowName)
  const location = shadow.Parameters?.metadata_location ?? ''
  const swapped = {
    ...writableFields(target, target.Name),
    StorageDescriptor: shadow.StorageDescriptor,
    Parameters: {
      ...target.Parameters,
      metadata_location: location,
      previous_metadata_location: target.Parameters?.metadata_location ?? '',
    },
  }
  if (await updateIfCurrent(glue, database, target, swapped)) return
  const found = await readEntry(glue, database, target.Name)
  if (found.Parameters?.metadata_location !== location) throw changed(database, target.Name)
}

async function readEntry(glue: GluePort, database: string, name: string): Promise<GlueTable> {
  const { Table } = await glue.getTable({ DatabaseName: database, Name: name })
  if (Table) return Table
  throw changed(database, name)
}

function changed(database: string, name: string): TransferError {
  return new TransferError(
    'COMMIT_CONFLICT',
    `table "${database}"."${name}" was changed by others while its rows were loaded; it is as they left it`,
    { details: { database, table: name } },
  )
}
