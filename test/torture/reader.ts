import type { Random } from '../simulation/random.ts'
import { checkReading } from './table-check.ts'
import { count, type Tally } from './tally.ts'
import type { World } from './world.ts'

/** Reads tables at random moments, and checks that each read is one whole version, and none older than one read before. */
export function createReader(
  { accounts, sources }: Pick<World, 'accounts' | 'sources'>,
  random: Random,
  tally: Tally,
): { readOne(): Promise<void> } {
  const newest = new Map<string, number>()
  const models = [...sources]
  return {
    async readOne() {
      const account = accounts[random.below(accounts.length)]
      const [name, source] = models[random.below(models.length)] ?? []
      if (!account || name === undefined || !source) throw new Error('there is nothing to read')
      const rows = await account.rowsOf(name).catch(() => undefined)
      // Of a stand-in that is down, or a table that is not there yet.
      if (!rows) return void tally.readsThatFailed++
      const where = `${account.name}.${name}, read while transfers run`
      const reading = checkReading(source, rows)
      const before = newest.get(where) ?? 0
      tally.readsWhileRunning++
      // A table is made before it is filled.
      if (before > 0 || rows.length > 0) count(tally, where, reading)
      if (reading.version < before) tally.older.push(`${where}: version ${reading.version} after ${before}`)
      newest.set(where, Math.max(before, reading.version))
    },
  }
}
