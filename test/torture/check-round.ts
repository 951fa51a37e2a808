import { readdir } from 'node:fs/promises'
import { checkReading } from './table-check.ts'
import { count, type Tally } from './tally.ts'
import type { Transfers } from './transfers.ts'
import type { World } from './world.ts'

/** Longest time of a transfer in peace, in milliseconds: a stalled job is found after 30 s, and tries again after some more. */
const TRANSFER_LIMIT_MS = 300_000

/** What crashes left, by kind; the names of all tables that no model has, and of what is staged for no open load. */
export type LeftBehind = Readonly<
  Record<'staging tables' | 'shadow tables' | 'other tables' | 'staged files' | 'work folders', number>
>

/** One more transfer of everything, in peace: then each table is its source, and no load was executed twice. */
export async function checkRound(world: World, transfers: Transfers, tally: Tally): Promise<LeftBehind> {
  const views = await transfers.once(
    world.accounts.map(({ name }) => name),
    TRANSFER_LIMIT_MS,
  )
  for (const { destination, status, result, failedReason = '' } of views) {
    const errors = (result?.models ?? []).flatMap(({ model, error }) =>
      error ? [`${model}: ${error.message}`] : [],
    )
    if (status !== 'SUCCESS')
      tally.broken.push(
        `${destination}: a transfer in peace ended ${status}: ${errors.join('; ')}${failedReason}`,
      )
  }
  await checkTables(world, tally)
  await checkExecutions(world, tally)
  return leftBehind(world, transfers)
}

async function checkTables({ accounts, sources }: World, tally: Tally): Promise<void> {
  for (const account of accounts)
    for (const [name, source] of sources) {
      const where = `${account.name}.${name}`
      const reading = checkReading(source, await account.rowsOf(name))
      count(tally, where, reading)
      if (reading.version !== source.version())
        tally.broken.push(`${where}: holds version ${reading.version} of ${source.version()}`)
    }
}

async function checkExecutions({ accounts }: World, tally: Tally): Promise<void> {
  for (const account of accounts)
    for (const [sql, times] of await account.merges())
      if (times > 1) tally.executedTwice.push(`${account.name}: ${times} times ${sql.slice(0, 200)}`)
}

async function leftBehind(world: World, transfers: Transfers): Promise<LeftBehind> {
  const open = await transfers.openLoads()
  const named = new Set(
    open.flatMap(({ staging, files }) => [staging?.table ?? '', ...files.map(({ key }) => key)]),
  )
  const of = async (names: Promise<readonly string[]>) => (await names).filter(name => !named.has(name))
  const tables = (await Promise.all(world.accounts.map(account => of(account.tables())))).flat()
  const keys = (await Promise.all(world.accounts.map(account => of(account.keysBelow('staging/'))))).flat()
  const expected = new Set([...world.sources.keys(), '_transfer_status'])
  const extra = tables.filter(name => !expected.has(name))
  const starting = (prefix: string) => extra.filter(name => name.startsWith(prefix)).length
  const [staging, shadow] = [starting('_transfer_staging_'), starting('_transfer_shadow_')]
  return {
    'staging tables': staging,
    'shadow tables': shadow,
    'other tables': extra.length - staging - shadow,
    'staged files': keys.length,
    'work folders': (await readdir(world.workDir)).length,
  }
}
