import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkReading } from './table-check.ts'
import { count, type Tally } from './tally.ts'
import type { Transfers } from './transfers.ts'
import type { World } from './world.ts'

/** Longest time of a transfer in peace, in milliseconds: a stalled job is found after 30 s, and tries again after some more. */
const TRANSFER_LIMIT_MS = 300_000

/** What crashes left, by kind: how many there are of tables that no model has, and of what is staged for no open load. */
export type LeftBehind = Readonly<
  Record<'staging tables' | 'shadow tables' | 'other tables' | 'staged files' | 'work folders', number>
>

/** What crashes left, and what of it is there after a sweep. */
export interface Leavings {
  readonly before: LeftBehind
  readonly after: LeftBehind
}

/** A sweep takes what was made so long before the end of chaos, and somewhat later, as S3 tells whole seconds. In milliseconds. */
const SETTLING_MS = 2_000

/**
 * One more transfer of everything, in peace: then each table is its source, and no load was executed twice. Then, once
 * what chaos left is old enough, a sweep and new workers, which must leave nothing.
 */
export async function checkRound(
  world: World,
  transfers: Transfers,
  tally: Tally,
  chaosEndedMs: number,
): Promise<Leavings> {
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
  const before = counts(await leftBehind(world, transfers))
  await sleep(Math.max(0, chaosEndedMs + world.sweepAgeMs + SETTLING_MS - performance.now()))
  await sweep(world)
  const left = await leftBehind(world, transfers)
  tally.left.push(...Object.entries(left).flatMap(([kind, names]) => names.map(name => `${kind}: ${name}`)))
  return { before, after: counts(left) }
}

/** The customers' accounts by the product's own command, work folders by workers that start. */
async function sweep({ accounts, workspace, workers, workDir, sweepAgeMs }: World): Promise<void> {
  for (const { name } of accounts) {
    const { exitCode, stderr } = await workspace.cli('sweep', name, '--older-than', `${sweepAgeMs / 1000}s`)
    if (exitCode !== 0) throw new Error(`the sweep of ${name} ended with ${exitCode}: ${stderr}`)
  }
  for (let index = 0; index < workers.count; index++) workers.signal(index, 'SIGTERM')
  const isClean = async (): Promise<boolean> => (await workFolders(workDir)).length === 0
  for (let looks = 0; looks < MOST_LOOKS && !(await isClean()); looks++) await sleep(LOOK_MS)
}

/** How long workers may take to start again and sweep. */
const [LOOK_MS, MOST_LOOKS] = [250, 240]

/** Folders of attempts. */
async function workFolders(workDir: string): Promise<readonly string[]> {
  return readdir(join(workDir, 'athena-transfer'))
}

function counts(left: Readonly<Record<keyof LeftBehind, readonly string[]>>): LeftBehind {
  return {
    'staging tables': left['staging tables'].length,
    'shadow tables': left['shadow tables'].length,
    'other tables': left['other tables'].length,
    'staged files': left['staged files'].length,
    'work folders': left['work folders'].length,
  }
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

async function leftBehind(
  world: World,
  transfers: Transfers,
): Promise<Readonly<Record<keyof LeftBehind, readonly string[]>>> {
  const open = await transfers.openLoads()
  const named = new Set(
    open.flatMap(({ staging, files }) => [staging?.table ?? '', ...files.map(({ key }) => key)]),
  )
  const of = async (names: Promise<readonly string[]>) => (await names).filter(name => !named.has(name))
  const tables = (await Promise.all(world.accounts.map(account => of(account.tables())))).flat()
  const keys = (await Promise.all(world.accounts.map(account => of(account.keysBelow('staging/'))))).flat()
  const expected = new Set([...world.sources.keys(), '_transfer_status'])
  const extra = tables.filter(name => !expected.has(name))
  const starting = (prefix: string) => extra.filter(name => name.startsWith(prefix))
  const [staging, shadow] = [starting('_transfer_staging_'), starting('_transfer_shadow_')]
  return {
    'staging tables': staging,
    'shadow tables': shadow,
    'other tables': extra.filter(name => !staging.includes(name) && !shadow.includes(name)),
    'staged files': keys,
    'work folders': await workFolders(world.workDir),
  }
}
