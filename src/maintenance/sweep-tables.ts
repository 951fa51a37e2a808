import type { ListedTable } from '../catalog/glue-port.ts'
import { listTables } from '../catalog/list-tables.ts'
import { deleteStagingTable, STAGING_PARAMETER } from '../catalog/staging-table.ts'
import { SHADOW_PARAMETER } from '../catalog/swap-table.ts'
import { type Attempt, attemptOfTable } from './our-names.ts'
import type { SwapNote } from './read-swap-notes.ts'
import { isYoung, type SweepContext } from './sweep-context.ts'

/** A table that stays. */
export interface RemainingTable {
  readonly name: string
  /** Its folder and, of an Iceberg table, its metadata file: `s3://…`, no slash at the end. */
  readonly locations: readonly string[]
  /** Set for a staging or shadow table of ours. */
  readonly attempt: string | undefined
}

/**
 * Removes staging and shadow tables that were left, and returns all others of the database. Ours is a table that has both
 * the name and the Parameter, of one transfer; a shadow table that a crash kept from being marked is known by its note.
 */
export async function sweepTables(
  context: SweepContext,
  notes: readonly SwapNote[],
): Promise<readonly RemainingTable[]> {
  const { clients, destination, tally, signal } = context
  const remaining: RemainingTable[] = []
  for await (const table of listTables(clients.glue, destination.schema)) {
    signal.throwIfAborted()
    const name = table.Name ?? ''
    const maker = attemptOfTable(name)
    const isOurs = maker !== undefined && isMarked(table, maker, notes)
    const kind = (maker?.kind ?? parameterKind(table)) === 'shadow' ? 'shadowTables' : 'stagingTables'
    const reason = isOurs ? keepReason(context, table, maker) : 'foreign'
    if (reason === undefined) {
      const removal = () => deleteStagingTable(clients.glue, destination.schema, name)
      if (await tally.remove(kind, 0, removal)) continue
    } else if (maker || parameterKind(table)) {
      tally.keep(kind, reason)
    }
    remaining.push({ name, locations: locationsOf(table), attempt: isOurs ? maker.attempt : undefined })
  }
  return remaining
}

function isMarked(
  { Name, Parameters, StorageDescriptor }: ListedTable,
  { kind, transferId }: NonNullable<ReturnType<typeof attemptOfTable>>,
  notes: readonly SwapNote[],
): boolean {
  const parameter = kind === 'staging' ? STAGING_PARAMETER : SHADOW_PARAMETER
  if (Parameters?.[parameter] === transferId) return true
  const location = withoutSlash(StorageDescriptor?.Location ?? '')
  return notes.some(
    note => note.transferId === transferId && note.shadowTable === Name && note.to === location,
  )
}

function parameterKind({ Parameters = {} }: ListedTable): 'staging' | 'shadow' | undefined {
  if (STAGING_PARAMETER in Parameters) return 'staging'
  return SHADOW_PARAMETER in Parameters ? 'shadow' : undefined
}

function keepReason(context: SweepContext, table: ListedTable, { transferId }: Attempt) {
  if (context.open.transferIds.has(transferId)) return 'open' as const
  const times = [table.CreateTime, table.UpdateTime].flatMap(time => (time ? [time.getTime()] : []))
  const newestMs = times.length === 0 ? undefined : Math.max(...times)
  return isYoung(context, newestMs) ? ('young' as const) : undefined
}

function locationsOf({ StorageDescriptor, Parameters }: ListedTable): readonly string[] {
  return [StorageDescriptor?.Location, Parameters?.metadata_location].flatMap(location =>
    location === undefined ? [] : [withoutSlash(location).replace(/^s3[an]:/, 's3:')],
  )
}

function withoutSlash(location: string): string {
  return location.replace(/\/+$/, '')
}
